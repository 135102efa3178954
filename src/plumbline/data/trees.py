"""Open Assistant's message trees: a message with two or more ranked replies is a ranking.

`rank` counts from 0 (best); equal ranks tie. It is what the volunteers' rankings were merged to, so
a ranking names no single judge. Only assistants' replies are ranked answers here; replies without a
rank take no part, and messages that were deleted or refused in review go with all below them.

Left out, and said: ranks among prompter's replies (turns of the user are not trained on), and
`labels` (quality, toxicity ...), means over volunteers of single messages. As ratings they would
compare the answers that the ranks compare already.
Source: github.com/LAION-AI/Open-Assistant, the OASST export format (oasst_data/schemas.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plumbline.core.types import Conversation, Judge, Judgement, Message, Provenance, Ranking
from plumbline.core.views import by_score

from . import fields
from .bad import Bad, Left
from .fields import Row

PEOPLE = Judge("human")
FIX = "give Open Assistant's export unchanged"


def tree(row: Row, provenance: Provenance) -> list[Judgement | Left]:
    """All rankings of one tree."""
    return message(_node(row["prompt"]), provenance)


def message(row: Row, provenance: Provenance) -> list[Judgement | Left]:
    """All rankings at or below one message; each reason for what is left out once."""
    found = list(_rankings(row, (), Provenance(provenance.where, PEOPLE)))
    aside = dict.fromkeys(one for one in found if isinstance(one, Left))
    return [*(one for one in found if not isinstance(one, Left)), *aside]


def _rankings(
    node: Row, before: Conversation, provenance: Provenance
) -> Iterator[Judgement | Left]:
    path = (*before, _turn(node))
    replies = [reply for reply in _replies(node) if not _refused(reply)]
    yield from _aside(node)
    ranked = [r for r in replies if r.get("role") == "assistant" and r.get("rank") is not None]
    if len(ranked) > 1:
        tiers = by_score([-fields.number(reply, "rank") for reply in ranked])
        answers = tuple((_turn(reply),) for reply in ranked)
        yield Ranking(path, answers, tiers, provenance=provenance)
    for reply in replies:
        yield from _rankings(reply, path, provenance)


def _aside(node: Row) -> Iterator[Left]:
    """What the message and the replies to it also say."""
    if node.get("labels"):
        yield Left("volunteers' labels of messages (quality, toxicity ...), in means")
    replies = _replies(node)
    if any(_refused(reply) for reply in replies):
        yield Left("messages that were deleted or refused in review, with all below them")
    if any(r.get("role") == "prompter" and r.get("rank") is not None for r in replies):
        yield Left("ranks among the prompter's replies")


def _refused(node: Row) -> bool:
    return bool(node.get("deleted")) or node.get("review_result") is False


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
