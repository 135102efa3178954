"""How far a policy is from its reference, from answers it drew; and a coefficient that steers it.

    x = log pi(y_t|s_t) - log pi_ref(y_t|s_t)   at a token that pi drew
    k1 = x,   k2 = x^2 / 2,   k3 = exp(-x) - 1 + x

k1 and k3 have the mean KL(pi || pi_ref) (k3 is never negative), k2 is biased but near it where the
two are close (Schulman 2020, "Approximating KL divergence"). Their *gradients* are another matter:
as a loss, only k2's expectation has that of the KL (on answers that pi drew), k1's is 0 and k3's is
that of the other direction. Here they only measure, or k1 shapes the reward.

A sum over an answer is in nats a sequence, a mean over tokens in nats a token; the name says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Estimator = Literal["k1", "k2", "k3"]


def estimate(apart: np.ndarray, which: Estimator) -> np.ndarray:
    """The estimate at each token [T] from log-ratios [T] in nats."""
    if which == "k1":
        return apart
    if which == "k2":
        return apart**2 / 2
    return np.expm1(-apart) + apart


def per_sequence(apart: Sequence[np.ndarray], which: Estimator) -> float:
    """Nats a sequence, the mean over answers."""
    return float(np.mean([estimate(x, which).sum() for x in apart]))


def per_token(apart: Sequence[np.ndarray], which: Estimator) -> float:
    """Nats a token, the mean over all tokens."""
    return float(np.concatenate([estimate(x, which) for x in apart]).mean())


def by_position(apart: Sequence[np.ndarray], parts: int = 8) -> list[float]:
    """Mean k1 in nats a token by the token's place in its answer, `parts` of its length."""
    sums, counts = np.zeros(parts), np.zeros(parts)
    for x in apart:
        place = np.arange(len(x)) * parts // max(len(x), 1)
        sums += np.bincount(place, x, parts)
        counts += np.bincount(place, minlength=parts)
    return [float(s / c) if c else float("nan") for s, c in zip(sums, counts, strict=True)]


@dataclass
class Controller:
    """The weight of the KL in the reward: fixed, or moved towards a target.

    beta <- beta (1 + clip(kl / target - 1, -0.2, 0.2) answers / horizon)

    Ziegler et al. 2019, arXiv:1909.08593, section 2.2 (their K_beta is 1 / horizon, in answers).
    target: nats a sequence (0: beta stays).
    """

    beta: float
    target: float = 0.0
    horizon: int = 10_000

    def update(self, kl: float, answers: int) -> None:
        """After `answers` answers with a mean of `kl` nats a sequence."""
        if self.target:
            error = float(np.clip(kl / self.target - 1, -0.2, 0.2))
            self.beta *= 1 + error * answers / self.horizon
