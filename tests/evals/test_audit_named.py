"""What a name does to a judge is found apart from what its answers are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from planted_judge import MADE, coins, label, people, write_labels

from plumbline.core.errors import UserError
from plumbline.data import write
from plumbline.evals.audit.named import named
from plumbline.evals.audit.settings import Auditing
from plumbline.feedback.judging.label import Label
from plumbline.stages.audit import audited

TRUTH = coins(120, 3)
AUTHORS = {1: ("ours", "theirs"), -1: ("theirs", "ours")}
PULL = 0.7


def said(sign: int) -> list[Label]:
    """True log-odds of 0.5 for the better answer, and a pull to what bears the name "ours"."""
    found = []
    for i, one in enumerate(TRUTH):
        by = coins(120, 9)[i]
        found.append(label(i, 0.5 * one + sign * PULL * by, models=AUTHORS[by]))
    return found


def test_the_pull_of_a_name_is_found_to_the_digit() -> None:
    found = named(said(1), said(-1), ("ours",))
    assert found is not None and found.name.value == pytest.approx(PULL)
    assert found.flips.value == 1.0  # 0.7 outweighs 0.5 either way


def test_a_judge_that_minds_answers_alone_has_none() -> None:
    same = said(1)
    found = named(same, [one.turned() for one in same], ("ours",))
    assert found is not None and found.name.value == 0 and found.flips.value == 0


def test_without_kin_there_is_nothing_to_find() -> None:
    assert named(said(1), said(-1), ("nobody",)) is None


def test_an_audit_shows_it(tmp_path: Path) -> None:
    modes = {1: "plain, authors told", -1: "plain, authors swapped"}
    folders = {
        sign: write_labels(tmp_path / str(sign), said(sign), replace(MADE, mode=mode))
        for sign, mode in modes.items()
    }
    write(tmp_path / "people.jsonl", people(said(1), {"all": TRUTH}))
    how, file = Auditing(kin=("ours",)), str(tmp_path / "people.jsonl")
    again, store = folders[-1], tmp_path / "store"
    out = tmp_path / "audit"
    audited(folders[1], out, how, people=file, again=again, store=store, say=str)
    assert "nats towards the name of the judge's kin" in (out / "audit.md").read_text()
    with pytest.raises(UserError, match="no pair has one answer by kin"):
        audited(folders[1], tmp_path / "x", Auditing(), people=file, again=again, store=store,
                say=str)  # fmt: skip
