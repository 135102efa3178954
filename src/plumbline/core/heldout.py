"""The held-out split: a prompt is held out by what it says, never by a seed or a stage.

u = first 8 bytes of sha256(text of the first user message) / 2^64; prompts with u < fraction are held
out. Everything with the same first user message (other answers, other views, later turns) falls on
the same side. Where that would hold out more than `most` items, only the prompts with the smallest u
are taken, whole prompts at a time, and the rest is trained on: a smaller cap holds out a subset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from .errors import UserError
from .types import Conversation, Critique, Demonstration, Edit, Example, Judgement, Ranking

Item = TypeVar("Item")


def split(
    examples: Sequence[Example], fraction: float = 0.1, most: int = 500
) -> tuple[list[Example], list[Example]]:
    """(train, held out) in their order. UserError if nothing is left to train on."""
    return split_by(examples, lambda e: opening(e.prompt + e.responses[0]), fraction, most)


def split_judgements(
    judgements: Sequence[Judgement], fraction: float = 0.1, most: int = 500
) -> tuple[list[Judgement], list[Judgement]]:
    """The same split of judgements: each falls on the side where its examples would fall."""
    return split_by(judgements, lambda j: opening(_whole(j)), fraction, most)


def split_by(
    items: Sequence[Item], key: Callable[[Item], str], fraction: float, most: int
) -> tuple[list[Item], list[Item]]:
    """Split by the hash of `key`, at most `most` items held out, equal keys together."""
    if not 0 <= fraction < 1:
        raise UserError(f"a held-out fraction of {fraction} is not in [0, 1)", fix="0.1 is usual")
    keys = [key(item) for item in items]
    chosen = _chosen(keys, fraction, most)
    train = [item for item, k in zip(items, keys, strict=True) if k not in chosen]
    held = [item for item, k in zip(items, keys, strict=True) if k in chosen]
    if held and not train:
        raise UserError(
            f"all {len(items)} examples fall into the held-out tenth, none is left to train on",
            fix="set eval.fraction=0, or give data with more prompts",
        )
    return train, held


def opening(messages: Conversation) -> str:
    """What identifies a prompt: the first user message, else the first message, else nothing."""
    first = next((m for m in messages if m.role == "user"), messages[0] if messages else None)
    return first.content if first else ""


def position(text: str) -> float:
    """Where a text falls in [0, 1), by its hash."""
    return (
        int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64
    )


def _chosen(keys: Sequence[str], fraction: float, most: int) -> set[str]:
    sizes: dict[str, int] = {}
    for key in keys:
        sizes[key] = sizes.get(key, 0) + 1
    places = {key: position(key) for key in sizes}
    chosen: set[str] = set()
    taken = 0
    for key in sorted((k for k in sizes if places[k] < fraction), key=lambda k: places[k]):
        if taken + sizes[key] > most:
            break
        chosen.add(key)
        taken += sizes[key]
    return chosen


def _whole(judgement: Judgement) -> Conversation:
    match judgement:
        case Demonstration(messages=messages):
            return messages
        case Ranking(prompt=prompt, responses=responses):
            return prompt + (responses[0] if responses else ())
        case Edit(prompt=prompt, corrected=corrected):
            return prompt + corrected
        case Critique(prompt=prompt, response=response):
            return prompt + response
    return judgement.prompt + judgement.response
