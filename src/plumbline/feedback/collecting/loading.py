"""From rows of a file to items: a prompt with the answers that people are to judge.

    {"prompt": text or turns, "responses": [text or turns, ...], "models": ["a", "b"],
     "known": {"tiers": [[0], [1]]}, "rank": 0.5}

This is what `plumbline sample` writes, too. A form of single answers (a thumb, a correction, a
critique) makes an item of each response; a pair, a ranking or a rating takes as many different ones
as it may, in order; a demonstration needs the prompt only. Answers without words are left out, and
where all others of a row are equal there is nothing to compare, and no item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Response
from plumbline.core.views import empty
from plumbline.data import fields
from plumbline.data.bad import Bad
from plumbline.feedback.collecting.bodies import checked
from plumbline.feedback.collecting.forms import ANSWERS, Asked, Form, check_asked
from plumbline.feedback.collecting.projects import Item

EACH = ("thumb", "correction", "critique")
"""Forms that look at one answer at a time."""


def items_in(
    rows: Iterable[tuple[str, Mapping[str, Any]]],
    form: Form,
    nothing: Callable[[str], None] = lambda place: None,
) -> Iterator[Item]:
    """The items of rows, each with its place ("file:line"); `nothing` hears of rows without any.
    UserError naming the place for a row that cannot be asked about."""
    for place, row in rows:
        try:
            found = items_of(row, form)
            if not found:
                nothing(place)
            yield from found
        except Bad as bad:
            raise UserError(bad.what, where=place, fix=bad.fix) from None
        except UserError as error:
            raise UserError(error.what, where=place, fix=error.fix) from None


def items_of(row: Mapping[str, Any], form: Form) -> list[Item]:
    """The items of one row. Bad, or UserError, for one that cannot be asked about."""
    prompt = fields.prompt(row)
    given = row.get("responses") or []
    if not isinstance(given, list):
        raise Bad("'responses' is no list", "give the answers as a list")
    said = [fields.response(one, "responses") for one in given]
    models = row.get("models") or [""] * len(said)
    if not isinstance(models, list) or len(models) != len(said):
        raise Bad("'models' does not name one model an answer", "give as many names as responses")
    known = row.get("known")
    return items_from(
        prompt, said, models, form,
        known=known if isinstance(known, dict) else None, rank=fields.maybe_number(row, "rank"),
    )  # fmt: skip


def items_from(
    prompt: Conversation,
    said: Sequence[Response],
    models: Sequence[Any],
    form: Form,
    *,
    known: Mapping[str, Any] | None = None,
    rank: float | None = None,
) -> list[Item]:
    """The items of a prompt and what models said to it; none where there is nothing to compare.
    UserError for answers that this form cannot ask about."""
    worded = [i for i, one in enumerate(said) if not empty(one)]
    left, names = [said[i] for i in worded], [models[i] for i in worded]
    few, most = ANSWERS[form.kind]
    if form.kind in EACH:
        groups = [([one], [name]) for one, name in zip(left, names, strict=True)]
    else:
        kept, names = _different(left, names, most)
        groups = [] if len(kept) < few <= len(said) else [(kept, names)]
    found = []
    for answers, who in groups:
        asked = Asked(prompt, tuple(answers))
        check_asked(form, asked)
        right = None if known is None else checked(form, asked, known)
        found.append(Item(asked, tuple(map(str, who)), right, rank))
    return found


def _different(
    said: list[Response], models: list[Any], most: int
) -> tuple[list[Response], list[Any]]:
    """The first of equal answers, at most so many."""
    first = dict(zip(reversed(said), reversed(models), strict=True))
    kept = list(dict.fromkeys(said))[:most]
    return kept, [first[one] for one in kept]
