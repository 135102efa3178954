"""The usable rows of a file, one at a time: for what takes whole rows and leaves the others.

A row that does not parse stops the job or, on request, is counted; one that parses and cannot be
used (no shared prompt, say) is counted. What is taken stays as it stood in the file, byte for byte.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from plumbline.core.errors import UserError

from ..forms import Form, recognise
from ..lines import check_name
from ..load import OnBadRow, Reading
from ..rows import Broken
from .batch import dumped, parsed
from .report import Tally
from .rule import Finding, said
from .source import Placed, placed

LONGEST = 16 << 20
"""Bytes of the longest line."""
Tick = Callable[[str, int, int], None]
"""Hears (phase, done, total): kB of the file for the rows, else rows."""


class Usable(NamedTuple):
    """A row, its number in the file, all that is said in it, and what it calls its source."""

    number: int
    where: str
    row: dict[str, Any]
    raw: bytes
    text: str
    source: str
    form: Form


def usable(
    source: str,
    on_bad_row: OnBadRow,
    tally: Tally,
    tick: Tick = lambda phase, done, total: None,
    only: Container[int] | None = None,
) -> Iterator[Usable]:
    """The rows of a file (of these numbers only); the others are counted in `tally`."""
    total = os.path.getsize(source) if os.path.isfile(source) else 0
    found = placed(source, LONGEST)
    first, form = beginning(found, on_bad_row, source)
    for number, (where, raw, done) in enumerate(chain(first, found)):
        if number % 1024 == 0:
            tick("rows (kB)", done >> 10, max(total, done) >> 10)
        if only is not None and number not in only:
            continue
        row, reading = parsed(raw), Reading(source, on_bad_row, form)
        reading.take(where, row)
        for rule, lost in (("unreadable", reading.bad), ("unusable", reading.dropped)):
            for place, why in lost:
                tally.add("removed", rule, Finding(why), place)
        if made := reading.judgements:
            line = raw.strip() if isinstance(raw, bytes) else dumped(row)
            text = "\n\n".join(said(one).whole for one in made)
            yield Usable(number, where, row, line, text, made[0].provenance.source, form)


def beginning(
    rows: Iterator[Placed], on_bad_row: OnBadRow, source: str
) -> tuple[list[Placed], Form]:
    """The rows up to the first that is one, and the form it has."""
    first: list[Placed] = []
    for one in rows:
        first.append(one)
        row = parsed(one.row)
        if isinstance(row, dict):
            try:
                return first, recognise(row)
            except UserError as error:
                raise UserError(error.what, where=one.where, fix=error.fix) from None
        if on_bad_row == "stop" or len(first) > 1000:
            break
    reasons = [f"\n  {one.where}: {row.what}" for one in first[:5]
               if isinstance(row := parsed(one.row), Broken)]  # fmt: skip
    raise UserError(
        f"no row could be read{''.join(reasons)}", where=source, fix="mend the rows or the file"
    )


def check_target(out: Path, *sources: str) -> None:
    """UserError, before anything is read, for a file that must not be written."""
    check_name(out)
    if out.is_dir() or any(out.resolve() == Path(source).resolve() for source in sources):
        what = "a folder stands there" if out.is_dir() else "the data would be written over itself"
        raise UserError(what, where=str(out), fix="name another --out")
