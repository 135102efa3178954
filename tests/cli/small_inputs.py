"""Rows and files small enough to read, for the tests of the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Run = Callable[..., tuple[int, str, str]]
WORDS = ["red", "green", "blue", "small", "large", "old", "new", "warm", "cold", "quiet"]


def pair(i: int) -> dict[str, str]:
    """One comparison; 40 of them have 40 different prompts."""
    return {
        "prompt": f"Say something {WORDS[i % 10]} about number {i}.",
        "chosen": f"Number {i} is kind.",
        "rejected": f"Number {i} is {WORDS[(i + 3) % 10]}, so what.",
    }


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
