"""The alternative annotator test: would the others lose anything if the judge took one's place?

Person j is left out and compared with the judge f by how well each stands for the others, item by
item over the items that j and another person judged:

    S(x, i, -j) = share of the others whose answer x gave            (accuracy)
                = - sqrt(mean over the others of (x - their answer)^2)   (rmse)
    W_f = [S(judge) >= S(j)]      W_h = [S(j) >= S(judge)]       rho_f, rho_h their means over items

The judge wins against j where H0: rho_h - rho_f >= epsilon is rejected: a paired t-test of W_h -
W_f on 30 items or more, Wilcoxon's signed ranks on fewer. `epsilon` is what a person's work costs
more than the judge's: 0.2 for experts, 0.15 for skilled people, 0.1 for crowd workers. P-values are
adjusted over people (Benjamini and Yekutieli, at 0.05). The winning rate is the share of people it
wins against, and at 0.5 or more it may stand in for them; the advantage is the mean of rho_f: how
likely it is as good as a person taken at random or better.

Source: Calderon, Reichart and Dror 2025, The Alternative Annotator Test (arXiv:2501.10970), section
3, with the values of epsilon and the 30 items of their appendix of questions. They ask for three
people or more and 50 to 100 items. Left out: imbalanced labels, the single expert (appendix).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from plumbline.core.judged import Codes
from plumbline.core.resampling import resample
from plumbline.core.stats import Floats, Interval
from plumbline.evals.audit.p_values import adjusted, mean_below, ranks_below

Alike = Literal["accuracy", "rmse"]
LEVEL = 0.05
NORMAL = 30
"""Items from which a mean of differences is close enough to normal for a t-test."""
ADVISED = 50
"""Items that its authors ask for at least."""
NOBODY = Interval(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Held:
    """The judge beside one person (a column of the answers): `judge` is rho_f, `person` rho_h."""

    column: int
    items: int
    judge: float
    person: float
    p: float
    adjusted: float

    @property
    def won(self) -> bool:
        return self.adjusted <= LEVEL


@dataclass(frozen=True)
class Alternative:
    """One `Held` a person with enough items. `items`: those with two people or more; `few`: the
    columns of people with fewer than `least`; `why`: why there is no test."""

    epsilon: float
    items: int
    people: tuple[Held, ...]
    few: tuple[int, ...]
    advantage: Interval
    why: str = ""

    @property
    def winning(self) -> float:
        """The share of people it wins against; NaN where there is no test."""
        return sum(one.won for one in self.people) / len(self.people) if not self.why else math.nan


def alternative(
    answers: Floats,
    judge: Floats,
    epsilon: float = 0.1,
    *,
    least: int = NORMAL,
    alike: Alike = "accuracy",
    clusters: Codes | None = None,
    seed: int = 0,
) -> Alternative:
    """The test of `judge` [I items] against `answers` [I, P people], NaN where one was silent.

    clusters: what is drawn again for the interval of the advantage, a code an item.
    """
    said = ~np.isnan(answers)
    items = (said.sum(axis=1) > 1) & ~np.isnan(judge)
    said &= items[:, None]
    counts = said.sum(axis=0)
    tested = np.flatnonzero(counts >= least)
    few = tuple(np.flatnonzero((counts > 0) & (counts < least)).tolist())
    if len(tested) < 2:
        why = f"fewer than two people have judged {least} items each that another judged too"
        return Alternative(epsilon, int(items.sum()), (), few, NOBODY, why)
    wins, losses = np.full(said.shape, np.nan), np.full(said.shape, np.nan)
    for j in tested.tolist():
        rows = said[:, j]
        others = np.where(said[rows], answers[rows], np.nan)
        mine = others[:, j].copy()
        others[:, j] = np.nan
        theirs, own = _fit(judge[rows], others, alike), _fit(mine, others, alike)
        wins[rows, j], losses[rows, j] = theirs >= own, own >= theirs
    people = _tests(wins, losses, tested, epsilon)
    owners = np.arange(len(judge)) if clusters is None else clusters
    advantage = _advantage(wins[:, tested], owners, seed)
    return Alternative(epsilon, int(items.sum()), people, few, advantage)


def _fit(x: Floats, others: Floats, alike: Alike) -> Floats:
    """S of an answer an item with those of the others [I, P]."""
    if alike == "rmse":
        return np.asarray(-np.sqrt(np.nanmean((others - x[:, None]) ** 2, axis=1)))
    return np.asarray((others == x[:, None]).sum(axis=1) / (~np.isnan(others)).sum(axis=1))


def _tests(wins: Floats, losses: Floats, tested: Codes, epsilon: float) -> tuple[Held, ...]:
    found = []
    for j in tested.tolist():
        rows = ~np.isnan(wins[:, j])
        behind = losses[rows, j] - wins[rows, j]
        test = mean_below if len(behind) >= NORMAL else ranks_below
        found.append((float(wins[rows, j].mean()), float(losses[rows, j].mean()), behind, test))
    p = np.array([test(behind, epsilon) for _, _, behind, test in found])
    rows_of = zip(tested.tolist(), found, p.tolist(), adjusted(p).tolist(), strict=True)
    return tuple(
        Held(j, len(behind), won, lost, p, fair) for j, (won, lost, behind, _), p, fair in rows_of
    )


def _advantage(wins: Floats, owners: Codes, seed: int) -> Interval:
    """The mean over people of their mean over items, items drawn again by cluster."""
    cluster = np.unique(owners, return_inverse=True)[1].reshape(-1)
    there = ~np.isnan(wins)
    size = int(cluster.max()) + 1
    sums, counts = np.zeros((2, size, wins.shape[1]))
    np.add.at(sums, cluster, np.where(there, wins, 0.0))
    np.add.at(counts, cluster, there)

    def stat(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return ((weights @ sums) / (weights @ counts)).mean(axis=1)[:, None]

    return resample(stat, size, int(there.any(axis=1).sum()), seed=seed)[0]
