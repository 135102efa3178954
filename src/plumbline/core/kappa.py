"""Cohen's kappa: how far two judges agree beyond what their own habits bring by chance.

    kappa = 1 - D_o / D_e

D_o is the mean disagreement over items that both judged, D_e what two judges with these habits (the
margins of their table) would have on answers drawn apart. The disagreement of x and y is [x != y]
(Cohen 1960), |x - y| or (x - y)^2 (Cohen 1968, weighted kappa), of the values themselves, so a
level that nobody used leaves its gap. 1 is perfect agreement, 0 is chance.

One judge `with_others` is the same table of what they say against what another judge of the same
item says, drawn at random among those there are: an item counts once, however many judged it. With
one other judge it is Cohen's kappa. The mean of the kappas with each other judge would be undefined
as soon as two of them share few items.
Left out: weights other than these; prevalence- and bias-adjusted kappa.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .cells import Cells, Metric, disagreement
from .judged import Judged, by_judge, codes, joined, known, tallied
from .resampling import DRAWS, Measured, missing, resample
from .stats import Floats

Weights = Literal["none", "linear", "quadratic"]
METRIC: dict[Weights, Metric] = {"none": "nominal", "linear": "linear", "quadratic": "interval"}

ALONE = "no item is shared with another judge"
CONSTANT = "all values are equal"


def kappa(
    a: ArrayLike,
    b: ArrayLike,
    weights: Weights = "none",
    *,
    clusters: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> Measured:
    """Of two aligned columns of numbers; items that one of them left out (NaN) take no part."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    assert x.shape == y.shape and x.ndim == 1, f"two columns, got {x.shape} and {y.shape}"
    both = ~(np.isnan(x) | np.isnan(y))
    owners = np.arange(len(x)) if clusters is None else codes(np.asarray(clusters))
    levels, place = np.unique(np.concatenate([x[both], y[both]]), return_inverse=True)
    rows, columns = np.split(place, 2)
    cells = Cells.of(levels, rows, columns, owners[both], np.ones(len(rows)))
    return of_cells(cells, weights, len(rows), draws=draws, seed=seed, level=level)


def with_others(
    judged: Judged,
    weights: Weights,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> dict[int, Measured]:
    """The kappa of each judge (by code) with another of the same items; `n` counts the items."""
    found = dict.fromkeys(known(judged.judges).tolist(), missing(ALONE))
    for judge, n, cells in _against(judged.shared()):
        found[judge] = of_cells(cells, weights, n, draws=draws, seed=seed, level=level)
    return found


def of_cells(
    cells: Cells,
    weights: Weights,
    n: int,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> Measured:
    """Kappa of a table, one judge's values in its rows and another's in its columns."""
    if not n:
        return missing(ALONE)

    def stat(drawn: Floats) -> Floats:
        observed, expected, _ = disagreement(cells, drawn, METRIC[weights])
        return (1 - observed / expected)[:, None]

    found = resample(stat, cells.clusters, n, size=cells.size, draws=draws, seed=seed, level=level)[
        0
    ]
    return Measured(found, "" if math.isfinite(found.value) else CONSTANT)


def _against(judged: Judged) -> Iterator[tuple[int, int, Cells]]:
    """(judge, items, table) of each judge; every item here has two values or more."""
    item, levels = codes(judged.items), judged.levels
    keys, counts = tallied(item * len(levels) + judged.places)
    sizes = np.bincount(keys // max(1, len(levels)))
    starts, values = np.cumsum(sizes) - sizes, np.bincount(item)
    for judge, mine in by_judge(judged.judges):
        left, right = joined(starts[item[mine]], sizes[item[mine]])
        rows = judged.places[mine][left]
        columns = keys[right] % len(levels)
        others = counts[right] - (rows == columns)
        amounts = others / (values[item[mine]] - 1)[left]
        some = others > 0
        owners = judged.clusters[mine][left]
        cells = Cells.of(levels, rows[some], columns[some], owners[some], amounts[some])
        yield judge, len(mine), cells
