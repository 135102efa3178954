"""Open Assistant's message trees: a message with two or more ranked replies is a ranking.

`rank` counts from 0 (best); equal ranks tie. Only assistants' replies are ranked answers here;
replies without a rank and deleted messages take no part.
Source: github.com/LAION-AI/Open-Assistant, the OASST export format.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plumbline.core.types import Conversation, Judge, Judgement, Message, Provenance, Ranking
from plumbline.core.views import by_score

from . import fields
from .bad import Bad
from .fields import Row

PEOPLE = Judge("human")
FIX = "give Open Assistant's export unchanged"


def tree(row: Row, provenance: Provenance) -> list[Judgement]:
    """All rankings of one tree."""
    return message(_node(row["prompt"]), provenance)


def message(row: Row, provenance: Provenance) -> list[Judgement]:
    """All rankings at or below one message."""
    return list(_rankings(row, (), Provenance(provenance.where, PEOPLE)))


def _rankings(node: Row, before: Conversation, provenance: Provenance) -> Iterator[Judgement]:
    path = (*before, _turn(node))
    replies = [reply for reply in _replies(node) if not reply.get("deleted")]
    ranked = [r for r in replies if r.get("role") == "assistant" and r.get("rank") is not None]
    if len(ranked) > 1:
        tiers = by_score([-fields.number(reply, "rank") for reply in ranked])
        answers = tuple((_turn(reply),) for reply in ranked)
        yield Ranking(path, answers, tiers, provenance=provenance)
    for reply in replies:
        yield from _rankings(reply, path, provenance)


def _replies(node: Row) -> list[Row]:
    replies = node.get("replies") or []
    if not isinstance(replies, list):
        raise Bad("'replies' is no list", FIX)
    return [_node(reply) for reply in replies]


def _node(value: Any) -> Row:
    if not isinstance(value, dict):
        raise Bad("a message of the tree is no object", FIX)
    return value


def _turn(node: Row) -> Message:
    return fields.message({"role": node.get("role"), "content": node.get("text")}, "replies")
