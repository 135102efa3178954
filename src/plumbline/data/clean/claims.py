"""What a row says of its words, and who says it: equal words that are judged by two people, or
judged in two ways, are two observations and no copies. Of demonstrations the words are all.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from plumbline.core.types import (
    Choice,
    Critique,
    Demonstration,
    Edit,
    Judgement,
    Ranking,
    Rating,
    Response,
)

from .settings import Conflicts


def teller(
    judgement: Judgement, fields: Mapping[str, Any], settings: Conflicts
) -> tuple[str, str, str]:
    """(person, group, rubric), as the row's provenance names them, else its fields; "" for none."""
    told = judgement.provenance
    return (
        told.judge.name or _named(fields, settings.person),
        told.judge.group or _named(fields, settings.group),
        told.rubric or _named(fields, settings.rubric),
    )


def claim(judgement: Judgement, fields: Mapping[str, Any], settings: Conflicts) -> str:
    """One word for the verdict and its teller; "" for a demonstration."""
    if isinstance(judgement, Demonstration):
        return ""
    told = repr((_verdict(judgement), teller(judgement, fields, settings)))
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _verdict(judgement: Judgement) -> Any:
    match judgement:
        case Ranking(responses=responses, tiers=tiers, p=p, margin=margin):
            return [sorted(_text(responses[i]) for i in tier) for tier in tiers], p, margin
        case Choice(good=good):
            return good
        case Rating(score=score, axis=axis, low=low, high=high):
            return score, axis, low, high
        case Critique(span=span):
            return span
        case Demonstration() | Edit():
            return None


def _text(response: Response) -> str:
    return "\n".join(f"{turn.role}\t{' '.join(turn.content.split())}" for turn in response)


def _named(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return str(value) if isinstance(value, str | int) else ""
