"""plumbline's own form: one JSON object a line that reads back to an equal judgement.

    {"judgement": "ranking", "prompt": [{"role": "user", "content": "..."}], "responses": [[...]],
     "tiers": [[0], [1, 2]], "margin": 1.5, "provenance": {"where": "a.jsonl:3", ...}}

The other kinds are "demonstration", "choice", "rating", "edit" and "critique", each with the fields
of its type in `core.types`. Fields at their defaults are left out. A judgement that came from a
file keeps that place as its `where`; one without gets the place it is read from.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from plumbline.core.errors import nearest
from plumbline.core.types import (
    ROLES,
    Demonstration,
    Edit,
    Judgement,
    Message,
    Provenance,
    Ranking,
)

from .bad import Bad
from .fields import Row

KINDS: dict[str, type] = {kind.__name__.lower(): kind for kind in get_args(Judgement)}
_NAMES = {name: {f.name for f in fields(kind)} for name, kind in KINDS.items()}
FIELDS = tuple(sorted(set().union(*_NAMES.values())))
_READERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in KINDS.items()}


def to_row(judgement: Judgement) -> dict[str, Any]:
    """A judgement as JSON values, without what is at its default."""
    return {"judgement": type(judgement).__name__.lower(), **_plain(judgement)}


def from_row(row: Row, provenance: Provenance) -> Judgement:
    """The judgement that `to_row` wrote; Bad where it is none."""
    row = _present(row)
    kind = row.get("judgement")
    if not isinstance(kind, str) or kind not in KINDS:
        near = nearest(str(kind), KINDS)
        hint = f"did you mean {near!r}? " if near else ""
        raise Bad(f"unknown judgement {kind!r}", f"{hint}known: {', '.join(KINDS)}")
    names = _NAMES[kind]
    for name in row:
        if name not in names and name != "judgement":
            near = nearest(name, names)
            hint = f"did you mean {near!r}? " if near else ""
            raise Bad(f"a {kind} has no field {name!r}", f"{hint}known: {', '.join(sorted(names))}")
    judgement: Judgement = _typed(kind, {k: v for k, v in row.items() if k != "judgement"})
    _check(judgement)
    if judgement.provenance.where:
        return judgement
    return replace(judgement, provenance=replace(judgement.provenance, where=provenance.where))


def _present(value: Row) -> dict[str, Any]:
    """Without what is null: tables have a place for every field, and null is every default."""
    return {
        name: _present(item) if isinstance(item, dict) else item
        for name, item in value.items()
        if item is not None
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: _plain(getattr(value, f.name))
            for f in fields(value)
            if f.default is MISSING or getattr(value, f.name) != f.default
        }
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _typed(kind: str, values: dict[str, Any]) -> Judgement:
    """Strict types: nothing is coerced (JSON's lists stand for tuples)."""
    try:
        judgement: Judgement = _READERS[kind].validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or kind
        raise Bad(f"{place}: {first['msg'].lower()}", f"a {kind} as plumbline writes it") from None
    return judgement


def _check(judgement: Judgement) -> None:
    """What types alone do not say: roles, indices, probabilities."""
    for message in _messages(judgement):
        if message.role not in ROLES:
            raise Bad(f"unknown role {message.role!r}", f"known: {', '.join(ROLES)}")
    if isinstance(judgement, Ranking):
        ranked = [i for tier in judgement.tiers for i in tier]
        count = len(judgement.responses)
        if len(set(ranked)) != len(ranked) or any(not 0 <= i < count for i in ranked):
            raise Bad(f"tiers {judgement.tiers} of {count} responses", "name an index at most once")
        if not all(judgement.tiers):
            raise Bad("an empty tier", "leave it out")
        if judgement.p is not None and not (0 <= judgement.p <= 1 and count == 2):
            raise Bad(f"p = {judgement.p:g}", "p is in [0, 1], for two responses only")


def _messages(judgement: Judgement) -> list[Message]:
    if isinstance(judgement, Demonstration):
        return list(judgement.messages)
    match judgement:
        case Ranking(responses=responses):
            answers = responses
        case Edit(original=original, corrected=corrected, proposed=proposed):
            answers = (original, corrected, proposed)
        case _:
            answers = (judgement.response,)
    return [*judgement.prompt, *(message for answer in answers for message in answer)]
