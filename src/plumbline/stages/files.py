"""Where a stage finds the file in a folder that another stage made, and its rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.types import Judgement
from plumbline.core.views import left_out
from plumbline.data import read
from plumbline.data.load import OnBadRow

DATA, SAMPLES = "data.jsonl", "answers.jsonl"


def data_file(path: Path) -> Path:
    """The judgements of an input: the file itself, or a stage's `data.jsonl`."""
    return path / DATA if path.is_dir() else path


def rows(
    path: str | Path, say: Callable[[str], None], on_bad_row: OnBadRow = "stop"
) -> Sequence[Judgement]:
    """The judgements of a file; what of it cannot be used is said."""
    found = read(path, on_bad_row=on_bad_row)
    for line in left_out(found.bad + found.dropped + found.left):
        say(line)
    return found.judgements


def objects(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of a file of answers, each with its place ("file:line")."""
    if not file.is_file():
        raise UserError("no such file", where=str(file), fix="plumbline sample writes one")
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{file}:{number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UserError(f"not JSON: {error}", where=place) from None
            if not isinstance(row, dict):
                raise UserError("a line is no object", where=place)
            yield place, row
