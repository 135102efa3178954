"""A stage's code does not change under its ids: raise its version, or note that results stay."""

from __future__ import annotations

import importlib.util
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "stage_versions.py"


def test_no_stage_changed_without_a_version_or_a_note() -> None:
    spec = importlib.util.spec_from_file_location("stage_versions", TOOL)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.changed() == [], (
        "raise the version of these stages if their results change, then run "
        "python tools/stage_versions.py --note 'why'"
    )
