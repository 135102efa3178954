"""Two readings of one pair, in both orders, made into one label.

In each order the judge is asked which of two answers is better. Its log-odds for the answer that
stands first are

    l1 = log P(first) - log P(second)     the answers as x, y
    l2 = log P(first) - log P(second)     the answers as y, x

and a judge with true log-odds t for x and a taste b for what stands first has l1 = t + b and
l2 = -t + b. So (l1 - l2) / 2 is t, exactly, and (l1 + l2) / 2 is b. Averaging probabilities,

    p = (sigma(l1) + sigma(-l2)) / 2

shrinks: t = 1 with b = 2 gives 0.61 where sigma(1) = 0.73. Bai et al. 2022 (arXiv:2212.08073,
section 4.1) clamp the probabilities of reasoned verdicts to [0.4, 0.6], so that no margin exceeds
log(0.6 / 0.4) = 0.405; Lee et al. 2023 (arXiv:2309.00267, section 2.1.1) average probabilities.
Swapping the answers negates the label's log-odds exactly, in every way of combining.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Self

from plumbline.feedback.judging.judge import Weighed

By = Literal["logodds", "probability"]
CERTAIN = 30.0
"""Log-odds (nats) beyond which a verdict is as good as certain: keeps probabilities off 0 and 1."""


@dataclass(frozen=True)
class Reading:
    """A verdict in one order: log-probabilities (nats) of the option that names the answer that
    stands first and of the other; `residual`: probability that fell on neither. `draws`: how many
    answers it was counted from (0: read off the model's probabilities)."""

    first: float
    second: float
    residual: float = 0.0
    rationale: str = ""
    draws: int = 0

    @classmethod
    def of(cls, weighed: Weighed) -> Self:
        """What was read of two options."""
        first, second = weighed.options
        return cls(first, second, weighed.residual, weighed.reasons, weighed.draws)

    @property
    def logit(self) -> float:
        """Log-odds in nats for the answer that stands first."""
        if self.first == self.second:  # also where both have no probability at all
            return 0.0
        return max(-CERTAIN, min(CERTAIN, self.first - self.second))


@dataclass(frozen=True)
class Clamp:
    """Probabilities are held to [1 - most, most]: of each order, or once they are combined."""

    most: float = 0.6
    each: bool = False

    def __call__(self, logit: float) -> float:
        bound = logit_of(self.most)
        return max(-bound, min(bound, logit))


@dataclass(frozen=True)
class Verdict:
    """What both readings come to for the pair (x, y): log-odds that x is better, the taste for what
    stands first, both in nats, and whether both orders name the same answer."""

    logit: float
    taste: float
    consistent: bool

    @property
    def p(self) -> float:
        """The probability that x is better."""
        return sigma(self.logit)


def combined(
    one: Reading, other: Reading, by: By = "logodds", clamp: Clamp | None = None
) -> Verdict:
    """The verdict on (x, y): `one` read them in this order, `other` in the other order."""
    l1, l2 = one.logit, other.logit
    consistent = l1 * l2 < 0 or l1 == l2 == 0
    taste = (l1 + l2) / 2
    if clamp and clamp.each:
        l1, l2 = clamp(l1), clamp(l2)
    if by == "logodds":
        logit = (l1 - l2) / 2
    else:
        # The mean of sigma(l1) and sigma(-l2) as log-odds. Both sums have the same two terms, so
        # that an exchange of the answers negates the result to the last bit.
        logit = math.log(sigma(l1) + sigma(-l2)) - math.log(sigma(-l1) + sigma(l2))
    return Verdict(clamp(logit) if clamp and not clamp.each else logit, taste, consistent)


def sigma(logit: float) -> float:
    """The probability with these log-odds.

    >>> sigma(0.0)
    0.5
    """
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    return math.exp(logit) / (1 + math.exp(logit))


def logit_of(p: float) -> float:
    """The log-odds in nats of a probability inside (0, 1)."""
    return math.log(p) - math.log1p(-p)
