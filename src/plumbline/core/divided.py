"""Items on which groups of judges differ: found, counted and shown, not averaged away.

A judge is for an item, against it or neither: of two answers for the first or for the second, of
one answer for or against it (a rating by the middle of its scale). A group is on the side of its
majority, on none where that is even. An item divides the groups if two of them are on opposite
sides.

Majorities of few people are opposed by chance, too, and most of all where opinions are halved. What
groups have to do with it is seen from how far they stand apart: with sides of 1, 0 and -1, the
largest distance (0 to 2) between the means of two groups, as a mean over items. Beside it stands
what it would be if groups meant nothing: with the values of each item dealt anew to its judges.

Judges without a group take no part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .judged import Codes, Judged, a_row, codes, known, several
from .stats import Floats, Interval, proportion_interval

DEALS = 10
SHOWN = 100
"""Divided items that are kept to be shown, the most divided first."""


@dataclass(frozen=True, slots=True)
class Side:
    """What `people` judges of a group said of an item: the mean of their values."""

    group: int
    mean: float
    people: int


@dataclass(frozen=True, slots=True)
class Divided:
    """`share` is of the items that two groups have judged (n), `count` how many are divided.

    apart: how far groups stand apart; dealt: the same if groups meant nothing. items: the most
    divided, at most `SHOWN`, with the sides of the groups that judged them.
    """

    share: Interval
    count: int
    apart: float
    dealt: float
    items: tuple[tuple[int, tuple[Side, ...]], ...]


def divided(judged: Judged, groups: Codes, middle: float, seed: int = 0) -> Divided:
    """The items on which the groups (a code for each row) are on opposite sides of `middle`."""
    both = several(judged.items, groups)
    judged, groups = judged.where(both), groups[both]
    if not len(judged.items):
        return Divided(Interval(math.nan, math.nan, math.nan, 0), 0, math.nan, math.nan, ())
    order = np.argsort(judged.items, kind="stable")
    item, part = codes(judged.items[order]), codes(judged.items[order], groups[order])
    values, first = judged.values, np.flatnonzero(np.diff(item, prepend=-1))
    side = np.sign(values[order] - middle)
    rng = np.random.default_rng(seed)
    dealt = [_apart(item, part, side[_shuffled(item, rng)]).mean() for _ in range(DEALS)]
    hits, apart, size = _opposed(item, part, side), _apart(item, part, side), np.bincount(item)
    worst = np.lexsort((-size, -apart))
    rows = [order[first[u] : first[u] + size[u]] for u in worst[hits[worst]][:SHOWN]]
    return Divided(
        proportion_interval(hits, judged.clusters[order][first]),
        int(hits.sum()),
        float(apart.mean()),
        float(np.mean(dealt)),
        tuple((int(judged.items[r[0]]), _sides(values[r], groups[r])) for r in rows),
    )


def _opposed(item: Codes, part: Codes, side: Floats) -> np.ndarray:
    """Whether two groups of each item have majorities on opposite sides."""
    majority = np.sign(np.bincount(part, side))
    owner = item[a_row(part)]
    return (np.bincount(owner, majority > 0) > 0) & (np.bincount(owner, majority < 0) > 0)


def _apart(item: Codes, part: Codes, side: Floats) -> Floats:
    """The largest distance between the mean sides of two groups of each item; items are sorted."""
    lean = np.bincount(part, side) / np.bincount(part)
    starts = np.flatnonzero(np.diff(item[a_row(part)], prepend=-1))
    return np.maximum.reduceat(lean, starts) - np.minimum.reduceat(lean, starts)


def _shuffled(item: Codes, rng: np.random.Generator) -> Codes:
    """Rows (sorted by item) in random order within each item."""
    return np.argsort(item + rng.random(len(item)))


def _sides(values: Floats, groups: Codes) -> tuple[Side, ...]:
    return tuple(
        Side(int(group), float(values[groups == group].mean()), int((groups == group).sum()))
        for group in known(groups).tolist()
    )
