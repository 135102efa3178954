"""`plumbline sample`: answers to a file of prompts, with the tokens and log-probabilities drawn.

A line of the output is one prompt: {"prompt": turns, "responses": [text], "ids": [[...]],
"logprobs": [[nats]]}. Ids are kept because generated text is never tokenised again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.settings import overlay
from plumbline.core.types import Conversation
from plumbline.core.views import prompts as prompts_of
from plumbline.data.load import OnBadRow
from plumbline.engine.progress import bar
from plumbline.evals.tasks import Generation
from plumbline.models.locate import resolve_model
from plumbline.models.sampler import Sample
from plumbline.stages.answering import Answerer
from plumbline.stages.files import rows
from plumbline.stages.settings import Sampling
from plumbline.store import find_store

CHUNK = 64
"""Prompts between two moves of the progress bar."""


def sample(
    model: str,
    prompts: str,
    out: Path,
    *,
    sets: Mapping[str, Any] | None = None,
    on_bad_row: OnBadRow = "stop",
    store: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Write the answers to every prompt to `out`, whole or not at all; equal prompts count once."""
    settings = overlay(Sampling(), sets or {})
    if out.suffix != ".jsonl":
        raise UserError("answers are JSON lines", where=str(out), fix="write to a *.jsonl file")
    asked = prompts_of(rows(prompts, say, on_bad_row))
    taken = resolve_model(model, find_store(store).path)
    say(f"model: {taken.took}")
    answerer = Answerer.under(taken.path, settings)
    if answerer.reward:
        raise UserError("a reward model does not answer", where=model, fix="give a language model")
    with bar("prompts", len(asked)) as moving:
        write_answers(answerer, asked, settings.generation(), out, moving.advance)
    cut = f" ({answerer.cut} of them cut to their latest turns)" if answerer.cut else ""
    say(f"{out}: {settings.n} answers to each of {len(asked)} prompts{cut}")
    return out


def write_answers(
    answerer: Answerer,
    asked: Sequence[Conversation],
    generation: Generation,
    out: Path,
    tick: Callable[[int], None] = lambda prompts: None,
) -> None:
    """Draw and write `out`, CHUNK prompts at a time; `tick` hears how many were done."""
    lines: list[str] = []
    for start in range(0, len(asked), CHUNK):
        chunk = asked[start : start + CHUNK]
        rows = _rows(answerer, chunk, generation)
        lines += [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        tick(len(chunk))
    atomic.write_text(out, "".join(lines))


def _rows(
    answerer: Answerer, asked: Sequence[Conversation], generation: Generation
) -> list[dict[str, Any]]:
    said = answerer.draw(asked, generation)
    return [
        _row(answerer, prompt, group, generation) for prompt, group in zip(asked, said, strict=True)
    ]


def _row(
    answerer: Answerer,
    prompt: Conversation,
    group: Sequence[Sample],
    generation: Generation,
) -> dict[str, Any]:
    return {
        "prompt": [{"role": m.role, "content": m.content} for m in prompt],
        "responses": [answerer.words(one, generation) for one in group],
        "ids": [one.ids for one in group],
        "logprobs": [[round(value, 6) for value in one.logprobs] for one in group],
    }
