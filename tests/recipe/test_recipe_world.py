"""Stages of the embedded world: who ranks, and what is spared to be measured on."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from plumbline.core.types import Ranking
from plumbline.data import read
from plumbline.microcosm.data import prompts, spared
from plumbline.microcosm.tasks import gold_task
from plumbline.recipe import world


def test_more_people_share_the_work(tmp_path: Path) -> None:
    rows = [
        {
            "prompt": [{"role": m.role, "content": m.content} for m in one.conversation],
            "responses": ["I know.", "I do not know.", "I know."],
        }
        for one in prompts("train", 0, 20)
    ]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    context = SimpleNamespace(out=tmp_path, say=lambda words: None)
    for count in (6, 20):
        world.rank(context, world.People(count=count), {"answers": tmp_path})  # type: ignore[arg-type]
        found = read(tmp_path / "data.jsonl").judgements
        assert (
            len({one.provenance.judge.name for one in found if isinstance(one, Ranking)}) == count
        )


def test_what_is_spared_is_measured_and_never_drawn(tmp_path: Path) -> None:
    context = SimpleNamespace(out=tmp_path)
    world.draw_prompts(context, world.Draw(300, 1, spare=0.1), {})  # type: ignore[arg-type]
    drawn = {one.messages for one in read(tmp_path / "data.jsonl").judgements}
    measured = {item.prompt for item in gold_task(2, 100, spare=0.1).prompts()}
    assert len(drawn) == 300 and len(measured) == 100 and not drawn & measured
    asked = prompts("train", 1, 300)
    assert 10 < sum(spared(one, 0.1) for one in asked) < 60
    assert sum(spared(one, 0.0) for one in asked) == 0


def test_without_it_the_held_out_splits_are_measured() -> None:
    assert {item.tags["split"] for item in gold_task(2, 40).prompts()} == {
        "paraphrase", "entity", "value", "combination"
    }  # fmt: skip
