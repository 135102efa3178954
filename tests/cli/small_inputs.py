"""Rows and files small enough to read, for the tests of the command line; and how it refuses."""

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


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file's bytes and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def refuse(run: Run, place: Path, *args: object) -> str:
    """Run a command that must be refused; what it said on stderr."""
    before = tree(place)
    code, _, said = run(*args)
    assert code == 2, said
    assert "Traceback" not in said
    assert "\n  -> " in said, f"no remedy: {said}"
    after = tree(place)
    assert sorted(after) == sorted(before), "files came or went"
    assert after == before
    return said
