"""Rows about one answer, or none: demonstrations, labels, ratings, corrections, critiques, text."""

from __future__ import annotations

import json
from typing import Any

from plumbline.core.types import (
    Choice,
    Conversation,
    Critique,
    Demonstration,
    Edit,
    Judge,
    Message,
    Provenance,
    Rating,
    Response,
)

from . import fields
from .bad import Bad
from .fields import Row


def messages(row: Row, provenance: Provenance) -> Demonstration:
    """`messages` or `conversations`."""
    name = "messages" if "messages" in row else "conversations"
    _unweighted(row[name])
    said = fields.messages(row[name], name)
    return Demonstration(fields.with_system(row, said), provenance)


def completion(row: Row, provenance: Provenance) -> Demonstration:
    """prompt and completion."""
    before, answer = _answered(row)
    return Demonstration(before + answer, provenance)


def alpaca(row: Row, provenance: Provenance) -> Demonstration:
    """instruction, input, output."""
    said = instruction(row, "input")
    return Demonstration((*said, Message("assistant", fields.text(row, "output"))), provenance)


def dolly(row: Row, provenance: Provenance) -> Demonstration:
    """instruction, context, response."""
    said = instruction(row, "context")
    return Demonstration((*said, Message("assistant", fields.text(row, "response"))), provenance)


def instruction(row: Row, extra: str) -> Conversation:
    """An instruction, a blank line, what it is about; before them the `history` of turns."""
    words = fields.text(row, "instruction")
    if row.get(extra):
        words = f"{words}\n\n{fields.text(row, extra)}"
    past = fields.listed(row, "history") if row.get("history") else []
    turns = [turn for pair in past for turn in _exchange(pair)]
    return fields.with_system(row, (*turns, Message("user", words)))


def document(row: Row, provenance: Provenance) -> Demonstration:
    """Plain text, trained whole."""
    return Demonstration((Message("text", fields.text(row, "text")),), provenance)


def only_prompt(row: Row, provenance: Provenance) -> Demonstration:
    """A prompt without an answer: something to sample from."""
    return Demonstration(fields.prompt(row), provenance)


def unpaired(row: Row, provenance: Provenance) -> Choice:
    """One answer, good or bad."""
    return Choice(*_answered(row), fields.label(row, "label"), provenance)


def rating(row: Row, provenance: Provenance) -> Rating:
    """One answer with a score, on an axis, with the ends of the scale where they are given."""
    low, high = fields.maybe_number(row, "low"), fields.maybe_number(row, "high")
    axis = fields.text(row, "axis") if row.get("axis") is not None else "overall"
    score = fields.number(row, "score")
    if low is not None and high is not None and not low <= score <= high:
        raise Bad(f"'score' {score:g} is outside its scale [{low:g}, {high:g}]", "correct one")
    return Rating(*_answered(row), score, axis, low, high, provenance)


def correction(row: Row, provenance: Provenance) -> Edit:
    """An answer and its corrected form."""
    original, corrected = (fields.response(row[n], n) for n in ("original", "corrected"))
    return Edit(fields.prompt(row), original, corrected, provenance)


def critique(row: Row, provenance: Provenance) -> Critique:
    """An answer and words about it."""
    before, answer = _answered(row)
    return Critique(before, answer, fields.text(row, "critique"), provenance=provenance)


def taskmaster(row: Row, provenance: Provenance) -> Choice | Rating:
    """Taskmaster's rewards: turns as JSON text, perhaps API calls; people said 0 or 1."""
    before = tuple(_acted(turn) for turn in _json(row, "context"))
    answer = (_acted(_json(row, "generation")),)
    reward = fields.number(row, "reward")
    people = Provenance(provenance.where, Judge("human"))
    if reward in (0, 1):
        return Choice(before, answer, reward == 1, people)
    return Rating(before, answer, reward, "reward", 0.0, 1.0, people)


def _answered(row: Row) -> tuple[Conversation, Response]:
    """Prompt and answer, from `prompt` and `completion` or from whole `messages`."""
    if "completion" in row:
        return fields.prompt(row), fields.response(row["completion"], "completion")
    whole = fields.with_system(row, fields.messages(row["messages"], "messages"))
    return fields.asked(whole, "messages")


def _exchange(pair: Any) -> tuple[Message, Message]:
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(x, str) for x in pair):
        raise Bad("'history' is not a list of [question, answer]", "give pairs of strings")
    return Message("user", pair[0]), Message("assistant", pair[1])


def _unweighted(turns: Any) -> None:
    """Weights of turns are not kept: fine where they say what is done anyway, else an error."""
    for turn in turns if isinstance(turns, list) else ():
        weight = turn.get("loss_weight") if isinstance(turn, dict) else None
        if weight is None:
            continue
        who = turn.get("role", turn.get("from"))
        if weight != float(fields.ROLES.get(str(who).lower()) == "assistant"):
            raise Bad(
                f"a turn of {who!r} has loss_weight {weight}",
                "every assistant turn is trained (or the last one: train.turns=last) and no other;"
                " remove 'loss_weight'",
            )


def _json(row: Row, name: str) -> Any:
    try:
        return json.loads(fields.text(row, name))
    except json.JSONDecodeError as error:
        raise Bad(f"{name!r} is not JSON: {error.msg}", "it holds turns as JSON text") from None


def _acted(turn: Any) -> Message:
    """A turn of Taskmaster: words, or an API call or its result as JSON."""
    if isinstance(turn, dict) and "text" not in turn:
        done = turn.get("api", turn.get("response"))
        turn = {**turn, "content": json.dumps(done, ensure_ascii=False) if done else None}
    elif isinstance(turn, dict):
        turn = {**turn, "content": turn["text"]}
    return fields.message(turn, "context")
