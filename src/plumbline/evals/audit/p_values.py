"""Three tests: a mean below a bound, signed ranks below a bound, and several tests at once.

Student's t with a whole number v of degrees of freedom has a closed distribution: with
theta = atan(t / sqrt(v)), s and c its sine and cosine,

    P(|T| < t) = s (1 + 1/2 c^2 + (1 3)/(2 4) c^4 + ... c^(v-2))                      v even
               = 2/pi (theta + s c (1 + 2/3 c^2 + (2 4)/(3 5) c^4 + ... c^(v-3)))     v odd

(Abramowitz and Stegun 26.7.3 and 26.7.4). Wilcoxon's signed ranks (1945) get the mean rank where
sizes tie, and their distribution is that of every sign being free, counted and not approximated.
Benjamini and Yekutieli 2001 (theorem 1.3) bound the share of false rejections among m tests however
these depend on each other; as adjusted p-values of p_(1) <= ... <= p_(m),

    p~_(i) = min_{k >= i} min(1, p_(k) m c(m) / k),      c(m) = 1 + 1/2 + ... + 1/m
"""

from __future__ import annotations

import math

import numpy as np

from plumbline.core.stats import Floats


def mean_below(values: Floats, bound: float) -> float:
    """One-sided p of "the mean is at least `bound`" by Student's t, for two values or more.

    >>> round(mean_below(np.array([0.0, 1.0, 2.0, 3.0]), 2.0), 4)
    0.2475
    """
    spread, off = float(values.std(ddof=1)), float(values.mean()) - bound
    if spread == 0:
        return float(off >= 0)
    return student(off / spread * math.sqrt(len(values)), len(values) - 1)


def student(t: float, freedom: int) -> float:
    """P(T < t).

    >>> round(student(2.015, 5), 4), round(student(-1.812, 10), 4), student(0.0, 3)
    (0.95, 0.05, 0.5)
    """
    theta = math.atan(t / math.sqrt(freedom))
    s, c = math.sin(theta), math.cos(theta)
    odd = freedom % 2
    steps = np.arange(1, (freedom - 1) // 2 if odd else freedom // 2)
    terms = c * c * (2 * steps / (2 * steps + 1) if odd else (2 * steps - 1) / (2 * steps))
    total = 1 + float(np.cumprod(terms).sum())
    more = s * c * total if freedom > 1 else 0.0
    inside = 2 / math.pi * (theta + more) if odd else s * total
    return min(1.0, max(0.0, 0.5 + inside / 2))


def ranks_below(values: Floats, bound: float) -> float:
    """One-sided p of "values lie symmetrically about `bound` or above" by Wilcoxon's signed ranks.

    >>> ranks_below(np.array([-1.0, -2.0, -3.0]), 0.0)
    0.125
    """
    off = values - bound
    off = off[off != 0]
    _, place, count = np.unique(np.abs(off).round(12), return_inverse=True, return_counts=True)
    # Twice the mean rank is a whole number, so that the sums can be counted.
    doubled = (2 * np.cumsum(count) - count + 1)[place]
    ways = np.ones(1)
    for rank in doubled.tolist():
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    seen = int(doubled[off > 0].sum())
    return float(ways[: seen + 1].sum() / ways.sum())


def adjusted(p: Floats) -> Floats:
    """Benjamini and Yekutieli's adjusted p-values, in the order of `p`."""
    m = len(p)
    order = np.argsort(p, kind="stable")
    harmonic = float((1 / np.arange(1, m + 1)).sum())
    scaled = p[order] * m * harmonic / np.arange(1, m + 1)
    found = np.empty(m)
    found[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return found
