"""The same questions asked again, and another judge on the same items.

    retest   one judge twice (another seed, other draws): the share of pairs with the same verdict,
             and how far its probability moved
    drift    two judges, or one under two templates, on the items that people answered: the share of
             verdicts that flipped, and agreement with people after minus before, item by item, with
             its paired interval; each also by axis

Labels meet by pair and principle, whichever way round the answers stand. Items that one of the two
lacks are counted and left out: a change is of the judge and never of what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.core.heldout import opening
from plumbline.core.stats import Interval, mean_interval, paired_interval, proportion_interval
from plumbline.evals.audit.answered import Answered, probabilities, verdicts
from plumbline.evals.audit.beside import same
from plumbline.evals.audit.drawing import unique
from plumbline.feedback.judging.label import Label
from plumbline.feedback.judging.verdicts import By


@dataclass(frozen=True)
class Retest:
    """`same`: the share of equal verdicts, `moved`: the mean of |p - p'|; `alone`: labels that
    only one of the two has."""

    same: Interval
    moved: Interval
    axes: Mapping[str, Interval]
    alone: int


@dataclass(frozen=True)
class Change:
    """`flips`: the share of items with another verdict; `agreement`: with people, after minus
    before."""

    flips: Interval
    agreement: Interval


@dataclass(frozen=True)
class Drift:
    """On all items and by axis; `alone`: items of the gold set that the later labels lack."""

    whole: Change
    axes: Mapping[str, Change]
    alone: int


def retest(
    one: Sequence[Label], other: Sequence[Label], by: By = "logodds", ties: float = 0.0
) -> Retest:
    """How steady a judge is, from two label sets on the same questions."""
    both = met(one, other)
    first, second = [one[i] for i, _ in both], [twin for _, twin in both]
    equal = (verdicts(first, by, ties) == verdicts(second, by, ties)).astype(np.float64)
    moved = np.abs(probabilities(first, by) - probabilities(second, by))
    where = [opening(label.prompt) for label in first]
    axes = {
        axis: proportion_interval(equal[own], [where[i] for i in own])
        for axis, own in by_axis(first).items()
    }
    alone = len(unique(one)) + len(unique(other)) - 2 * len(both)
    return Retest(proportion_interval(equal, where), mean_interval(moved, where), axes, alone)


def drift(found: Answered, later: Sequence[Label], by: By = "logodds", ties: float = 0.0) -> Drift:
    """From the labels that people answered to `later` ones of the same items."""
    both = met(found.labels, later)
    rows, first = [i for i, _ in both], [found.labels[i] for i, _ in both]
    before, after = verdicts(first, by, ties), verdicts([twin for _, twin in both], by, ties)
    people, where = found.values[rows], found.clusters[rows]

    def change(own: Sequence[int]) -> Change:
        flips = (before[own] != after[own]).astype(np.float64)
        then, now = (same(people[own], some[own]) for some in (before, after))
        return Change(
            proportion_interval(flips, where[own]), paired_interval(now, then, where[own])
        )

    axes = {axis: change(own) for axis, own in by_axis(first).items()}
    return Drift(change(list(range(len(both)))), axes, len(found.labels) - len(both))


def met(one: Sequence[Label], other: Sequence[Label]) -> list[tuple[int, Label]]:
    """Where a label of `one` stands, and that of `other` on the same, turned as the first."""
    known, found = unique(other), {}
    for i, label in enumerate(one):
        twin = known.pop((label.pair, label.principle), None)
        if twin is not None:
            found[i] = twin if twin.answers == label.answers else twin.turned()
    return list(found.items())


def by_axis(labels: Sequence[Label]) -> dict[str, list[int]]:
    """The places of labels by axis (by principle where it has none)."""
    found: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        found.setdefault(label.axis or label.principle, []).append(i)
    return dict(sorted(found.items()))
