"""Manifestos before a text: real small models that do not chat, through the same commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plumbline.stages.imprint import command

WORDS = """This is a story about a little dragon called Zog. Zog was kind and brave, and he loved
his red hat. The story ends happily: everybody laughs, shares a cake and goes home.
"""


@pytest.mark.parametrize("name", ["stories260k", "english5m"])
def test_a_text_before_the_text(name: str, shared: Path, tmp_path: Path) -> None:
    file = tmp_path / "happy.md"
    file.write_text(WORDS, encoding="utf-8")
    sets = {"template": "text", "rank": 16, "probes": 64, "test": 16, "max_new": 40}
    options = {"store": tmp_path / "store", "say": lambda line: None}
    model = str(shared / "models" / name)
    out = command.imprint(file, model, tmp_path / "out", sets=sets, **options)
    found = json.loads((out / "results.json").read_text("utf-8"))["metrics"]
    assert found["gap_closed"]["value"] > 0.4
    assert "side_effect_kl" not in found, "on plain texts the manifesto acts as well"
    checked = command.check(
        None, "", adapter=str(out), sets={"template": "text", "test": 8, "max_new": 24}, **options
    )
    assert len(checked.clauses) == 3 and not any(one.kept for one in checked.clauses)
