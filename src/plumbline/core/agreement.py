"""Krippendorff's alpha: how far judges agree beyond what their answers' frequencies alone bring.

    alpha = 1 - D_o / D_e,        o_ck = sum_u (pairs c-k in item u) / (m_u - 1)
    D_o = (1/n) sum_ck o_ck d(c, k),      D_e = 1/(n (n - 1)) sum_ck n_c n_k d(c, k)

with m_u the values item u has, o the coincidence matrix, n_c its margins, n their sum: the values
that have another to be compared with. 1 is perfect agreement, 0 is what chance gives, below 0 is
opposition. d is that of the metric (`core.cells`): nominal, ordinal, interval.
Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, sections C and D.

Two things are added. `between` restricts the pairs to judges of different groups; an item counts
m_u over its number of such pairs, which is the formula above where every judge is a group. So the
alpha between groups and that within them have the same noise of single judgements in them, and
differ only where groups do. (Means or majorities of groups are steadier than people are, so their
alpha may lie above that within groups although the groups differ.) `mirrored` is for comparisons
of two answers, whose value changes its sign with the order in which they are named: every item
counts half each way round, so the result does not depend on that order.

Left out: the metrics ratio, circular and bipolar; bootstrap of D_o alone with D_e held fixed
(Krippendorff's own), which takes no account of how uncertain the margins are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cells import Cells, Metric, disagreement
from .judged import Codes, Judged, a_row, codes, joined, tallied
from .resampling import DRAWS, Measured, missing, resample
from .stats import Floats, Interval

NOBODY = "no item has two judgements to compare"
CONSTANT = "all values are equal"


@dataclass(frozen=True, slots=True)
class Agreed:
    """`same` is the share of pairs of judgements that are equal; `alphas` has one a metric."""

    same: Measured
    alphas: dict[Metric, Measured]


def alpha(
    judged: Judged, metric: Metric, *, draws: int = DRAWS, seed: int = 0, level: float = 0.95
) -> Measured:
    """Alpha with its interval over clusters; `n` counts the values that can be paired.

    Undefined, and said in `why`, where no item has two values or where all values are equal.
    """
    found = agreed(coincidences(judged), [metric], draws=draws, seed=seed, level=level)
    return found.alphas[metric]


def agreed(
    cells: Cells,
    metrics: Sequence[Metric],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> Agreed:
    """The share of equal pairs, and alpha by each metric, from one set of draws."""
    if not len(cells.starts):
        return Agreed(missing(NOBODY), dict.fromkeys(metrics, missing(NOBODY)))

    def stat(weights: Floats) -> Floats:
        same = 1 - disagreement(cells, weights, "nominal")[0]
        return np.stack([same, *(_alpha(cells, weights, m) for m in metrics)], axis=1)

    n = round(float(cells.amounts.sum()))
    found = resample(stat, cells.clusters, n, size=cells.size, draws=draws, seed=seed, level=level)
    said = [Measured(one, _why(one)) for one in found]
    return Agreed(said[0], dict(zip(metrics, said[1:], strict=True)))


def coincidences(judged: Judged, *, between: Codes | None = None, mirrored: bool = False) -> Cells:
    """The coincidence matrix; `between` has a group for each row, and pairs of one group are out.

    Cells add up to n. Values of `mirrored` tables are turned about 0.
    """
    item, levels = codes(judged.items), len(judged.levels)
    every = _meetings(item, judged.places, levels)
    barred = _barred(item, judged.places, between, levels)
    values = np.bincount(item)
    pairs = values**2 - np.bincount(barred[0], barred[3], len(values))
    weight = np.divide(values, pairs, out=np.zeros(len(values)), where=pairs > 0)
    items, rows, columns, met = map(np.concatenate, zip(every, barred, strict=True))
    met[len(every[3]) :] *= -1
    kept = weight[items] > 0
    items, rows, columns = items[kept], rows[kept], columns[kept]
    clusters = judged.clusters[a_row(item)][items]
    found = Cells.of(judged.levels, rows, columns, clusters, met[kept] * weight[items])
    return found.both_ways() if mirrored else found


def _alpha(cells: Cells, weights: Floats, metric: Metric) -> Floats:
    observed, expected, n = disagreement(cells, weights, metric)
    return 1 - observed / expected * (n - 1) / n


Meetings = tuple[Codes, Codes, Codes, Floats]
"""(item, c, k, how often) of levels that meet in an item."""


def _meetings(unit: Codes, level: Codes, levels: int) -> Meetings:
    """n_uc n_uk of every two levels that a unit has, so a value meets itself, too."""
    keys, counts = tallied(unit * max(1, levels) + level)
    owner, place = np.divmod(keys, max(1, levels))
    sizes = np.bincount(owner)
    first, second = joined((np.cumsum(sizes) - sizes)[owner], sizes[owner])
    return owner[first], place[first], place[second], counts[first] * counts[second]


def _barred(item: Codes, level: Codes, between: Codes | None, levels: int) -> Meetings:
    """What does not count: of each value with itself, or with all of its group."""
    if between is None:
        return item, level, level, np.ones(len(item))
    part = codes(item, between)
    unit, rows, columns, met = _meetings(part, level, levels)
    return item[a_row(part)][unit], rows, columns, met


def _why(found: Interval) -> str:
    return "" if math.isfinite(found.value) else CONSTANT
