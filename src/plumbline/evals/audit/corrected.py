"""A rate by a judge's labels, mended by the items that people judged too.

Of N + n items the judge gave all a value f, and people n, drawn at random, a value y. The judge's
rate has its errors in it; the people's is right and wide. Prediction-powered inference takes the
judge's on the N others and corrects it by its error where that is known:

    theta(l) = l mean_N f + mean_n (y - l f)

which is right on average whatever the judge is worth. Items of one cluster (a prompt) hang
together, and some of them may be among the n and some among the N. With c running over the clusters
of both, and C_n and C_N of them among either,

    b_c = sqrt(C_n / (C_n - 1)) sum_{n, in c} (y - mean_n y) / n
    a_c = sqrt(C_N / (C_N - 1)) sum_{N, in c} (f - mean_N f) / N
          - sqrt(C_n / (C_n - 1)) sum_{n, in c} (f - mean_n f) / n
    V(l) = sum_c (b_c + l a_c)^2              interval theta +- t_{C_n - 1} sqrt(V)

and the l that makes V smallest is -sum a_c b_c / sum a_c^2, cut to [0, 1]: a useless judge gets 0,
and what is left is the people's rate. With a cluster an item V is l^2 var_N f / N +
var_n (y - l f) / n. Sources: Angelopoulos et al. 2023, Prediction-Powered Inference
(arXiv:2301.09633); l is the power tuning of Angelopoulos, Duchi and Zrnic 2023, PPI++
(arXiv:2311.01453), section 6; V over clusters: Liang and Zeger 1986.

V knows nothing of errors that are too rare for the n, so no interval is narrower on either side
than Wilson's for none of C_n. Every item has the same chance to be among the n: `drawing` sees to
that in every stratum, so that no weights are needed, and strata only make theta steadier than V
says. Left out: samples of unequal chances, and other rates than means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from plumbline.core.stats import (
    Clusters,
    Floats,
    Interval,
    by_cluster,
    proportion_interval,
    student,
    wilson,
)


@dataclass(frozen=True)
class Corrected:
    """The corrected rate, the judge's alone, the people's alone, and how far the judge counts."""

    rate: Interval
    judge: Interval
    people: Interval
    weight: float


def corrected(
    people: Floats, judge: Floats, others: Floats, clusters: Clusters = None, level: float = 0.95
) -> Corrected:
    """Of `people` [n] and `judge` [n] on the same items and `judge` on the `others` [N], all in
    [0, 1] and drawn from the same; `clusters` [n + N] are of these, then of the others. With fewer
    than two clusters of either there is nothing to mend: the rate is the people's."""
    n = len(people)
    own, rest = (clusters[:n], clusters[n:]) if clusters is not None else (None, None)
    alone = proportion_interval(people, own, level)
    naive = proportion_interval(np.append(judge, others), clusters, level)
    some, more = (_count(one, k) for one, k in ((own, n), (rest, len(others))))
    if some < 2 or more < 2:
        return Corrected(alone, naive, alone, 0.0)
    y, f, g = _shares(people, some), _shares(judge, some), _shares(others, more)
    b, a = by_cluster(clusters, np.append(y, np.zeros(len(g))), np.append(-f, g))
    weight = min(1.0, max(0.0, float(-(a @ b) / (a @ a)))) if a.any() else 0.0
    value = weight * float(others.mean()) + float((people - weight * judge).mean())
    half = student(level, some - 1) * float(np.sqrt(((b + weight * a) ** 2).sum()))
    ends = _within(value, max(half, wilson(0.0, some, level)[1]), n + len(others))
    return Corrected(ends, naive, alone, weight)


def _count(clusters: Clusters, items: int) -> int:
    return items if clusters is None else len(set(clusters))


def _shares(values: Floats, clusters: int) -> Floats:
    """What each item adds to the error of the mean, in so many clusters."""
    return (values - values.mean()) / len(values) * math.sqrt(clusters / (clusters - 1))


def _within(value: float, half: float, n: int) -> Interval:
    value, low, high = np.clip([value, value - half, value + half], 0.0, 1.0).tolist()
    return Interval(value, low, high, n)
