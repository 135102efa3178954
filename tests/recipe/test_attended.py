"""Simulated people judge through the studio's own HTTP, and what they say is trained on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from plumbline.core.types import Choice, Edit, Ranking
from plumbline.data import read
from plumbline.microcosm import data
from plumbline.recipe.attended import Attended, attend
from plumbline.stages.collect import Collect
from plumbline.store import Context


def answered(folder: Path, n: int) -> Path:
    folder.mkdir()
    rows = [
        {
            "prompt": [{"role": m.role, "content": m.content} for m in ask.conversation],
            "responses": ["I do not know.", "That is private."],
        }
        for ask in data.prompts("train", 0, n)
    ]
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_everybody_judges_over_http_and_again_gives_the_same(tmp_path: Path) -> None:
    answers = answered(tmp_path / "answers", 12)
    found = []
    for name in ("one", "two"):
        out = tmp_path / name / "out"
        out.mkdir(parents=True)
        how = Attended(Collect(project="p", quota=2, strength=True), people=3)
        attend(Context(out, store=tmp_path / name / "store"), how, {"answers": answers})
        found.append(read(out / "data.jsonl").judgements)
        told = json.loads((out / "people.json").read_text())
        assert told["minutes"] > 0
    rankings = [[one for one in said if isinstance(one, Ranking)] for said in found]
    assert len(rankings[0]) == 24
    assert Counter(one.provenance.judge.name for one in rankings[0]).keys() == {
        "neighbours-1", "scholars-1", "keepers-1"
    }  # fmt: skip
    for one, other in zip(*rankings, strict=True):
        assert (one.prompt, one.tiers, one.margin) == (other.prompt, other.tiers, other.margin)
        assert one.provenance.shown == other.provenance.shown


def test_a_budget_of_minutes_ends_it(tmp_path: Path) -> None:
    answers, out = answered(tmp_path / "answers", 40), tmp_path / "out"
    out.mkdir()
    how = Attended(Collect(project="c", form="correction"), people=2, minutes=1.0)
    attend(Context(out, store=tmp_path / "store"), how, {"answers": answers})
    found = read(out / "data.jsonl").judgements
    told = json.loads((out / "people.json").read_text())
    assert 1.0 <= told["minutes"] < 3 and 2 <= len(found) < 60
    assert all(isinstance(one, Edit | Choice) for one in found)
