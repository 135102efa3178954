"""A rate by a judge's labels, mended by the items that people judged too.

Of N + n items the judge gave all a value f, and people n, drawn at random, a value y. The judge's
rate has its errors in it; the people's is right and wide. Prediction-powered inference takes the
judge's on the N others and corrects it by its error where that is known:

    theta(l) = l mean_N f + mean_n (y - l f)
    V(l) = l^2 var_N f / N + var_n (y - l f) / n          interval theta +- z sqrt(V)

which is right on average whatever the judge is worth. The l that makes V smallest is

    l = cov_n(y, f) / ((1 + n / N) var f)

cut to [0, 1]: a useless judge gets 0, and what is left is the people's rate. Sources: Angelopoulos
et al. 2023, Prediction-Powered Inference (arXiv:2301.09633); l is the power tuning of Angelopoulos,
Duchi and Zrnic 2023, PPI++ (arXiv:2311.01453), section 6, for a mean.

Where y - l f never differs, V knows nothing of rarer errors: then the interval is as wide as
Wilson's for none of n. Left out: clusters (items to one prompt count as independent), other than
means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from plumbline.core.stats import Floats, Interval, wilson


@dataclass(frozen=True)
class Corrected:
    """The corrected rate, the judge's alone, the people's alone, and how far the judge counts."""

    rate: Interval
    judge: Interval
    people: Interval
    weight: float


def corrected(people: Floats, judge: Floats, others: Floats, level: float = 0.95) -> Corrected:
    """Of `people` [n] and `judge` [n] on the same items and `judge` on the `others` [N], all in
    [0, 1] and drawn from the same. With fewer than two of either there is nothing to mend."""
    n, rest = len(people), len(others)
    alone, naive = _plain(people, level), _plain(np.append(judge, others), level)
    if n < 2 or rest < 2:
        return Corrected(alone, naive, alone, 0.0)
    weight = _weight(people, judge, others)
    errors = people - weight * judge
    value = weight * float(others.mean()) + float(errors.mean())
    spread = weight**2 * float(others.var(ddof=1)) / rest + float(errors.var(ddof=1)) / n
    half = _half(spread, level, n if np.ptp(errors) == 0 else 0)
    return Corrected(_within(value, half, n + rest), naive, alone, weight)


def _plain(values: Floats, level: float) -> Interval:
    """The mean of values as they are."""
    n = len(values)
    if n < 2:
        return Interval(float(values.mean()) if n else math.nan, math.nan, math.nan, n)
    spread = float(values.var(ddof=1)) / n
    return _within(float(values.mean()), _half(spread, level, n if spread == 0 else 0), n)


def _half(spread: float, level: float, unseen: int) -> float:
    """Half an interval's width; of `unseen` items none differed."""
    half = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt(spread)
    return max(half, wilson(0.0, unseen, level)[1]) if unseen else half


def _within(value: float, half: float, n: int) -> Interval:
    value, low, high = np.clip([value, value - half, value + half], 0.0, 1.0).tolist()
    return Interval(value, low, high, n)


def _weight(people: Floats, judge: Floats, others: Floats) -> float:
    spread = float(np.append(judge, others).var(ddof=1))
    if spread == 0:
        return 0.0
    n, rest = len(people), len(others)
    shared = float(np.cov(people, judge)[0, 1])
    return min(1.0, max(0.0, shared / ((1 + n / rest) * spread)))
