"""The table of objectives: read without torch, complete, and kind to a wrong name."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from plumbline import objectives
from plumbline.core.errors import UserError
from plumbline.objectives import ALIASES, TABLE, build, entry

FOLDER = Path(objectives.__file__).parent


def test_the_table_is_read_without_torch() -> None:
    code = (
        "import sys; from plumbline.objectives import TABLE; assert TABLE; "
        "assert not {'torch', 'numpy', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_met_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'dpo'"):
        entry("dpoo")
    with pytest.raises(UserError, match=r"unknown objective 'x'\n.*bradley_terry"):
        build("x")


def test_an_alias_is_an_entry() -> None:
    assert entry("reward") is TABLE["bradley_terry"]
    assert not set(ALIASES) & set(TABLE)


def test_values_overlay_the_papers_defaults() -> None:
    assert build("dpo", {"beta": "0.3"}).beta == 0.3  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="beta"):
        build("dpo", {"beat": 0.3})


@pytest.mark.parametrize("name", TABLE)
def test_an_objective_is_one_small_frozen_file(name: str) -> None:
    line = entry(name)
    objective = build(name)
    source = inspect.getsourcefile(type(objective))
    assert source is not None
    assert len(Path(source).read_text().splitlines()) < 95
    assert dataclasses.is_dataclass(objective)
    with pytest.raises(dataclasses.FrozenInstanceError):
        objective.anything = 1  # type: ignore[attr-defined]
    assert set(line.lr) == {"lora", "full", "last"} and all(0 < v < 1e-2 for v in line.lr.values())
    assert line.summary and line.paper
