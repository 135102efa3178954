"""What people are asked: kinds of forms, and items that fit them. `bodies` are the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation, Response

Kind = Literal["ranking", "pair", "thumb", "rating", "demonstration", "correction", "critique"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ANSWERS: dict[Kind, tuple[int, int]] = {
    "ranking": (2, 9),
    "pair": (2, 2),
    "thumb": (1, 1),
    "rating": (1, 9),
    "demonstration": (0, 0),
    "correction": (1, 1),
    "critique": (1, 1),
}
"""Fewest and most answers of an item."""


@dataclass(frozen=True)
class Axis:
    """What an answer is rated on, from `low` to `high`; `anchors` say what the ends mean."""

    name: str
    low: int = 1
    high: int = 5
    anchors: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Form:
    """A kind and its options. strength: also ask how much better; ties: allow them; none: allow "no
    answer is acceptable"; axes: of a rating; turns: most assistant turns of a demonstration;
    reviser: the model that turns a critique into a revision, when a person asks for it."""

    kind: Kind
    strength: bool = False
    ties: bool = True
    none: bool = True
    axes: tuple[Axis, ...] = (Axis("overall"),)
    turns: int = 1
    reviser: str = ""


@dataclass(frozen=True)
class Asked:
    """An item: what is judged."""

    prompt: Conversation
    answers: tuple[Response, ...]


_FORM = TypeAdapter(Form)


def form_of(values: Mapping[str, Any]) -> Form:
    """A form from its JSON. UserError for what is none."""
    if values.get("kind") not in KINDS:
        raise unknown("form", str(values.get("kind")), KINDS)
    try:
        form: Form = _FORM.validate_python(dict(values))
    except ValidationError as error:
        raise misfit(error, "form") from None
    if form.reviser and form.kind != "critique":
        raise UserError(f"a model revises after a critique, not a {form.kind}")
    if form.kind == "rating" and not form.axes:
        raise UserError("a rating needs an axis", fix="name what is rated")
    for axis in form.axes:
        if not (axis.name and axis.low < axis.high <= axis.low + 100):
            raise UserError(f"axis {axis.name!r} runs from {axis.low} to {axis.high}",
                            fix="give it a name and two ends, at most 100 apart")  # fmt: skip
    return form


def told(form: Form) -> dict[str, Any]:
    """A form as JSON for those who judge: not theirs to know is which model revises."""
    return asdict(form) | {"reviser": ""}


def check_asked(form: Form, asked: Asked) -> None:
    """UserError for an item that this form cannot ask about."""
    few, many = ANSWERS[form.kind]
    if not few <= len(asked.answers) <= many:
        wanted = str(few) if few == many else f"{few} to {many}"
        raise UserError(
            f"a {form.kind} is of {wanted} answers, and there are {len(asked.answers)}",
            fix="draw as many (--n), or take another form",
        )
    if not asked.prompt and not asked.answers:
        raise UserError("an item with neither a prompt nor an answer")


def misfit(error: ValidationError, what: str) -> UserError:
    """The first thing that does not fit, and where."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or what
    return UserError(f"{place}: {first['msg'].lower()}", where=what)
