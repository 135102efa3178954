"""Labels side by side: how far two sets of them say the same of the same pairs.

Two constitutions, two judges, two templates or two modes, each in a folder of its own: pairs meet
by their words, whatever principle stands over them. `same` is the share of equal verdicts, kappa
(`core.kappa`) the agreement beyond what both sets' habits bring by chance. A pair's log-odds are
the mean over its labels; pairs of which a set says nothing are left out. Shown are the pairs on
which two sets differ and lie furthest apart, with the principles they were judged by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from plumbline.core.heldout import opening
from plumbline.core.kappa import kappa
from plumbline.core.resampling import Measured
from plumbline.core.stats import Interval, proportion_interval
from plumbline.core.types import text_of
from plumbline.evals.folders import Run
from plumbline.feedback.judging.label import MADE_BY, Label, read_labels
from plumbline.feedback.judging.pooled import Pooled, Pooling, pooled

SHOWN = 3
"""Pairs a comparison of two sets."""
HOW = (
    "Sets of labels on the same pairs: two constitutions, say, or two judges. The share of pairs "
    "on which both prefer the same answer, and kappa, which is 0 where they agree as often as "
    "their habits alone would bring it, and 1 where they always do. Neither says who is right."
)
HEAD = ("labels", "beside", "pairs of both", "same verdict", "kappa")
APART = ("asked", "answers", "by", "prefers the")


Head = tuple[str, ...]
Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Together:
    """Two sets on `pairs` of both: the share of the same verdicts, kappa, and the pairs (the labels
    of each set on them) by how far apart they lie."""

    same: Interval
    kappa: Measured
    apart: tuple[tuple[Pooled, Pooled], ...]


def together(one: Sequence[Label], other: Sequence[Label]) -> Together | None:
    """Of two sets; None where they have no pair in common."""
    known = {pair.labels[0].pair: pair for pair in pooled(other, Pooling())}
    both = [
        (pair, _along(known[pair.labels[0].pair], pair))
        for pair in pooled(one, Pooling())
        if pair.labels[0].pair in known
    ]
    if not both:
        return None
    x, y = (np.sign([pair.logit for pair in side]) for side in zip(*both, strict=True))
    where = [opening(pair.prompt) for pair, _ in both]
    places = np.unique(where, return_inverse=True)[1]
    apart = sorted(both, key=lambda two: -abs(two[0].logit - two[1].logit))
    differ = tuple(two for two in apart if two[0].logit * two[1].logit < 0)
    return Together(
        proportion_interval((x == y).astype(float), where), kappa(x, y, clusters=places), differ
    )


def _along(pair: Pooled, first: Pooled) -> Pooled:
    """A pair with its answers in the order of another one's."""
    if pair.answers == first.answers:
        return pair
    turned = tuple(label.turned() for label in pair.labels)
    return Pooled(pair.prompt, first.answers, -pair.logit, turned)


def sections(runs: Sequence[Run]) -> list[tuple[str, tuple[str, ...], Head, Rows]]:
    """(title, paragraphs, heading, rows) for a page, of those runs that are labels: every two sets,
    and where they differ. Nothing where there are not two."""
    table: list[tuple[str, ...]] = []
    shown: list[tuple[str, ...]] = []
    for (name, one), (beside, other) in combinations(_sets(runs), 2):
        found = together(one, other)
        if found is None:
            table.append((name, beside, "0", "–", "–"))
            continue
        table.append((name, beside, f"{found.same.n:,}", said(found.same), said(found.kappa)))
        for two in found.apart[:SHOWN]:
            shown += _shown(dict(zip((name, beside), two, strict=True)))
    first = ("Labels side by side", (HOW,), HEAD, tuple(table))
    second = ("Where labels differ most", (), APART, tuple(shown))
    return [one for one in (first, second) if one[3]]


def _sets(runs: Sequence[Run]) -> Iterator[tuple[str, Sequence[Label]]]:
    for run in runs:
        for folder in run.folders:
            if (folder / MADE_BY).is_file():
                yield run.label, read_labels(folder)[1]


def _shown(two: Mapping[str, Pooled]) -> Iterator[tuple[str, ...]]:
    """A row a set: what was asked, both answers, the principles, and what the set prefers."""
    for row, (name, pair) in enumerate(two.items()):
        asked = " / ".join(message.content for message in pair.prompt)
        answers = " — ".join(text_of(one) or "(nothing)" for one in pair.answers)
        by = ", ".join(dict.fromkeys(label.principle for label in pair.labels))
        prefers = f"first, {pair.p:.2f}" if pair.logit > 0 else f"second, {1 - pair.p:.2f}"
        yield ("" if row else asked, "" if row else answers, f"{name}: {by}", prefers)


def said(found: Interval | Measured) -> str:
    """ "0.62 [0.58, 0.66]"."""
    i = found if isinstance(found, Interval) else found.interval
    return f"{i.value:.2f} [{i.low:.2f}, {i.high:.2f}]" if i.known else f"{i.value:.2f}"
