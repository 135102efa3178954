"""Rows of lines as they come over the wire, one JSON object a line; see `loading` for their fields.

One line that is none stops all, with its number: nothing is half added.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from plumbline.core.errors import UserError, nearest

KNOWN = ("prompt", "responses", "models", "known", "rank", "system", "tools")
LONGEST = 2**20
"""Bytes of one line."""


class Lines:
    """Rows with their places ("line 3"); `count` says how many came (empty ones apart)."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.lines, self.count = lines, 0

    def __iter__(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """UserError for a line that is no row."""
        for number, line in enumerate(self.lines, 1):
            if line.strip():
                self.count += 1
                yield f"line {number}", _row(line, f"line {number}")


def _row(line: bytes, place: str) -> dict[str, Any]:
    if len(line) > LONGEST:
        raise UserError(f"longer than {LONGEST >> 20} MB", where=place, fix="shorten it")
    try:
        row = json.loads(line)
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeError:
        raise UserError("half a character, or no UTF-8", where=place) from None
    except (ValueError, RecursionError):
        raise UserError("no JSON", where=place, fix="write one object a line") from None
    if not isinstance(row, dict):
        fix = 'write {"prompt": ..., "responses": [...]}'
        raise UserError("no object", where=place, fix=fix)
    for name in row:
        if name not in KNOWN:
            near = nearest(name, KNOWN)
            hint = f"did you mean {near!r}? " if near else ""
            fix = f"{hint}known: {', '.join(KNOWN)}"
            raise UserError(f"unknown field {name!r}", where=place, fix=fix)
    return row
