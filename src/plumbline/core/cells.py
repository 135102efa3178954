"""How often one value met another: the table behind alpha and kappa, kept by cluster.

Of a table of L x L levels only the P cells that are not empty are held, and of each what every
cluster adds to it, so that a draw of clusters gives its own table in one pass, for five levels or
for five thousand. With met(c, k) the share of all meetings in a cell, p and q its margins,

    observed  D_o = sum_ck met(c, k) d(c, k)        expected  D_e = sum_ck p_c q_k d(c, k)

    nominal   d = [c != k]              D_e = 1 - sum_c p_c q_c
    linear    d = |x_c - x_k|           D_e = sum of F (1 - G) + G (1 - F) over the gaps of x
    interval  d = (x_c - x_k)^2         D_e = E_p x^2 + E_q x^2 - 2 E_p x E_q x
    ordinal   interval, with x_c the mid-rank of level c: sum_{g<c} p_g + p_c / 2

F and G are the cumulated margins. The ordinal row is that of Krippendorff 2011, section D: its
sum_{g=c..k} n_g - (n_c + n_k)/2 is a difference of mid-ranks. No D_e needs L x L numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .judged import ROOM, Codes, codes, tallied
from .stats import Floats

Metric = Literal["nominal", "ordinal", "linear", "interval"]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """P filled cells of a table of levels, in E parts: cell e belongs to cluster `owners[e]`.

    levels [L] ascending; rows, columns [P] index them; owners, amounts [E] are sorted by cell;
    starts [P] is where each cell's parts begin. `clusters` is how many clusters there are; where
    most have something in most cells, `whole` [clusters, P] has the parts as a matrix.
    """

    levels: Floats
    rows: Codes
    columns: Codes
    owners: Codes
    amounts: Floats
    starts: Codes
    clusters: int
    whole: Floats | None

    @classmethod
    def of(
        cls, levels: Floats, rows: Codes, columns: Codes, owners: Codes, amounts: Floats
    ) -> Cells:
        """From meetings in any order, several of one cell and cluster allowed; they may cancel."""
        owner = codes(owners)
        clusters = int(owner.max(initial=-1)) + 1
        cell = rows * len(levels) + columns
        part, total = tallied(cell * max(1, clusters) + owner, amounts)
        held, owner = np.divmod(part, max(1, clusters))
        filled, starts = np.unique(held, return_index=True)
        row, column = np.divmod(filled, max(1, len(levels)))
        whole = None
        if clusters * len(filled) <= ROOM * len(total):
            whole = np.zeros((clusters, len(filled)))
            whole[owner, np.searchsorted(filled, held)] = total
        return cls(levels, row, column, owner, total, starts, clusters, whole)

    @property
    def size(self) -> int:
        """How many numbers `drawn` holds for a draw."""
        return len(self.owners) if self.whole is None else len(self.starts)

    def drawn(self, weights: Floats) -> Floats:
        """What is in each cell, [B, P], where clusters count `weights` [B, clusters] times."""
        if self.whole is not None:
            return weights @ self.whole
        parts = weights.take(self.owners, axis=1)
        parts *= self.amounts
        return np.add.reduceat(parts, self.starts, axis=1)

    def margin(self, filled: Floats, side: Codes) -> Floats:
        """The sums [B, L] of cells [B, P] by their `rows` or their `columns`."""
        levels = len(self.levels)
        place = np.arange(len(filled))[:, None] * levels + side
        total = np.bincount(place.reshape(-1), filled.reshape(-1), len(filled) * levels)
        return total.astype(np.float64).reshape(-1, levels)

    def both_ways(self) -> Cells:
        """The same with each meeting of x and y half as one, and half as one of -x and -y."""
        levels = np.unique(np.concatenate([self.levels, -self.levels]))
        place = np.searchsorted(levels, self.levels)
        held = np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=len(self.owners)))
        rows, columns, last = place[self.rows[held]], place[self.columns[held]], len(levels) - 1
        return Cells.of(
            levels,
            np.concatenate([rows, last - rows]),
            np.concatenate([columns, last - columns]),
            np.tile(self.owners, 2),
            np.tile(self.amounts / 2, 2),
        )


def disagreement(cells: Cells, weights: Floats, metric: Metric) -> tuple[Floats, Floats, Floats]:
    """D_o, D_e and the number of meetings of each draw, [B] each.

    D_e is NaN where a draw has fewer than two levels: nothing could have differed.
    """
    filled = cells.drawn(weights)
    total = filled.sum(axis=1)
    met = filled / total[:, None]
    p, q = cells.margin(met, cells.rows), cells.margin(met, cells.columns)
    observed, expected = _OF[metric](cells, met, p, q)
    several = ((p + q) > 0).sum(axis=1) > 1
    return observed, np.where(several, expected, np.nan), total


def _nominal(cells: Cells, met: Floats, p: Floats, q: Floats) -> tuple[Floats, Floats]:
    return met @ (cells.rows != cells.columns), 1 - (p * q).sum(axis=1)


def _linear(cells: Cells, met: Floats, p: Floats, q: Floats) -> tuple[Floats, Floats]:
    x = cells.levels
    below, other = p.cumsum(axis=1)[:, :-1], q.cumsum(axis=1)[:, :-1]
    expected = (below * (1 - other) + other * (1 - below)) @ np.diff(x)
    return met @ np.abs(x[cells.rows] - x[cells.columns]), expected


def _interval(cells: Cells, met: Floats, p: Floats, q: Floats) -> tuple[Floats, Floats]:
    x = cells.levels - cells.levels.mean()  # squares of large numbers would lose the differences
    observed = met @ (x[cells.rows] - x[cells.columns]) ** 2
    return observed, p @ x**2 + q @ x**2 - 2 * (p @ x) * (q @ x)


def _ordinal(cells: Cells, met: Floats, p: Floats, q: Floats) -> tuple[Floats, Floats]:
    x = p.cumsum(axis=1) - p / 2 - 0.5
    observed = (met * (x[:, cells.rows] - x[:, cells.columns]) ** 2).sum(axis=1)
    mean_p, mean_q = (p * x).sum(axis=1), (q * x).sum(axis=1)
    return observed, ((p + q) * x**2).sum(axis=1) - 2 * mean_p * mean_q


_OF = {"nominal": _nominal, "ordinal": _ordinal, "linear": _linear, "interval": _interval}
