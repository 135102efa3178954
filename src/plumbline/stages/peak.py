"""When to stop an online training: at the peak of what nobody optimises.

As the optimised reward rises, the true one rises and then falls. Three signs say that the peak is
near without knowing the true reward (Gao et al. 2023, arXiv:2210.10760; Coste et al. 2023,
arXiv:2310.02743):

    KL              the policy is further from the model as given than its budget (`kl.most`)
    watched         a reward that is not optimised (weight 0), say a reward model trained on other
                    comparisons, has stopped rising
    disagreement    the members of an ensemble differ far more than they did at first: the answers
                    are no longer like those that they were taught on

A watched reward is a mean over one iteration's answers and noisy; what counts is the mean over
`patience` iterations in a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plumbline.core.errors import UserError
from plumbline.feedback.rewards import Ensemble, Total
from plumbline.stages.online_settings import Stop


def check(stop: Stop, reward: Total) -> None:
    """UserError where there is nothing to watch, or no ensemble to disagree."""
    count = len(reward.rewards)
    if not 0 <= stop.watch <= count:
        raise UserError(
            f"there is no reward {stop.watch} among {count}",
            where="stop.watch",
            fix="give its place among the rewards, from 1 on, as in reward.weights",
        )
    if stop.watch and stop.patience < 1:
        raise UserError("patience is 1 iteration at least", where="stop.patience")
    if stop.disagreement and not any(isinstance(one, Ensemble) for one in reward.rewards):
        raise UserError(
            "there is no ensemble that could disagree",
            where="stop.disagreement",
            fix="give several reward models and reward.ensemble=true",
        )


def highest(watched: Sequence[float], patience: int) -> int:
    """The iteration that ends the `patience` iterations in a row of the highest mean; -1 where
    there are fewer."""
    if len(watched) < patience:
        return -1
    means = np.convolve(watched, np.full(patience, 1 / patience), "valid")
    return int(np.argmax(means)) + patience - 1


def passed(watched: Sequence[float], patience: int) -> bool:
    """Whether the highest mean is `patience` iterations ago, so that the newest one shares no
    iteration with it.

    >>> passed([0.0, 1.0, 2.0, 1.0, 1.0], 2), passed([0.0, 1.0, 2.0, 3.0, 2.0], 2)
    (True, False)
    """
    at = highest(watched, patience)
    return at >= 0 and len(watched) - 1 - at >= patience
