"""Kendall's tau-b: how far two rankings of the same answers agree, ties counted as ties.

    tau_b = sum_{i<j} a_ij b_ij / sqrt(sum a_ij^2 sum b_ij^2)

with a_ij = -1, 0, 1 as answer i is put below, level with or above answer j. 1 is the same order, -1
the reverse, 0 no relation. It is undefined where a ranking ties everything.
Source: Kendall 1945, The treatment of ties in ranking problems.

The formula is a cosine. With u the signs of a ranking over their length and U the sum of u over the
m rankings of an item, the mean tau of one with the others is (u . U - 1) / (m - 1), so that nobody
is compared with everybody one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .judged import Codes, a_row, by_judge, codes, known
from .resampling import DRAWS, Measured, mean, missing
from .stats import Floats

ALONE = "no item is shared with another judge who tells its answers apart"


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """R rankings in long form: row i says that ranking `rankings[i]` puts pair `pairs[i]` so.

    rankings, pairs, signs are of one length; items, judges, clusters have one value a ranking.
    Rankings of one item rank the same answers. A pair of answers has one code.
    """

    rankings: Codes
    pairs: Codes
    signs: Floats
    items: Codes
    judges: Codes
    clusters: Codes

    def apart(self, parts: Codes) -> Ranked:
        """The same with each item cut into one item a part (`parts`: a code for each ranking)."""
        items = codes(self.items, parts)
        pairs = codes(self.pairs, items[self.rankings])
        return Ranked(self.rankings, pairs, self.signs, items, self.judges, self.clusters)


def tau_b(a: ArrayLike, b: ArrayLike) -> float:
    """Of two columns of scores (or of ranks, or tiers); NaN where one of them ties everything."""
    x, y = _signs(a), _signs(b)
    assert len(x) == len(y), "two rankings of the same answers"
    length = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / length if length else math.nan


def taus(ranked: Ranked) -> Floats:
    """The mean tau of each ranking with the others of its item [R]; NaN where there are none."""
    count = len(ranked.items)
    if not count:
        return np.empty(0)
    square = np.bincount(ranked.rankings, ranked.signs**2, count)
    told = square > 0
    length = np.sqrt(np.where(told, square, 1))
    unit = ranked.signs / length[ranked.rankings]
    whole = np.bincount(ranked.pairs, unit)
    with_all = np.bincount(ranked.rankings, unit * whole[ranked.pairs], count)
    others = np.bincount(ranked.items, told)[ranked.items] - told
    kept = told & (others > 0)
    return np.where(kept, (with_all - 1) / np.where(kept, others, 1), np.nan)


def mean_tau(ranked: Ranked, *, draws: int = DRAWS, seed: int = 0, level: float = 0.95) -> Measured:
    """The mean over items of the mean tau between their judges; `n` counts the items."""
    found = taus(ranked)
    told = np.isfinite(found)
    item = codes(ranked.items[told])
    if not len(item):
        return missing(ALONE)
    values = np.bincount(item, found[told]) / np.bincount(item)
    clusters = ranked.clusters[told][a_row(item)]
    return Measured(mean(values, clusters, draws=draws, seed=seed, level=level))


def with_others(
    ranked: Ranked, *, draws: int = DRAWS, seed: int = 0, level: float = 0.95
) -> dict[int, Measured]:
    """The mean tau of each judge (by code) with the others; `n` counts the rankings compared."""
    found = dict.fromkeys(known(ranked.judges).tolist(), missing(ALONE))
    values = taus(ranked)
    told = np.flatnonzero(np.isfinite(values))
    for judge, places in by_judge(ranked.judges[told]):
        mine = told[places]
        own = mean(values[mine], ranked.clusters[mine], draws=draws, seed=seed, level=level)
        found[judge] = Measured(own)
    return found


def _signs(scores: ArrayLike) -> Floats:
    x = np.asarray(scores, dtype=np.float64)
    first, second = np.triu_indices(len(x), 1)
    return np.sign(x[first] - x[second])
