"""Items from lines of JSON, as programs send them and people upload them:

    {"prompt": text or turns, "responses": [text or turns, ...], "models": ["a", "b"],
     "known": what is right (makes it a check), "rank": 0.5 (smaller ones are asked first)}

Only the prompt is needed (and responses, where the form asks about some). One line that cannot be
used stops all, with its number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from plumbline.core.errors import UserError, nearest
from plumbline.data import fields
from plumbline.data.bad import Bad
from plumbline.feedback.collecting.forms import Asked, Form, check_asked, checked
from plumbline.feedback.collecting.projects import Item

KNOWN = ("prompt", "responses", "models", "known", "rank", "system")
LONGEST = 2**20
"""Bytes of one line."""


class Lines:
    """Items of lines, one at a time; `count` says how many came so far (empty ones apart)."""

    def __init__(self, form: Form, lines: Iterable[bytes]) -> None:
        self.form, self.lines, self.count = form, lines, 0

    def __iter__(self) -> Iterator[Item]:
        """UserError where a line is none."""
        for number, line in enumerate(self.lines, 1):
            if line.strip():
                self.count += 1
                try:
                    yield _item(self.form, line)
                except Bad as bad:
                    raise UserError(bad.what, where=f"line {number}", fix=bad.fix) from None
                except UserError as error:
                    raise UserError(error.what, where=f"line {number}", fix=error.fix) from None


def _item(form: Form, line: bytes) -> Item:
    row = _row(line)
    asked = Asked(fields.prompt(row), tuple(_responses(row)))
    check_asked(form, asked)
    known = row.get("known")
    if known is not None and not isinstance(known, dict):
        raise Bad("'known' is no object", f"give what a judgement of a {form.kind} would be")
    rank = fields.maybe_number(row, "rank")
    return Item(
        asked, tuple(_models(row, len(asked.answers))),
        None if known is None else checked(form, asked, known), rank,
    )  # fmt: skip


def _row(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST:
        raise Bad(f"longer than {LONGEST >> 20} MB", "shorten it")
    try:
        row = json.loads(line)
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeError:
        raise Bad("no UTF-8 (or half a character)", "write whole characters") from None
    except (ValueError, RecursionError):
        raise Bad("no JSON", "write one object a line") from None
    if not isinstance(row, dict):
        raise Bad("no object", 'write {"prompt": ..., "responses": [...]}')
    for name in row:
        if name not in KNOWN:
            near = nearest(name, KNOWN)
            hint = f"did you mean {near!r}? " if near else ""
            raise Bad(f"unknown field {name!r}", f"{hint}known: {', '.join(KNOWN)}")
    return row


def _responses(row: fields.Row) -> Iterator[Any]:
    if row.get("responses") is not None:
        for one in fields.listed(row, "responses"):
            yield fields.response(one, "responses")


def _models(row: fields.Row, count: int) -> list[str]:
    if row.get("models") is None:
        return []
    names = fields.listed(row, "models")
    if len(names) != count or not all(isinstance(name, str) for name in names):
        raise Bad("'models' does not name who wrote each response", f"give {count} names")
    return names
