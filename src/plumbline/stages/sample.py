"""`plumbline sample`: answers to a file of prompts, with the tokens and log-probabilities drawn.

A line of the output is one prompt: {"prompt": turns, "responses": [text], "ids": [[...]],
"logprobs": [[nats]]}. Ids are kept because generated text is never tokenised again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.settings import option, overlay
from plumbline.core.types import Conversation
from plumbline.core.views import prompts as prompts_of
from plumbline.data import read
from plumbline.engine.progress import bar
from plumbline.evals.tasks import Generation
from plumbline.models.locate import resolve_model
from plumbline.models.sampler import Sample
from plumbline.stages.answering import Answerer
from plumbline.store import find_store

CHUNK = 64
"""Prompts between two moves of the progress bar."""


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn."""

    max_new: int = option(128, help="longest answer in tokens")
    temperature: float = option(1.0, help="0 is greedy")
    top_p: float = option(1.0, help="smallest set of tokens with this mass (1: all)")
    seed: int = option(0, help="another seed, other answers")
    template: str = option("auto", help="auto: the model's chat template, else plain; or text")
    precision: Literal["auto", "fp32", "bf16"] = option("auto", help="as in training")

    def generation(self, n: int) -> Generation:
        return Generation(n, self.max_new, self.temperature, self.top_p, self.seed)


def sample(
    model: str,
    prompts: str,
    out: Path,
    *,
    n: int = 1,
    sets: Mapping[str, Any] | None = None,
    store: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Write `n` answers a prompt to `out`, whole or not at all; equal prompts count once."""
    settings = overlay(Sampling(), sets or {})
    if out.suffix != ".jsonl":
        raise UserError("answers are JSON lines", where=str(out), fix="write to a *.jsonl file")
    asked = prompts_of(read(prompts).judgements)
    taken = resolve_model(model, find_store(store).path)
    say(f"model: {taken.took}")
    answerer = Answerer(taken.path, template=settings.template, precision=settings.precision)
    if answerer.reward:
        raise UserError("a reward model does not answer", where=model, fix="give a language model")
    rows = [row for chunk in _chunks(asked) for row in _rows(answerer, chunk, settings, n)]
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    atomic.write_text(out, "".join(lines))
    say(f"{out}: {n} answers to each of {len(asked)} prompts")
    return out


def _chunks(asked: Sequence[Conversation]) -> Iterator[Sequence[Conversation]]:
    chunks = [asked[i : i + CHUNK] for i in range(0, len(asked), CHUNK)]
    with bar("prompts", len(asked)) as moving:
        for chunk in chunks:
            yield chunk
            moving.advance(len(chunk))


def _rows(
    answerer: Answerer, asked: Sequence[Conversation], settings: Sampling, n: int
) -> list[dict[str, Any]]:
    said = answerer.draw(asked, settings.generation(n))
    return [_row(answerer, prompt, group) for prompt, group in zip(asked, said, strict=True)]


def _row(answerer: Answerer, prompt: Conversation, group: Sequence[Sample]) -> dict[str, Any]:
    return {
        "prompt": [{"role": m.role, "content": m.content} for m in prompt],
        "responses": [answerer.renderer.answer_text(one.ids) for one in group],
        "ids": [one.ids for one in group],
        "logprobs": [[round(value, 6) for value in one.logprobs] for one in group],
    }
