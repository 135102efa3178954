"""From two files of answers to a win rate that people have corrected, as it is typed."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from small_inputs import Run, refuse, write_rows

from plumbline.core.types import Judge, Provenance, Ranking
from plumbline.data import write
from plumbline.evals.audit.answered import asked
from plumbline.feedback.judging.constitution import read_constitution
from plumbline.feedback.judging.label import read_labels

LABEL = (
    "label", "ours.jsonl", "old=before.jsonl", "--judge", "model", "--constitution", "rules.md",
    "--template", "words.yaml", "--out", "out", "--set", "precision=fp32",
)  # fmt: skip
AUDIT = ("audit", "out", "--people", "people.jsonl", "--items", "30", "--out", "audit")


@pytest.fixture
def both(place: Path) -> Path:
    """Answers of two models to nearly the same prompts, and what the tiny model judges by."""
    (place / "rules.md").write_text("## kind\nBe kind.\n")
    (place / "words.yaml").write_text(
        'compare: "{principle} {prompt} {a} {b}?"\noptions: [["A", " A"], ["B", " B"]]\n'
    )
    for name, first in (("ours", 0), ("before", 1)):
        rows = [{"prompt": f"n{i}", "responses": [f"{name} {i}."]} for i in range(first, 60)]
        write_rows(place / f"{name}.jsonl", rows)
    return place


def people(folder: Path) -> None:
    """Three people judge 30 of the labels, and mostly prefer our answers."""
    rng, rules, said = random.Random(0), read_constitution("rules.md"), []
    for one in rng.sample(read_labels(folder)[1], 30):
        shown = asked(one, rules.named(one.principle))
        for name in ("ann", "bob", "cyd"):
            tiers = ((0,), (1,)) if rng.random() < 0.8 else ((1,), (0,))
            who = Provenance(judge=Judge("human", name))
            said.append(replace(Ranking(shown, one.answers, tiers), provenance=who))
    write("people.jsonl", said)


def test_from_two_files_to_a_corrected_win_rate(both: Path, plumbline: Run) -> None:
    code, said, _ = plumbline(*LABEL)
    assert code == 0 and "59 labels of 59 pairs" in said
    assert "left out 1 of 60 prompts: one file alone answers them" in said
    assert "by the judge alone, of 59 labels" in said and "Not corrected" in said
    people(both / "out")
    code, said, _ = plumbline(*AUDIT)
    assert code == 0 and "Whose answers win" in said
    code, said, _ = plumbline(*LABEL, "--audit", "audit", "--allow-unaudited")
    line = next(line for line in said.splitlines() if line.startswith("ours wins"))
    assert code == 0 and "corrected by people" in line and "by the judge alone" in line
    found = json.loads((both / "out" / "results.json").read_text())["metrics"]
    assert found["wins.ours"]["low"] > 0.5 and set(found) >= {"wins.old", "judge_wins.old"}
    code, _, _ = plumbline("report", "out")
    page = (both / "out" / "report.html").read_text()
    assert code == 0 and "Whose answers win" in page and "one file alone answers them" in page


def test_what_cannot_be_compared_is_refused(both: Path, plumbline: Run) -> None:
    write_rows(both / "else.jsonl", [{"prompt": "other", "responses": ["x"]}])
    rest = LABEL[3:]
    for files, words in (
        (("ours.jsonl", "else.jsonl"), "no prompt is answered in two"),
        (("ours.jsonl", "ours=before.jsonl"), "two authors are called 'ours'"),
        (("ours.jsonl", "gone.jsonl"), "no such file"),
    ):
        assert words in refuse(plumbline, both, "label", *files, *rest), files
