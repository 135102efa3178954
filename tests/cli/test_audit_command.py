"""`plumbline audit`: what it prints, how it ends, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from planted_judge import MADE, coins, label, labelled, people, write_labels
from small_inputs import Run, refuse

from plumbline.data import write

TRUTH = coins(120, 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """labels/ by a judge that sees the truth, and people.jsonl by two groups of three."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / "store"))
    labels = labelled(TRUTH, lambda one, rng: 2.0 * one)
    write_labels(tmp_path / "labels", labels)
    other = [one if i % 3 else -one for i, one in enumerate(TRUTH)]
    write(tmp_path / "people.jsonl", people(labels, {"north": TRUTH, "south": other}))
    write(tmp_path / "north.jsonl", people(labels, {"north": TRUTH}))
    return tmp_path


def test_it_waits_for_people_and_says_where(folder: Path, plumbline: Run) -> None:
    command = ["audit", "labels", "--out", "audit", "--items", "20", "--quota", "2"]
    code, _, said = plumbline(*command)
    assert code == 3 and "40 judgements are wanted" in said and "plumbline studio" in said
    assert (folder / "audit" / "asked.jsonl").is_file()
    assert plumbline(*command)[0] == 3


def test_the_tables_and_the_verdict(folder: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("audit", "labels", "--out", "audit", "--people", "north.jsonl")
    lines = said.splitlines()
    assert code == 0
    assert lines[0] == (
        "The judge planted-judge passes. 120 items that two people or more judged, 3 people, 120"
        " labels."
    )
    assert "20 of the 120 items were chosen by who judged, and not drawn." in lines
    assert any(line.startswith("all     3    120    1.00") for line in lines)
    for title in ("Agreement with people, and among people", "Calibration", "What it likes"):
        assert title in lines
    assert json.loads((folder / "audit" / "audit.json").read_text("utf-8"))["passed"] is True


def test_who_fails_is_told_why_and_the_exit_code_is_0(folder: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("audit", "labels", "--out", "audit", "--people", "people.jsonl")
    assert code == 0
    assert said.startswith("The judge planted-judge does not pass.")
    assert "By people of 'south', it may stand in for 0 of 3 of them" in said
    assert any(line.startswith("south") for line in said.splitlines())


def test_a_later_epsilon_is_refused(folder: Path, plumbline: Run) -> None:
    audit = ["audit", "labels", "--out", "audit"]
    assert plumbline(*audit)[0] == 3
    told = refuse(plumbline, folder, *audit, "--people", "north.jsonl", "--set", "epsilon=0.2")
    assert "epsilon: there None, now 0.2" in told
    told = refuse(plumbline, folder, *audit, "--set", "epsilon=1.5")
    assert "epsilon, winning and floor" in told


def test_what_is_no_folder_of_labels_is_refused(folder: Path, plumbline: Run) -> None:
    told = refuse(plumbline, folder, "audit", "nothing", "--out", "audit")
    assert "no labels here" in told
    told = refuse(plumbline, folder, "audit", "labels", "--out", "audit", "--against", "labels")
    assert "labels" in told and "gold" in told


def test_other_answers_by_the_same_judge_since_an_earlier_audit(
    folder: Path, plumbline: Run
) -> None:
    """People judge new items; the judge gets a quarter of these wrong."""
    audit = ["audit", "labels", "--out", "first", "--people", "north.jsonl"]
    assert plumbline(*audit)[0] == 0
    truth = coins(240, 1)
    new = [label(i, 2.0 * (-truth[i] if i % 4 == 0 else truth[i])) for i in range(120, 240)]
    write_labels(folder / "new", new)
    write(folder / "more.jsonl", people(new, {"north": truth[120:]}, seed=1))
    code, said, _ = plumbline(
        "audit", "new", "--out", "second", "--people", "more.jsonl", "--since", "first"
    )
    assert code == 0
    assert "On these answers the judge agrees less with people than it did on the frozen" in said
    assert "agreement with people, minus that in the earlier audit" in said
    figures = [json.loads((folder / name / "audit.json").read_text("utf-8"))["figures"]
               for name in ("first", "second")]  # fmt: skip
    values = [one["agreement.judge"]["value"] for one in figures]
    assert figures[1]["shift"]["value"] == pytest.approx(values[1] - values[0])
    assert figures[1]["shift"]["high"] < 0 and "shift" not in figures[0]
    waits = plumbline("audit", "new", "--out", "third", "--since", "first", "--items", "5")
    assert waits[0] == 3, "the studio's people are asked as without it"


def test_another_judge_or_bar_is_refused_since_an_earlier_audit(
    folder: Path, plumbline: Run
) -> None:
    assert plumbline("audit", "labels", "--out", "first", "--people", "north.jsonl")[0] == 0
    write_labels(folder / "other", [label(i, 1.0) for i in range(9)], replace(MADE, judge_id="j2"))
    since = ["--out", "second", "--since", "first"]
    told = refuse(plumbline, folder, "audit", "other", *since)
    assert "another judge, template or mode was audited there" in told and "--against" in told
    told = refuse(plumbline, folder, "audit", "labels", *since, "--set", "kind=expert")
    assert "epsilon was 0.1 when people judged, and is 0.2 now" in told
    told = refuse(plumbline, folder, "audit", "labels", "--out", "second", "--since", "labels")
    assert "gold" in told
