"""Agreement of a judge with people, beside that of people with each other, on the same items.

    same    share of pairs of judgements that are equal, an item counting once however many judged
    alpha   Krippendorff's, ordinal, of pairs judge-person and of pairs person-person
            (`core.agreement`): both have the noise of single judgements in them, so the two numbers
            may be compared
    gap     same with the judge minus same among people, item by item

What people reach among each other is the measure: where they differ, nobody agrees with all. A
judge that errs less than one of them may agree with them more than they do with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plumbline.core.agreement import agreed, coincidences
from plumbline.core.judged import Codes, Judged
from plumbline.core.resampling import Measured
from plumbline.core.stats import Floats, Interval, mean_interval


@dataclass(frozen=True)
class Agreement:
    """`same` and `alpha` of some pairs of judgements."""

    same: Interval
    alpha: Measured


@dataclass(frozen=True)
class Beside:
    """On `items` that two people or more judged."""

    items: int
    judge: Agreement
    people: Agreement
    gap: Interval


def beside(answers: Floats, judge: Floats, clusters: Codes, seed: int = 0) -> Beside:
    """Of the judge's answers [I] (1, 0 or -1) and those of people [I, P], NaN where silent."""
    both = (~np.isnan(answers)).sum(axis=1) > 1
    values = np.column_stack([answers[both], judge[both]])
    owners = clusters[both]
    with_judge, among = same(answers[both], judge[both]), _among(answers[both])
    items, who = np.nonzero(~np.isnan(values))
    table = Judged.of(items, who, values[items, who], owners[items])
    person = who < answers.shape[1]
    return Beside(
        int(both.sum()),
        Agreement(
            mean_interval(with_judge, owners, seed), _alpha(table, person.astype(np.intp), seed)
        ),
        Agreement(mean_interval(among, owners, seed), _alpha(table.where(person), None, seed)),
        mean_interval(with_judge - among, owners, seed),
    )


def same(answers: Floats, judge: Floats) -> Floats:
    """The share of people [I, P] who said of an item what the judge says; NaN where nobody did."""
    there = (~np.isnan(answers)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray((answers == judge[:, None]).sum(axis=1) / there)


def _among(answers: Floats) -> Floats:
    """The share of pairs of people who said the same of an item that two or more judged."""
    there = (~np.isnan(answers)).sum(axis=1)
    alike = np.stack([(answers == value).sum(axis=1) for value in (-1, 0, 1)])
    return np.asarray((alike * (alike - 1)).sum(axis=0) / (there * (there - 1)))


def _alpha(table: Judged, between: Codes | None, seed: int) -> Measured:
    """Mirrored, since which answer is named first says nothing."""
    cells = coincidences(table, between=between, mirrored=True)
    return agreed(cells, ["ordinal"], seed=seed).alphas["ordinal"]
