"""What a valid answer to a form is, and which judgements it gives.

    ranking        {"tiers": [[2], [0, 1]], "none": false, "strength": 2}     2 to 9 answers
    pair           the same of two answers; "none": both are bad
    thumb          {"good": true}                                            one answer
    rating         {"scores": {"helpful": [4, 2]}}                            by axis and answer
    demonstration  {"turns": [{"role": "assistant", "content": "..."}]}       what should be said
    correction     {"text": "..."}                                            how it should read
    critique       {"notes": [{"text": "...", "span": [3, 9]}], "revision": "...",
                    "reviser": "MODEL", "offered": "..."}

Answers are numbered as they are stored, whatever order they were shown in. A ranking may leave
answers out; ties share a tier. "none" says that no answer is acceptable: each then counts as called
bad as well. A correction that changes nothing calls the answer good. A critique points at
characters of the answer's text or at all of it; with a revision it is a correction too. "reviser"
is the model that offered a revision, and "offered" its text where the person changed it (`offering`
says so, and not who sends a judgement).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from pydantic import TypeAdapter, ValidationError

from plumbline.core.errors import UserError
from plumbline.core.types import (
    Choice,
    Critique,
    Demonstration,
    Edit,
    Judgement,
    Message,
    Provenance,
    Ranking,
    Rating,
    answer,
    text_of,
)
from plumbline.feedback.collecting.forms import Asked, Form, Kind, misfit

STRENGTHS = 3
"""How much better: a little, clearly, by far."""
LONGEST = 100_000
"""Characters of one text that a person may send."""
Body = Mapping[str, Any]


@dataclass(frozen=True)
class _Order:
    tiers: tuple[tuple[int, ...], ...]
    none: bool = False
    strength: int | None = None


@dataclass(frozen=True)
class _Thumb:
    good: bool


@dataclass(frozen=True)
class _Scores:
    scores: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class _Turns:
    turns: tuple[Message, ...]


@dataclass(frozen=True)
class _Correction:
    text: str


@dataclass(frozen=True)
class _Note:
    text: str
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class _Critique:
    notes: tuple[_Note, ...]
    revision: str = ""
    reviser: str = ""
    offered: str = ""


_BODIES: dict[Kind, TypeAdapter[Any]] = {
    "ranking": TypeAdapter(_Order),
    "pair": TypeAdapter(_Order),
    "thumb": TypeAdapter(_Thumb),
    "rating": TypeAdapter(_Scores),
    "demonstration": TypeAdapter(_Turns),
    "correction": TypeAdapter(_Correction),
    "critique": TypeAdapter(_Critique),
}
_OFFER = ("reviser", "offered")


def checked(form: Form, asked: Asked, body: Body) -> dict[str, Any]:
    """The body as it is stored. UserError for one that does not answer what was asked."""
    try:
        said = _BODIES[form.kind].validate_json(_json(body))
    except ValidationError as error:
        raise misfit(error, form.kind) from None
    match said:
        case _Order():
            _check_order(form, asked, said)
        case _Scores():
            _check_scores(form, asked, said)
        case _Turns():
            _check_turns(form, said)
        case _Correction():
            _check_text(said.text, "the corrected answer")
        case _Critique():
            _check_notes(asked, said)
    kept: dict[str, Any] = asdict(said)
    return {name: value for name, value in kept.items() if value or name not in _OFFER}


def said_by_hand(body: Body) -> dict[str, Any]:
    """A body without what it says of a model: nobody is told that while they judge, or says it."""
    return {name: value for name, value in body.items() if name not in _OFFER}


def judgements(form: Form, asked: Asked, body: Body, provenance: Provenance) -> list[Judgement]:
    """What an answer that was `checked` says."""
    said, prompt = _BODIES[form.kind].validate_json(_json(body)), asked.prompt
    match said:
        case _Order():
            return _ordered(asked, said, provenance)
        case _Thumb():
            return [Choice(prompt, asked.answers[0], said.good, provenance)]
        case _Scores():
            return [
                Rating(prompt, asked.answers[i], value, axis.name, axis.low, axis.high, provenance)
                for axis in form.axes
                for i, value in enumerate(said.scores[axis.name])
            ]
        case _Turns():
            return [Demonstration((*prompt, *said.turns), provenance)]
        case _Correction():
            return [_edit(asked, said.text, provenance)]
    notes: list[Judgement] = [
        Critique(prompt, asked.answers[0], note.text, note.span, provenance) for note in said.notes
    ]
    return [*notes, _revised(asked, said, provenance)] if said.revision else notes


def right(form: Form, known: Body, body: Body) -> bool | None:
    """Whether an answer is as it is known to be: every order of two answers, the thumb, each score
    within a quarter of its scale. None for forms that have no one right answer."""
    if form.kind in ("ranking", "pair"):
        return _above(known) <= _above(body)
    if form.kind == "thumb":
        return bool(known["good"] == body["good"])
    if form.kind != "rating":
        return None
    return all(
        abs(a - b) <= (axis.high - axis.low) / 4
        for axis in form.axes
        for a, b in zip(known["scores"][axis.name], body["scores"][axis.name], strict=True)
    )


def _above(body: Body) -> set[tuple[int, int]]:
    """Pairs of answers of which the first stands in a better tier."""
    return {(a, b) for high, low in combinations(body["tiers"], 2) for a in high for b in low}


def _ordered(asked: Asked, said: _Order, provenance: Provenance) -> list[Judgement]:
    margin = None if said.strength is None else float(said.strength)
    found: list[Judgement] = []
    if said.tiers:
        found.append(
            Ranking(asked.prompt, asked.answers, said.tiers, margin=margin, provenance=provenance)
        )
    if said.none:
        found += [Choice(asked.prompt, one, False, provenance) for one in asked.answers]
    return found


def _edit(asked: Asked, text: str, provenance: Provenance) -> Edit | Choice:
    if text.strip() == text_of(asked.answers[0]).strip():
        return Choice(asked.prompt, asked.answers[0], True, provenance)
    return Edit(asked.prompt, asked.answers[0], answer(text), provenance)


def _revised(asked: Asked, said: _Critique, provenance: Provenance) -> Edit | Choice:
    """A revision; one by a model is judged by the person who let it stand or changed it."""
    made = _edit(asked, said.revision, provenance)
    if not (said.reviser and isinstance(made, Edit)):
        return made
    by = replace(provenance, writer=said.reviser)
    return replace(made, provenance=by, proposed=answer(said.offered) if said.offered else ())


def _check_order(form: Form, asked: Asked, said: _Order) -> None:
    named = [i for tier in said.tiers for i in tier]
    if len(set(named)) != len(named) or any(not 0 <= i < len(asked.answers) for i in named):
        raise UserError(f"tiers {said.tiers} of {len(asked.answers)} answers",
                        fix="name each answer at most once")  # fmt: skip
    if not all(said.tiers):
        raise UserError("an empty tier", fix="leave it out")
    if not form.ties and any(len(tier) > 1 for tier in said.tiers):
        raise UserError("two answers tie, and this form allows no ties", fix="put one above")
    if said.none and not form.none:
        raise UserError("this form does not ask whether no answer is acceptable")
    if len(named) < 2 and not said.none:
        raise UserError("nothing is compared", fix="order at least two answers, or skip")
    if said.strength is not None and not (form.strength and 1 <= said.strength <= STRENGTHS):
        raise UserError(f"strength {said.strength}", fix=f"1 to {STRENGTHS}, where it is asked")


def _check_scores(form: Form, asked: Asked, said: _Scores) -> None:
    if set(said.scores) != {axis.name for axis in form.axes}:
        raise UserError("not every axis is rated", fix=", ".join(axis.name for axis in form.axes))
    for axis in form.axes:
        values = said.scores[axis.name]
        if len(values) != len(asked.answers):
            raise UserError(
                f"{len(values)} scores on {axis.name!r} for {len(asked.answers)} answers"
            )
        if any(not axis.low <= value <= axis.high for value in values):
            raise UserError(f"a score on {axis.name!r} outside {axis.low} to {axis.high}")


def _check_turns(form: Form, said: _Turns) -> None:
    roles = [turn.role for turn in said.turns]
    wanted = ["assistant", "user"] * len(roles)
    if not roles or roles != wanted[: len(roles)] or roles[-1] != "assistant":
        raise UserError("a demonstration is assistant's turns with the user's between them")
    if roles.count("assistant") > form.turns:
        raise UserError(f"more than {form.turns} turns of the assistant")
    for turn in said.turns:
        _check_text(turn.content, "a turn")


def _check_notes(asked: Asked, said: _Critique) -> None:
    if not said.notes:
        raise UserError("a critique says something", fix="write a note, or skip")
    length = len(text_of(asked.answers[0]))
    for note in said.notes:
        _check_text(note.text, "a note")
        if note.span is not None and not 0 <= note.span[0] < note.span[1] <= length:
            raise UserError(f"a note points at characters {note.span} of {length}")
    if said.revision:
        _check_text(said.revision, "the revision")


def _check_text(text: str, what: str) -> None:
    if not text.strip():
        raise UserError(f"{what} is empty", fix="write it, or skip")
    if len(text) > LONGEST:
        raise UserError(f"{what} is {len(text)} characters long", fix=f"at most {LONGEST}")


def _json(body: Body) -> bytes:
    return json.dumps(body).encode()
