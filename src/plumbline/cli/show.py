"""What the commands print: plain text that reads well in a terminal, a log and a pipe.

Colour only where the stream is a terminal and NO_COLOR is unset; nothing here costs an import.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

STYLES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "dim": "2"}


def coloured(stream: TextIO) -> bool:
    """Whether escape codes would be shown as colour."""
    return stream.isatty() and "NO_COLOR" not in os.environ


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """`text` in a style of `STYLES`, or unchanged where the stream is not a terminal."""
    return f"\033[{STYLES[style]}m{text}\033[0m" if coloured(stream or sys.stdout) else text


def say(text: str = "") -> None:
    print(text, flush=True)


def error(text: str) -> None:
    """One message on stderr, its first line marked."""
    print(f"{paint('error:', 'red', sys.stderr)} {text}", file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Left-aligned columns under a heading; the last column is as wide as it likes."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *cells]) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [list(head), *cells]
    ]
    return "\n".join([paint(lines[0], "bold"), *lines[1:]])


def some(what: str, places: Sequence[tuple[str, str]]) -> list[str]:
    """("file:line", why) pairs as a line a reason, with how many and the first three places."""
    reasons: dict[str, list[str]] = {}
    for where, why in places:
        reasons.setdefault(why, []).append(where.rpartition("/")[2])
    return [
        f"{what} {len(at)}: {why} ({', '.join(at[:3])}{', ...' if at[3:] else ''})"
        for why, at in reasons.items()
    ]


def amount(count: float, unit: str = "B") -> str:
    """1536 -> "1.5 kB": a size people can read."""
    for prefix in ("", "k", "M", "G", "T"):
        if abs(count) < 1000 or prefix == "T":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if not prefix else f"{count:.1f} {prefix}{unit}"
