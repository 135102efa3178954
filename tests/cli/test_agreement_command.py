"""`plumbline agreement`: the tables people read, the file of numbers, and what is refused."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from small_inputs import Run, pair, refuse, write_rows

from plumbline.core.agreeing import agreement
from plumbline.core.types import Choice, Edit, Judge, Provenance, Ranking, answer, user
from plumbline.data import read, write
from plumbline.microcosm.annotators import Habits, people, rank

ANSWERS = tuple(answer(text) for text in ("Salt.", "Salt, and a little water.", "Nobody knows."))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """said.jsonl: thirty rankings by six people of two groups, thumbs and a correction."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / "store"))
    rng = random.Random(0)
    staff = people(6, Habits(noise=0.4), ("keepers", "traders"))
    found: list[Ranking | Choice | Edit] = []
    for i in range(30):
        prompt = (user(f"What is in the sea, number {i}?"),)
        found += [rank(who, prompt, ANSWERS, rng) for who in staff]
        by = [Provenance(judge=Judge("human", name, name[0])) for name in ("ann", "al", "bob")]
        found += [Choice(prompt, ANSWERS[0], rng.random() < 0.5 + i / 60, who) for who in by]
    found += [Edit(prompt, ANSWERS[0], ANSWERS[1], by[0]), Choice(prompt, ANSWERS[0], True)]
    write(tmp_path / "said.jsonl", found)
    return tmp_path


def test_the_table_has_a_row_for_all_each_group_and_between(folder: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("agreement", "said.jsonl")
    lines = said.splitlines()
    assert code == 0
    assert lines[0] == "said.jsonl: 272 judgements by 9 judges in 4 groups"
    assert lines[1] == "left out 1: the judge is not named"
    assert "rankings: 180 by 6 judges, 90 pairs of answers to 30 prompts" in lines
    for name in ("all", "within groups", "  keepers", "  traders", "between groups", "  a", "  b"):
        assert any(line.startswith(f"{name} ") for line in lines), name
    assert "alpha (ordinal)" in said and "alpha (nominal)" in said
    assert "majorities of groups are opposed on" in said and "if groups meant nothing" in said
    assert (
        "corrections: 1 by 1 judge, 1 answers to 1 prompt" in said
        and "counted, not compared" in said
    )


def test_the_file_has_the_numbers_of_the_summary(folder: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("agreement", "said.jsonl", "--out", "found/numbers.json")
    assert code == 0 and "found/numbers.json" in said
    told = json.loads((folder / "found" / "numbers.json").read_text())
    found = agreement(read("said.jsonl").judgements)
    first, form = told["forms"][0], found.forms[0]
    assert form.everyone and form.divided and form.between
    assert first["everyone"]["same"] == form.everyone.same.as_dict()
    assert first["between"]["alphas"]["ordinal"] == form.between.alphas["ordinal"].as_dict()
    assert len(first["conflicts"]) == form.divided.count and len(first["annotators"]) == 6
    why = first["annotators"][0]["accuracy"]
    assert why["value"] is not None and told["forms"][2]["everyone"] is None
    value = f"{form.everyone.alphas['ordinal'].value:.2f} ["
    assert value in next(line for line in said.splitlines() if line.startswith("all "))


def test_a_row_for_each_annotator_the_least_agreeing_first(folder: Path, plumbline: Run) -> None:
    code, said, _ = plumbline("agreement", "said.jsonl", "--by", "annotator")
    assert code == 0 and "own group (tau-b)" in said and "own group (kappa)" in said
    rows = [line.split() for line in said.splitlines() if line.startswith(("keepers-", "traders-"))]
    own = [float(row[3]) for row in rows]
    assert len(rows) == 6 and own == sorted(own)
    assert "fewer than three judges of the group share items" in said  # of the thumbs' groups


def test_a_ref_is_data_too(folder: Path, plumbline: Run) -> None:
    assert plumbline("import", "said.jsonl", "--as", "sea")[0] == 0
    code, said, _ = plumbline("agreement", "ref:sea")
    expected = plumbline("agreement", "said.jsonl")[1]
    assert code == 0 and said.splitlines()[1:] == expected.splitlines()[1:]


def test_repeats_are_told(folder: Path, plumbline: Run) -> None:
    twice = read("said.jsonl").judgements[:6]
    write("twice.jsonl", [*twice, *twice[:1]])
    code, said, _ = plumbline("agreement", "twice.jsonl")
    assert code == 0 and "replaced by a later one of the same judge: 3 values" in said


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([pair(i) for i in range(3)], "none of the 3 judgements says who judged"),
        ([{"prompt": "Why?", "completion": "So."}], "there are only demonstrations"),
        ([{"judgement": "ranking"}], "field required"),
    ],
)
def test_what_has_no_judges_is_refused(
    rows: list, words: str, folder: Path, plumbline: Run
) -> None:
    write_rows(folder / "bare.jsonl", rows)
    said = refuse(plumbline, folder, "agreement", "bare.jsonl", "--out", "numbers.json")
    assert words in said and "bare.jsonl" in said


@pytest.mark.parametrize("out", ["said.jsonl", "folder"])
def test_nothing_is_written_over(out: str, folder: Path, plumbline: Run) -> None:
    (folder / "folder").mkdir()
    assert "name another --out" in refuse(
        plumbline, folder, "agreement", "said.jsonl", "--out", out
    )


def test_bad_rows_are_left_out_on_request(folder: Path, plumbline: Run) -> None:
    with (folder / "said.jsonl").open("a") as file:
        file.write("{\n")
    refuse(plumbline, folder, "agreement", "said.jsonl")
    code, said, _ = plumbline("agreement", "said.jsonl", "--on-bad-row", "drop")
    assert code == 0 and "dropped 1: not JSON" in said
