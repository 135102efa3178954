"""Rows that compare answers: preferences in their several shapes, and rankings."""

from __future__ import annotations

from typing import Any

from plumbline.core.types import Conversation, Message, Provenance, Ranking, Response
from plumbline.core.views import by_score

from . import transcript
from .bad import Bad, Unusable
from .fields import (
    Row,
    listed,
    maybe_number,
    messages,
    number,
    probability,
    prompt,
    response,
    with_system,
)
from .single import instruction

NO_SHARED = "no shared beginning (the two conversations {})"


def preference(row: Row, provenance: Provenance) -> Ranking:
    """prompt, chosen, rejected: as text or as turns; answers may repeat the prompt's turns."""
    both = [row.get("chosen"), row.get("rejected")]
    if all(_whole(value) for value in both) and isinstance(row.get("prompt"), str):
        return conversations(row, provenance)
    before = prompt(row)
    given = messages(row["prompt"], "prompt") if isinstance(row["prompt"], list) else ()
    answers = [
        _beyond(given, response(v, n)) for v, n in zip(both, ("chosen", "rejected"), strict=True)
    ]
    if isinstance(row["prompt"], str) and transcript.starts(row["prompt"]):
        answers = [_unspaced(answer) for answer in answers]
    return _pair(row, before, answers[0], answers[1], provenance)


def continued(row: Row, provenance: Provenance) -> Ranking:
    """conversations so far, and the next turn in two versions."""
    before = with_system(row, messages(row["conversations"], "conversations"))
    better, worse = (response(row[name], name) for name in ("chosen", "rejected"))
    return _pair(row, before, better, worse, provenance)


def instructed(row: Row, provenance: Provenance) -> Ranking:
    """Alpaca's instruction and input with two answers."""
    better, worse = (response(row[name], name) for name in ("chosen", "rejected"))
    return _pair(row, instruction(row, "input"), better, worse, provenance)


def transcripts(row: Row, provenance: Provenance) -> Ranking:
    """Two hh-rlhf transcripts; everything before the last turn must be equal, turn by turn."""
    better, worse = (transcript.parse(row[name], name) for name in ("chosen", "rejected"))
    if better[:-1] != worse[:-1]:
        raise Unusable(NO_SHARED.format("differ before their last turn"))
    return _pair(row, better[:-1], better[-1:], worse[-1:], provenance)


def conversations(row: Row, provenance: Provenance) -> Ranking:
    """Two lists of turns; what they share at the start is the prompt."""
    names = ("chosen", "rejected") if "chosen" in row else ("chosen_messages", "rejected_messages")
    better, worse = (with_system(row, messages(row[name], name)) for name in names)
    same = 0
    while same < min(len(better), len(worse)) and better[same] == worse[same]:
        same += 1
    same = min(same, len(better) - 1, len(worse) - 1)
    if not any(turn.role == "user" for turn in better[:same]):
        raise Unusable(NO_SHARED.format("differ in their first turns"))
    if better[same].role != "assistant" or worse[same].role != "assistant":
        raise Unusable(NO_SHARED.format("part at a turn of the user"))
    return _pair(row, better[:same], better[same:], worse[same:], provenance)


def ranking(row: Row, provenance: Provenance) -> Ranking:
    """prompt, responses, their indices best first, ties as nested lists; `p` for two answers."""
    responses = _responses(row)
    order = tuple(_tier(place, len(responses)) for place in listed(row, "ranking"))
    named = sorted(i for tier in order for i in tier)
    if named != list(range(len(responses))):
        raise Bad(
            f"'ranking' names {named} of {len(responses)} responses",
            "name every index from 0 once; put ties into a nested list",
        )
    p, margin = probability(row, "p"), maybe_number(row, "margin")
    if p is not None and (len(responses) != 2 or len(order) != 2):
        raise Bad(f"'p' with {len(responses)} responses", "p is for two responses that do not tie")
    return Ranking(prompt(row), responses, order, p, margin, provenance)


def scored(row: Row, provenance: Provenance) -> Ranking:
    """prompt, responses and a score each; equal scores tie."""
    responses, values = _responses(row), listed(row, "scores")
    if len(values) != len(responses):
        raise Bad(
            f"{len(values)} 'scores' for {len(responses)} 'responses'", "give one score a response"
        )
    scores = [number({"scores": value}, "scores") for value in values]
    return Ranking(prompt(row), responses, by_score(scores), provenance=provenance)


def _pair(
    row: Row, before: Conversation, better: Response, worse: Response, provenance: Provenance
) -> Ranking:
    p, margin = probability(row, "p"), maybe_number(row, "margin")
    return Ranking(before, (better, worse), ((0,), (1,)), p, margin, provenance)


def _responses(row: Row) -> tuple[Response, ...]:
    values = listed(row, "responses")
    if len(values) < 2:
        raise Bad("only one of 'responses'", "a ranking compares at least two")
    return tuple(response(value, "responses") for value in values)


def _tier(place: Any, count: int) -> tuple[int, ...]:
    members = place if isinstance(place, list) else [place]
    if not members or any(type(i) is not int or not 0 <= i < count for i in members):
        raise Bad(
            f"'ranking' has {place!r}, which is no index of {count} responses",
            "indices start at 0, best first; ties are nested lists",
        )
    return tuple(members)


def _whole(value: Any) -> bool:
    """Whether an answer is a conversation that starts before the assistant speaks."""
    if not isinstance(value, list) or len(value) < 2 or not isinstance(value[0], dict):
        return False
    return value[0].get("role", value[0].get("from")) in ("user", "human", "system")


def _beyond(given: Conversation, answer: Response) -> Response:
    """An answer without the prompt's turns, where it repeats them."""
    repeats = bool(given) and len(answer) > len(given) and answer[: len(given)] == given
    return answer[len(given) :] if repeats else answer


def _unspaced(answer: Response) -> Response:
    """The space after "Assistant:" belongs to the marker."""
    first = answer[0]
    return (Message(first.role, first.content.removeprefix(" ")), *answer[1:])
