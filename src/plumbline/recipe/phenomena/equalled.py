"""What ways of making a model uphold values cost, compared where they uphold them equally.

Each way is tried at several strengths; strength 0 is the base, which all share. With o_k the share
upheld at strength k (rising in k) and l_k what was lost by then,

    target   o* = min(max_k o_k of one way, max_k o_k of the other)
    loss     l(o*) = l_k + (o* - o_k) / (o_(k+1) - o_k) * (l_(k+1) - l_k)

where k+1 is the least strength at which o* is reached. Intervals are a bootstrap: in each draw the
requests behind o and the items behind l are drawn anew (by cluster, the same for all models), and
target and losses follow from the draw. No strength is extrapolated; where a way upholds no more
than the base there is nothing to compare.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plumbline.core.stats import Interval, expanded, ratio_interval
from plumbline.evals.compare import by_prompt
from plumbline.evals.folders import Row

Floats = NDArray[np.float64]
DRAWS, LOST = 2000, 0.05
"""Draws, and the largest share of them that may have nothing to compare."""


@dataclass(frozen=True)
class Table:
    """One number of several models on the same items: sums and sizes [models, clusters], n items.

    A mean is sums over sizes; sizes are tokens for nats, else how many items.
    """

    sums: Floats
    sizes: Floats
    n: int

    def means(self, counts: Floats | None = None) -> Floats:
        """Of each model [models], or in each draw of clusters (counts [draws, clusters])."""
        if counts is None:
            counts = np.ones((1, self.sums.shape[1]))
            return self.means(counts)[0]
        return np.asarray(counts @ self.sums.T / (counts @ self.sizes.T), np.float64)

    def drawn(self, draws: int, seed: int) -> Floats:
        """The means of each model in bootstrap draws [draws, models]."""
        size = self.sums.shape[1]
        chances = np.full(size, 1 / size)
        counts = np.random.default_rng(seed).multinomial(size, chances, size=draws)
        return self.means(counts.astype(np.float64))

    def less(self, at: int, base: int = 0) -> Interval:
        """Model `at` less model `base`, paired."""
        found = ratio_interval(self.sums[at] - self.sums[base], self.sizes[base])
        return Interval(found.value, found.low, found.high, self.n)


def tabled(models: Sequence[Sequence[Row]], axis: str) -> Table:
    """The items that all models were asked, each the mean of a model's answers to it."""
    values = [by_prompt(rows, axis) for rows in models]
    tokens = by_prompt(models[0], "tokens")
    topics = {row.group: row.cluster for row in models[0]}
    asked = [item for item in values[0] if all(item in one for one in values)]
    places = {topic: i for i, topic in enumerate(dict.fromkeys(topics[item] for item in asked))}
    sums, sizes = (np.zeros((len(models), len(places))) for _ in range(2))
    for item in asked:
        place = places[topics[item]]
        sizes[:, place] += tokens.get(item, 1.0)
        sums[:, place] += [one[item] for one in values]
    return Table(sums, sizes, len(asked))


def loss_at(upheld: Floats, lost: Floats, target: float) -> float:
    """What is lost at the least strength that upholds `target`; nan where none does.

    upheld, lost: [strengths], from the base on.
    """
    for k in range(len(upheld) - 1):
        low, high = upheld[k], upheld[k + 1]
        if low <= target <= high and high > low:
            return float(lost[k] + (target - low) / (high - low) * (lost[k + 1] - lost[k]))
    return math.nan


def difference(
    upheld: Floats, lost: Floats, one: Sequence[int], other: Sequence[int]
) -> tuple[float, float, float]:
    """(target, loss of one way, loss of the other) of models [models]; ways are places of their
    models in order of strength, the base first."""
    target = float(min(upheld[list(one)].max(), upheld[list(other)].max()))
    if target <= upheld[one[0]]:
        return target, math.nan, math.nan
    first, second = (loss_at(upheld[list(w)], lost[list(w)], target) for w in (one, other))
    return target, first, second


@dataclass(frozen=True)
class Equal:
    """Two ways where they uphold equally: the share upheld, what each has lost by then, and what
    the first has lost more. n counts items of the loss (of target: requests)."""

    target: Interval
    one: Interval
    other: Interval
    more: Interval


def equal(
    upheld: Table, lost: Table, one: Sequence[int], other: Sequence[int], *, draws: int = DRAWS
) -> Equal:
    """Compare two ways; `lost` has what is less worth with a rising number (nats, say), as it
    stands: the base's own is taken off here. Without an interval where more than `LOST` of the
    draws have nothing to compare."""
    value = difference(upheld.means(), _from_base(lost.means()[None])[0], one, other)
    pairs = zip(upheld.drawn(draws, 0), _from_base(lost.drawn(draws, 1)), strict=True)
    drawn = np.array([difference(a, b, one, other) for a, b in pairs])
    clusters = min(upheld.sums.shape[1], lost.sums.shape[1])
    sizes = (upheld.n, lost.n, lost.n)
    target, first, second = (
        _interval(v, column, clusters, n)
        for v, column, n in zip(value, drawn.T, sizes, strict=True)
    )
    more = _interval(value[1] - value[2], drawn[:, 1] - drawn[:, 2], clusters, lost.n)
    return Equal(target, first, second, more)


def _from_base(means: Floats) -> Floats:
    return np.asarray(means - means[:, :1], np.float64)


def _interval(value: float, drawn: Floats, clusters: int, n: int) -> Interval:
    kept = drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or len(kept) < (1 - LOST) * len(drawn) or clusters < 2:
        return Interval(value, math.nan, math.nan, n)
    low, high = expanded(kept, clusters, 0.95)
    return Interval(value, min(low, value), max(high, value), n)
