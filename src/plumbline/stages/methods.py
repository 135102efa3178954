"""The online methods by name: an objective, how a reward becomes advantages, and usual numbers.

Strings and numbers only, so that the command line reads it without torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plumbline.core.errors import unknown


@dataclass(frozen=True, slots=True)
class Method:
    """`kl` says where beta acts: each token's reward, an answer's reward, or the loss (k3).

    n: answers a prompt; epochs, minibatches: passes over an iteration's answers, updates a pass.
    """

    name: str
    objective: str
    credit: Literal["gae", "group", "left-out", "mean"]
    kl: Literal["token-reward", "reward", "loss"]
    beta: float
    n: int
    epochs: int
    minibatches: int
    whiten: bool
    critic: bool
    paper: str
    summary: str


_METHODS = (
    Method(
        "ppo", "ppo", "gae", "token-reward", 0.05, 4, 2, 4, True, True,
        "Schulman et al. 2017, arXiv:1707.06347; Ziegler et al. 2019, arXiv:1909.08593",
        "clipped surrogate, a critic, advantages a token by GAE, KL in the reward of each token",
    ),
    Method(
        "grpo", "grpo", "group", "loss", 0.04, 8, 1, 1, False, False,
        "Shao et al. 2024, arXiv:2402.03300",
        "clipped surrogate on rewards standardised among a prompt's answers, k3 in the loss",
    ),
    Method(
        "rloo", "reinforce", "left-out", "reward", 0.05, 4, 1, 1, False, False,
        "Ahmadian et al. 2024, arXiv:2402.14740",
        "REINFORCE on whole answers, less the mean of the prompt's other answers",
    ),
    Method(
        "reinforce", "reinforce", "mean", "reward", 0.05, 4, 1, 1, True, False,
        "Williams 1992",
        "REINFORCE on whole answers, less the mean of the batch",
    ),
)  # fmt: skip

METHODS = {method.name: method for method in _METHODS}


def method(name: str) -> Method:
    """The method `name`; UserError with the nearest name where unknown."""
    if name not in METHODS:
        raise unknown("online method", name, METHODS)
    return METHODS[name]
