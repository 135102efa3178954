"""Stages of the embedded world: rankings of two models' answers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from plumbline.core.types import text_of
from plumbline.data import read
from plumbline.microcosm.data import prompts
from plumbline.recipe import world


def said(folder: Path, texts: list[str]) -> Path:
    """A `sample` stage's folder: those answers to each of six prompts."""
    folder.mkdir()
    rows = [
        {
            "prompt": [{"role": m.role, "content": m.content} for m in one.conversation],
            "responses": texts,
        }
        for one in prompts("train", 0, 6)
    ]
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_two_models_answers_are_ranked_together(tmp_path: Path) -> None:
    own, others = said(tmp_path / "own", ["I know.", "I know."]), said(tmp_path / "others", ["No."])
    context = SimpleNamespace(out=tmp_path, say=lambda words: None)
    world.rank(context, world.People(), {"answers": own})
    assert not (tmp_path / "data.jsonl").read_text(), "equal answers are no choice"
    world.rank(context, world.People(), {"answers": own, "others": others})
    found = read(tmp_path / "data.jsonl").judgements
    assert len(found) == 6
    for one in found:
        assert {text_of(answer) for answer in one.responses} == {"I know.", "No."}
