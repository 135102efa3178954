"""Metrics as sums and counts, and the file they are written to.

One JSON object a line. On resume the file is cut back to the checkpoint's step, so that it equals
an uninterrupted run's but for times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from plumbline.core import atomic
from plumbline.objectives.base import Term


class Sums:
    """Named sums and counts over micro-batches; means only at the end."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, float] = {}
        self._ends: dict[str, tuple[str, float]] = {}
        """The largest or smallest of a name, behind which of the two it is."""

    def add(self, terms: Mapping[str, Term]) -> None:
        for name, term in terms.items():
            value, count = float(_plain(term.sum)), float(_plain(term.count))
            if term.fold == "mean":
                self._add(name, value, count)
            elif count:
                self._end(name, term.fold, value)

    def merge(self, other: Sums) -> None:
        """Add what another one has counted."""
        for name, count in other._counts.items():
            self._add(name, other._sums[name], count)
        for name, (fold, value) in other._ends.items():
            self._end(name, fold, value)

    def only(self, names: Mapping[str, str]) -> Sums:
        """Some of the means under other names."""
        kept = Sums()
        for name, other in names.items():
            kept._add(other, self._sums[name], self._counts[name])
        return kept

    def _add(self, name: str, value: float, count: float) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + value
        self._counts[name] = self._counts.get(name, 0.0) + count

    def _end(self, name: str, fold: str, value: float) -> None:
        known = self._ends.get(name, (fold, value))[1]
        self._ends[name] = fold, max(known, value) if fold == "max" else min(known, value)

    def means(self) -> dict[str, float]:
        """Mean (or end) of each name; a name that never counted is left out."""
        means = {name: self._sums[name] / n for name, n in self._counts.items() if n}
        return means | {name: value for name, (_, value) in self._ends.items()}


class MetricsFile:
    """`metrics.jsonl` of a run; every line is flushed as it is written."""

    def __init__(self, path: Path, *, keep_through: int = -1) -> None:
        """Open for appending, keeping only the lines of steps up to `keep_through`."""
        self.path = path
        kept = [line for line in read(path) if line["step"] <= keep_through]
        text = "".join(_line(entry) for entry in kept)
        atomic.write_text(path, text)  # makes the folder; a kill here keeps the old lines
        self._file = path.open("a", encoding="utf-8")

    def write(self, entry: Mapping[str, Any]) -> None:
        self._file.write(_line(entry))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a metrics file (a kill can leave a torn last one, which is left out)."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def _line(entry: Mapping[str, Any]) -> str:
    rounded = {k: float(f"{v:.8g}") if isinstance(v, float) else v for k, v in entry.items()}
    return json.dumps(rounded) + "\n"


def _plain(value: Tensor | float) -> Tensor | float:
    return value.detach() if isinstance(value, Tensor) else value
