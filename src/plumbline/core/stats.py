"""Numbers with their uncertainty: an estimate, its interval, and how much was looked at.

Answers to one prompt are alike, so what is drawn again is the *cluster* (the prompt), never the
answer. Every mean here is a ratio of sums, theta = sum_c S_c / sum_c N_c over clusters c (N_c = 1
for a plain mean, tokens for nats a token), and the bootstrap draws C clusters with replacement:

    theta*_b = sum_{c in draw b} S_c / sum_{c in draw b} N_c,        b = 1..draws
    [low, high] = quantiles (alpha', 1 - alpha') of theta*,
    alpha' = Phi(sqrt(C / (C - 1)) * t_{alpha/2, C-1})

alpha' is the "expanded percentile" of Hesterberg 2015 (What Teachers Should Know about the
Bootstrap, section 4.2.4): a plain percentile interval of few clusters is too narrow by about
sqrt((C-1)/C) z / t, and this undoes it. Proportions take Wilson's interval (Wilson 1927) with n
divided by the design effect of the clusters (Kish 1965): the bootstrap would call 20 of 20 certain.

Nothing is known of the spread of a single cluster: low and high are then NaN (null in JSON),
never equal to the value. Left out: bias correction (BCa), more than one level of clusters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Clusters = Sequence[Any] | NDArray[Any] | None

DRAWS = 2000
_CHUNK = 1 << 20  # resampled indices held at once: 8 MB, whatever the number of clusters


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the ends of its interval (95 % unless asked) and the number of values."""

    value: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict[str, float | int | None]:
        """The form of `results.json`; what is not finite is null, since JSON has no NaN."""
        return {
            "value": _finite(self.value),
            "low": _finite(self.low),
            "high": _finite(self.high),
            "n": self.n,
        }

    @property
    def known(self) -> bool:
        """Whether value and both ends are numbers."""
        return all(map(math.isfinite, (self.value, self.low, self.high)))

    @property
    def clear(self) -> bool:
        """Whether the interval excludes 0 (a difference that these data support)."""
        return self.known and (self.low > 0 or self.high < 0)


def mean_interval(
    values: ArrayLike, clusters: Clusters = None, seed: int = 0, level: float = 0.95
) -> Interval:
    """The mean of `values`, resampled by cluster (one label a value; None: each its own)."""
    x = _column(values)
    return ratio_interval(x, np.ones_like(x), clusters, seed, level)


