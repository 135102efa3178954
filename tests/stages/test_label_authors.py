"""Answers of several models to the same prompts become pairs across them, and labels by author."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Demonstration, answer, text_of, user
from plumbline.data import write
from plumbline.feedback.judging.label import read_labels
from plumbline.stages.judging.authors import drawn_from, source_of
from plumbline.stages.judging.pairs import Drawn
from plumbline.stages.label import label
from plumbline.store import find_store


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answers(path: Path, word: str, first: int, last: int, n: int = 1) -> str:
    """A file of `n` answers to each of some prompts."""
    rows = [
        {"prompt": f"p{i}", "responses": [f"{word} {i}, {k}." for k in range(n)]}
        for i in range(first, last)
    ]
    return str(lines(path, rows))


def paired(*given: str, most: int = 0) -> Drawn:
    source = source_of(given, find_store(None))
    return drawn_from(source, most=most, seed=0, part="all", on_bad_row="stop")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_answers_meet_those_of_the_other_author_alone(place: Path) -> None:
    ours = answers(place / "ours.jsonl", "Yes", 0, 4, n=2)
    theirs = answers(place / "theirs.jsonl", "No", 1, 6)
    found = paired(ours, theirs)
    assert {one.models for one in found.pairs} == {("ours", "theirs")}
    assert len(found.pairs) == 3 * 2
    assert text_of(found.pairs[0].answers[0]) == "Yes 1, 0."
    assert found.pairs[0].where == "ours.jsonl:2"
    assert "left out 3 of 6 prompts: one file alone answers them" in found.notes
    assert f"theirs: 5 answers of {theirs}" in found.notes
    assert len(paired(ours, theirs, most=1).pairs) == 3


def test_authors_are_named_by_their_files_or_by_hand(place: Path) -> None:
    one = answers(place / "a" / "answers.jsonl", "Yes", 0, 2)
    two = answers(place / "b" / "answers.jsonl", "No", 0, 2)
    three = answers(place / "c" / "answers.jsonl", "Perhaps", 0, 2)
    with pytest.raises(UserError, match="two authors are called 'answers'"):
        paired(one, two)
    found = paired(f"new={one}", f"old={two}", "c")
    assert {one.models for one in found.pairs} == {("new", "old"), ("new", "c"), ("old", "c")}
    assert three and paired("a", "b").pairs[0].models == ("a", "b"), "folders of a stage"


def test_demonstrations_are_answers_too(place: Path) -> None:
    said = answers(place / "said.jsonl", "Yes", 0, 3)
    shown = [Demonstration((user(f"p{i}"), *answer("Yes 0, 0." if i == 0 else "No."))) for i in
             range(3)]  # fmt: skip
    write(place / "revised" / "data.jsonl", [*shown, Demonstration((user("p"),))])
    found = paired(f"first={said}", "revised")
    assert {one.models for one in found.pairs} == {("first", "revised")} and len(found.pairs) == 2
    assert "left out 1: equal answers" in found.notes
    assert any(line.startswith("left out 1 rows of") for line in found.notes)


def test_files_that_share_no_prompt_or_hold_no_answers_are_refused(place: Path) -> None:
    ours = answers(place / "ours.jsonl", "Yes", 0, 2)
    other = answers(place / "other.jsonl", "No", 5, 7)
    with pytest.raises(UserError, match="no prompt is answered in two"):
        paired(ours, other)
    pairs = lines(place / "pairs.jsonl", [{"prompt": "p", "chosen": "a", "rejected": "b"}])
    with pytest.raises(UserError, match="a file without answers"):
        paired(ours, str(pairs))
    same = answers(place / "same.jsonl", "Yes", 0, 2)
    with pytest.raises(UserError, match="equal answers: 2"):
        paired(ours, same)


def test_labels_of_two_files_say_who_wins(place: Path, tiny_model: Path) -> None:
    (place / "rules.md").write_text("## kind\nBe kind.\n")
    (place / "words.yaml").write_text(
        'compare: "{principle} {prompt} {a} {b}?"\noptions: [["A", " A"], ["B", " B"]]\n'
    )
    both = [answers(place / f"{name}.jsonl", name, 0, 5) for name in ("ours", "theirs")]
    heard: list[str] = []

    def labelled(given: list[str]) -> Path:
        return label(
            given, [str(tiny_model)], "rules.md", place / "out", template="words.yaml",
            sets={"precision": "fp32"}, say=heard.append,
        )  # fmt: skip

    out = labelled(both)
    assert [one.models for one in read_labels(out)[1]] == [("ours", "theirs")] * 5
    results = json.loads((out / "results.json").read_text())
    assert results["metrics"]["judge_wins.ours"]["n"] == 5
    assert results["wins"]["rows"][1]["who"] == "theirs" and results["data"] == " ".join(both)
    assert any(line.startswith("Not corrected: these win rates are the judge's") for line in heard)
    assert labelled(both) == out and any("0 questions asked now" in line for line in heard)
    with pytest.raises(UserError, match="other pairs or principles"):
        labelled([f"we={both[0]}", both[1]])
