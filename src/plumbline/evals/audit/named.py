"""What an author's name does to a judge, whatever the answer: the same pairs, the names exchanged.

With L the log-odds for the answer of the judge's kin, told who wrote what, and L' the same with the
names exchanged (so that the stranger's answer bears the kin's name),

    name = (L - L') / 2        content = (L + L') / 2

in nats: a judge that minds answers alone has name = 0. flips: the share of pairs whose verdict
follows the name. Only pairs of which one answer is by kin are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.core.heldout import opening
from plumbline.core.stats import Interval, mean_interval, proportion_interval
from plumbline.evals.audit.stability import met
from plumbline.feedback.judging.label import Label
from plumbline.feedback.judging.verdicts import By


@dataclass(frozen=True)
class Named:
    """Nats towards the answer that bears the kin's name, and verdicts that follow it."""

    name: Interval
    flips: Interval


def named(
    told: Sequence[Label], swapped: Sequence[Label], kin: Sequence[str], by: By = "logodds"
) -> Named | None:
    """From labels with the authors told and with their names exchanged; None where no pair has
    exactly one answer by kin."""
    name, flips, where = [], [], []
    for i, twin in met(told, swapped):
        label = told[i]
        own = [author in kin for author in label.models]
        if sum(own) == 1:
            turn = 1 if own[0] else -1
            first, second = (turn * one.verdict(by).logit for one in (label, twin))
            name.append((first - second) / 2)
            flips.append(first > 0 > second)
            where.append(opening(label.prompt))
    if not name:
        return None
    return Named(mean_interval(np.array(name), where), proportion_interval(flips, where))