def ratio_interval(
    sums: ArrayLike,
    counts: ArrayLike,
    clusters: Clusters = None,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """sum(sums) / sum(counts), such as nats a token from nats and tokens a row; n counts rows."""
    s, c = _column(sums), _column(counts)
    assert len(s) == len(c), f"{len(s)} sums but {len(c)} counts"
    s_total, c_total = s.sum(), c.sum()
    if not (np.isfinite(s_total) and np.isfinite(c_total) and c_total > 0):
        return Interval(math.nan, math.nan, math.nan, len(s))
    s_of, c_of = by_cluster(clusters, s, c)
    value = float(s_total / c_total)
    if len(s_of) < 2:
        return Interval(value, math.nan, math.nan, len(s))
    low, high = expanded(_resampled_ratios(s_of, c_of, seed), len(s_of), level)
    # The value can lie outside by rounding alone when all clusters are equal.
    return Interval(value, min(low, value), max(high, value), len(s))


def paired_interval(
    a: ArrayLike, b: ArrayLike, clusters: Clusters = None, seed: int = 0, level: float = 0.95
) -> Interval:
    """mean(a - b) where a[i] and b[i] answer the same question; positive where `a` is larger."""
    x, y = _column(a), _column(b)
    assert len(x) == len(y), f"pairs need equal lengths, got {len(x)} and {len(y)}"
    return mean_interval(x - y, clusters, seed, level)


def proportion_interval(
    hits: ArrayLike, clusters: Clusters = None, level: float = 0.95
) -> Interval:
    """The share of true values (bools, or halves for ties), with Wilson's interval.

    With clusters, n is divided by the design effect; where all values agree none can be estimated,
    and the number of clusters is taken as the number of independent observations.
    """
    x = _column(hits)
    n = len(x)
    if n == 0 or not np.isfinite(x).all():
        return Interval(math.nan, math.nan, math.nan, n)
    assert x.min() >= 0 and x.max() <= 1, "a share is made of values in [0, 1]"
    p = float(x.mean())
    low, high = wilson(p, _effective_n(x, clusters), level)
    return Interval(p, low, high, n)


def wilson(p: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a share `p` of `n` independent observations."""
    z = _z(level)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half))


def difference_interval(a: Interval, b: Interval) -> Interval:
    """a - b for *independent* estimates, from their intervals alone; n is the smaller one.

    MOVER (Zou and Donner 2008): distances to the ends add in quadrature. For answers to the same
    prompts use `paired_interval`, which is usually much narrower.
    """
    value = a.value - b.value
    low = value - math.hypot(a.value - a.low, b.high - b.value)
    high = value + math.hypot(a.high - a.value, b.value - b.low)
    return Interval(value, low, high, min(a.n, b.n))


def bootstrap(
    stat: Callable[..., float],
    *columns: ArrayLike,
    clusters: Clusters = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Any statistic of aligned columns: `stat(*columns)`, called once a draw (use it for medians,
    correlations and the like; means have the quick functions above)."""
    arrays = [np.asarray(column) for column in columns]
    n = len(arrays[0])
    assert all(len(a) == n for a in arrays), "columns differ in length"
    value = float(stat(*arrays)) if n else math.nan
    members = _members(clusters, n)
    if len(members) < 2:
        return Interval(value, math.nan, math.nan, n)
    rng = np.random.default_rng(seed)
    drawn = np.empty(draws)
    for i in range(draws):
        rows = np.concatenate([members[j] for j in rng.integers(len(members), size=len(members))])
        drawn[i] = stat(*(a[rows] for a in arrays))
    low, high = expanded(drawn, len(members), level)
    return Interval(value, low, high, n)


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _column(values: ArrayLike) -> Floats:
    x = np.asarray(values, dtype=np.float64)
    assert x.ndim == 1, f"one column of numbers, got shape {x.shape}"
    return x


def _codes(clusters: Clusters, n: int) -> NDArray[np.intp]:
    """Cluster labels (any hashable) as 0..C-1, in order of first sight."""
    if clusters is None:
        return np.arange(n)
    assert len(clusters) == n, f"{n} values but {len(clusters)} cluster labels"
    seen: dict[Any, int] = {}
    return np.fromiter((seen.setdefault(c, len(seen)) for c in clusters), np.intp, n)


def by_cluster(clusters: Clusters, *columns: Floats) -> list[Floats]:
    """Each column summed by cluster, clusters in order of first sight."""
    codes = _codes(clusters, len(columns[0]))
    return [np.asarray(np.bincount(codes, column), dtype=np.float64) for column in columns]


def _members(clusters: Clusters, n: int) -> list[NDArray[np.intp]]:
    codes = _codes(clusters, n)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order])) + 1
    return np.split(order, starts) if n else []


def _resampled_ratios(sums: Floats, counts: Floats, seed: int) -> Floats:
    """The ratio in each of `DRAWS` draws of clusters, in chunks so that memory stays small."""
    rng = np.random.default_rng(seed)
    size = len(sums)
    step = max(1, _CHUNK // size)
    equal = bool((counts == counts[0]).all())  # plain means need no second gather
    parts = []
    for start in range(0, DRAWS, step):
        rows = rng.integers(size, size=(min(step, DRAWS - start), size), dtype=np.int32)
        below = counts[0] * size if equal else counts[rows].sum(1)
        with np.errstate(invalid="ignore", divide="ignore"):  # a draw of empty rows only
            parts.append(sums[rows].sum(1) / below)
    ratios = np.concatenate(parts)
    return ratios[np.isfinite(ratios)]


def expanded(drawn: Floats, clusters: int, level: float) -> tuple[float, float]:
    """The ends of the expanded percentile interval (see above) of bootstrap draws."""
    reach = math.sqrt(clusters / (clusters - 1)) * student(level, clusters - 1)
    tail = NormalDist().cdf(-reach)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def _effective_n(x: Floats, clusters: Clusters) -> float:
    """Independent observations that would give the same variance of the mean."""
    n = len(x)
    if clusters is None:
        return n
    codes = _codes(clusters, n)
    groups = int(codes.max()) + 1
    spread = float(x.var())
    if spread == 0 or groups < 2:
        return groups
    off = np.bincount(codes, weights=x - x.mean())
    variance = groups / (groups - 1) * float((off**2).sum()) / n**2
    return min(float(n), spread / variance) if variance > 0 else float(n)


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


def student(level: float, freedom: int) -> float:
    """Student's two-sided quantile: closed forms for 1 and 2 degrees, else Abramowitz-Stegun
    26.7.5 (within 0.3 % of the tables at 3 degrees, closer above)."""
    if freedom == 1:
        return math.tan(math.pi * level / 2)
    if freedom == 2:
        return level * math.sqrt(2 / (1 - level * level))
    z, v = _z(level), freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )
