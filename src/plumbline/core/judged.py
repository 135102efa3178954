"""Values by item and judge, in long form: a row for each value that was given.

A table of items x judges is mostly empty once there are many judges, so what is kept is its filled
places. An item and a judge are codes (any whole numbers, gaps allowed); a judge gives an item at
most one value. Items with one `cluster` (answers to one prompt, say) are drawn again together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .stats import Floats

Codes = NDArray[np.intp]

ROOM = 8  # places a row: up to here counting codes is quicker than sorting them


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """N values: row i says that judge `judges[i]` gave item `items[i]` the value `values[i]`.

    A value is kept as the place of its level among all `levels`, which are ascending; a part of the
    rows may have fewer levels than that. clusters: what is drawn again when uncertainty is asked
    for, the same for all rows of an item.
    """

    items: Codes
    judges: Codes
    places: Codes
    clusters: Codes
    levels: Floats

    @classmethod
    def of(cls, items: Codes, judges: Codes, values: Floats, clusters: Codes) -> Judged:
        """From aligned columns."""
        levels, places = np.unique(values, return_inverse=True)
        return cls(items, judges, places, clusters, levels)

    @classmethod
    def table(
        cls, rows: Iterable[Sequence[float | None]], clusters: ArrayLike | None = None
    ) -> Judged:
        """From items x judges, None or NaN where a judge was silent; a cluster for each item."""
        numbers = [[np.nan if v is None else float(v) for v in row] for row in rows]
        filled = np.array(numbers).reshape(len(numbers), -1 if numbers else 0)
        items, judges = np.nonzero(~np.isnan(filled))
        own = np.arange(len(filled)) if clusters is None else codes(np.asarray(clusters))
        assert len(own) == len(filled), f"{len(filled)} items but {len(own)} clusters"
        return cls.of(items, judges, filled[items, judges], own[items])

    @property
    def values(self) -> Floats:
        return self.levels[self.places]

    def where(self, chosen: NDArray[np.bool_]) -> Judged:
        """The rows for which `chosen` is true."""
        if chosen.all():
            return self
        return Judged(
            self.items[chosen],
            self.judges[chosen],
            self.places[chosen],
            self.clusters[chosen],
            self.levels,
        )

    def apart(self, parts: Codes) -> Judged:
        """The same with each item cut into one item a part (`parts`: a code for each row)."""
        return replace(self, items=codes(self.items, parts))

    def shared(self) -> Judged:
        """The rows of items that two judges or more have judged."""
        return self.where(several(self.items))


def several(items: Codes, parts: Codes | None = None) -> NDArray[np.bool_]:
    """True for the rows of items that have two rows or more, or rows of two `parts` or more."""
    item = codes(items)
    rows = item if parts is None else item[a_row(codes(item, parts))]
    return (np.bincount(rows) > 1)[item]


def codes(*columns: NDArray) -> Codes:
    """Rows of aligned columns as 0..k-1, ascending: equal rows, and only they, have one code."""
    found = _dense(columns[0])
    for column in columns[1:]:
        other = _dense(column)
        found = _dense(found * (int(other.max(initial=0)) + 1) + other)
    return found


def known(column: Codes) -> Codes:
    """The values of a column of codes, each once, ascending."""
    return np.flatnonzero(np.bincount(column)) if _few(column) else np.unique(column)


def a_row(dense: Codes) -> Codes:
    """For each of the codes 0..k-1 a place where it stands."""
    found = np.zeros(int(dense.max(initial=-1)) + 1, np.intp)
    found[dense] = np.arange(len(dense))
    return found


def tallied(keys: Codes, amounts: Floats | None = None) -> tuple[Codes, Floats]:
    """(key, total) of each key, ascending; the amounts of a key (1 each) that cancel leave none."""
    if _few(keys):
        totals = np.bincount(keys, amounts)
        found = np.arange(len(totals))
    else:
        found, place = np.unique(keys, return_inverse=True)
        totals = np.bincount(place.reshape(-1), amounts, len(found))
    kept = np.abs(totals) > 1e-12
    return found[kept], totals[kept].astype(np.float64)


def joined(starts: Codes, sizes: Codes) -> tuple[Codes, Codes]:
    """(i, j) for every i and every j of starts[i] .. starts[i] + sizes[i] - 1, in order."""
    left = np.repeat(np.arange(len(sizes)), sizes)
    begun = np.cumsum(sizes) - sizes
    return left, np.arange(len(left)) - begun[left] + starts[left]


def by_judge(judges: Codes) -> Iterator[tuple[int, Codes]]:
    """Each judge's code with the places where it stands."""
    order = np.argsort(judges, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(judges[order])) + 1):
        if len(mine):
            yield int(judges[mine[0]]), mine


def _dense(column: NDArray) -> Codes:
    if column.dtype.kind == "i" and _few(column):
        there = np.zeros(int(column.max()) + 1, bool)
        there[column] = True
        return (np.cumsum(there) - 1)[column]
    return np.unique(column, return_inverse=True)[1].reshape(-1)


def _few(keys: Codes) -> bool:
    return bool(len(keys) and keys.min() >= 0 and keys.max() < ROOM * len(keys) + 1)
