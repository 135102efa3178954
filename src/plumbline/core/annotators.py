"""Each judge among the others: agreement with the own group, with everybody, and reliability.

    own, others   with another judge of the same item, of the own group or of all: the mean tau-b of
                  rankings, kappa of thumbs, quadratic kappa of ratings (the values are spaced)
    accuracy      how often they say what is true for their group, if their group has one truth
                  (`core.reliability`, within each group alone); as wide as if the truth were known
                  and one item of each cluster counted

Judges without a group are in none, but where nobody has one all are taken for one group. A judge
far below the others of the own group misunderstands the task, tires, or does not belong there; one
who agrees with the own group and not with the others speaks for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import kappa, tau
from .judged import Codes, Judged, a_row, codes, known
from .reliability import fit
from .resampling import DRAWS, Measured, missing
from .sheets import THUMBS, Collected, Sheet
from .stats import Interval, wilson
from .types import Judge

CLASSES = 11
"""Levels that Dawid and Skene's model takes for classes: a scale from 0 to 10."""
NO_GROUP = "names no group"
FEW = "fewer than three judges of the group share items"
MANY = f"more than {CLASSES} levels, which are no classes"
RISING = "EM did not settle"


@dataclass(frozen=True, slots=True)
class Annotator:
    """A judge among the others; see the module. `values` counts what was given."""

    judge: Judge
    values: int
    own: Measured
    others: Measured
    accuracy: Measured


def annotators(
    found: Collected, sheet: Sheet, *, draws: int = DRAWS, seed: int = 0
) -> tuple[Annotator, ...]:
    """The judges of a sheet, in the order in which they first came."""
    counts = np.bincount(sheet.judged.judges)
    named = np.array([bool(group) for group in found.groups])[found.group_of]
    part = np.where(named, found.group_of, len(found.groups) + np.arange(len(named)))
    if not named.any():
        named, part = ~named, np.zeros_like(part)
    others = _with_others(sheet, None, draws, seed)
    own = others if not part.any() else _with_others(sheet, part, draws, seed)
    accuracy = _accuracies(sheet.judged, part)
    none = missing(NO_GROUP)
    return tuple(
        Annotator(
            found.judges[judge],
            int(counts[judge]),
            own[judge] if named[judge] else none,
            others[judge],
            accuracy[judge] if named[judge] else none,
        )
        for judge in np.flatnonzero(counts).tolist()
    )


def _with_others(sheet: Sheet, part: Codes | None, draws: int, seed: int) -> dict[int, Measured]:
    """Of each judge of the sheet; with `part` [J] only judges of one part are compared."""
    if (ranked := sheet.ranked) is not None:
        ranked = ranked if part is None else ranked.apart(part[ranked.judges])
        none = missing(tau.ALONE)
        found = tau.with_others(ranked, draws=draws, seed=seed)
        return {judge: found.get(judge, none) for judge in known(sheet.judged.judges).tolist()}
    judged = sheet.judged if part is None else sheet.judged.apart(part[sheet.judged.judges])
    how: kappa.Weights = "none" if sheet.form == THUMBS else "quadratic"
    return kappa.with_others(judged, how, draws=draws, seed=seed)


def _accuracies(judged: Judged, part: Codes) -> dict[int, Measured]:
    """Of each judge, estimated within their part alone."""
    found: dict[int, Measured] = {}
    of_row = part[judged.judges]
    for group in known(of_row):
        mine = judged.where(of_row == group)
        found |= dict.fromkeys(known(mine.judges).tolist(), missing(FEW))
        shared = mine.shared()
        if len(known(shared.judges)) > 2:
            found |= _accuracy(shared)
    return found


def _accuracy(judged: Judged) -> dict[int, Measured]:
    judges = known(judged.judges)
    if len(known(judged.places)) > CLASSES:
        return dict.fromkeys(judges.tolist(), missing(MANY))
    made = fit(judged)
    if not made.settled:
        return dict.fromkeys(judges.tolist(), missing(RISING))
    both = codes(judged.judges, judged.clusters)
    first = a_row(both)
    clusters = np.bincount(codes(judged.judges)[first])
    values = np.bincount(codes(judged.judges))
    shares = np.minimum(made.accuracy, 1.0)
    return {
        int(judge): Measured(Interval(float(p), *wilson(float(p), int(n)), int(values[j])))
        for j, (judge, p, n) in enumerate(zip(made.judges, shares, clusters, strict=True))
    }
