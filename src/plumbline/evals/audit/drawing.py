"""Which labels people are asked about: a stratified sample, the same for the same seed.

Labels are laid out in strata (axis, whether both orders name the same answer, and how sure the
judge is, in thirds), at random within each, and every N/n-th is taken from a random start. So each
label has the same chance n/N, each stratum gets its share of the sample to within one item, and a
label that is drawn stands for `weight` = N/n of them: plain means over the sample are right for the
whole. Source: Cochran 1977, Sampling Techniques, section 8 (systematic sampling). Left out: more
of a rare axis than its share; audit its labels alone for that.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.core.comparing import empty, same
from plumbline.core.ids import digest
from plumbline.feedback.judging.label import Label

THIRDS = 3
Key = tuple[str, str]
"""A pair (`Label.pair`) and a principle."""


@dataclass(frozen=True)
class Drawn:
    """A label that people judge, and how many labels it stands for."""

    label: Label
    weight: float


def drawn(labels: Sequence[Label], n: int, seed: int) -> list[Drawn]:
    """`n` labels, or all where there are fewer; those of equal or empty answers cannot be asked."""
    known = {key: one for key, one in unique(labels).items() if asks(one)}
    found, keys = list(known.values()), [digest([seed, *key]) for key in known]
    strata = _strata(found)
    order = sorted(range(len(found)), key=lambda i: (strata[i], keys[i]))
    n = min(n, len(order))
    step = len(order) / max(1, n)
    start = random.Random(f"audit/{seed}").random()
    places = [min(int((start + k) * step), len(order) - 1) for k in range(n)]
    return [Drawn(found[order[place]], step) for place in places]


def unique(labels: Sequence[Label]) -> dict[Key, Label]:
    """The first label of each pair under each principle, by both."""
    found: dict[Key, Label] = {}
    for one in labels:
        found.setdefault((one.pair, one.principle), one)
    return found


def asks(label: Label) -> bool:
    """Whether there is something to compare."""
    return not same(*label.answers) and not any(map(empty, label.answers))


def _strata(labels: Sequence[Label]) -> list[tuple[str, bool, int]]:
    verdicts = [one.verdict() for one in labels]
    sure = np.abs([verdict.logit for verdict in verdicts])
    third = np.argsort(np.argsort(sure, kind="stable")) * THIRDS // max(1, len(labels))
    return [
        (one.axis or one.principle, verdict.consistent, int(part))
        for one, verdict, part in zip(labels, verdicts, third, strict=True)
    ]
