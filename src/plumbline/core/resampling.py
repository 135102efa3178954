"""The bootstrap of statistics that are made of sums over clusters: weights are drawn, not rows.

A draw of C clusters with replacement is a row of counts w_1 .. w_C that add up to C. A statistic of
sums (of coincidences, of a confusion matrix) is the same statistic of weighted sums, so

    theta*_b = stat(w_b),   b = 1 .. draws,   [low, high] = `stats.expanded` of theta*

without looking at the rows again. `stats.bootstrap` takes any statistic and gathers rows a draw,
which is right for hundreds of clusters; this takes tens of thousands. Draws in which the statistic
is undefined (all values equal by chance) are left out. Where no draw differs, as when all judges
agree on everything, the interval has no width: it cannot know of what it has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .judged import Codes, codes
from .stats import Floats, Interval, expanded

DRAWS = 1000
_CHUNK = 1 << 20  # weights, or what a statistic gathers by them, held at once

Stat = Callable[[Floats], Floats]
"""Weights [B draws, C clusters] to statistics [B, S]; NaN where one is undefined."""


@dataclass(frozen=True, slots=True)
class Measured:
    """An estimate with its interval, or `why` there is none (then the numbers are NaN)."""

    interval: Interval
    why: str = ""

    @property
    def value(self) -> float:
        return self.interval.value

    def as_dict(self) -> dict[str, float | int | str | None]:
        """The interval as `results.json` has it, with `why` where there is no number."""
        return {**self.interval.as_dict(), **({"why": self.why} if self.why else {})}


def missing(why: str, n: int = 0) -> Measured:
    """No number, and the reason."""
    return Measured(Interval(math.nan, math.nan, math.nan, n), why)


def resample(
    stat: Stat,
    clusters: int,
    n: int,
    *,
    size: int = 0,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> list[Interval]:
    """S intervals of `stat`, each over `n` values; ends are NaN with one cluster or no draws.

    `size` is how many numbers the statistic holds at once for one draw, where more than `clusters`.
    """
    values = stat(np.ones((1, clusters)))[0]
    drawn = np.empty((0, len(values)))
    if clusters > 1 and draws:
        rng = np.random.default_rng(seed)
        step = max(1, _CHUNK // max(size, clusters))
        counts = [min(step, draws - start) for start in range(0, draws, step)]
        drawn = np.concatenate([stat(_weights(rng, count, clusters)) for count in counts])
    return [_interval(v, d, clusters, n, level) for v, d in zip(values, drawn.T, strict=True)]


def mean(
    values: Floats,
    clusters: Codes,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """The mean of at least one value, resampled by cluster (`stats.mean_interval` by weights)."""
    owner = codes(clusters)
    sums, counts = np.bincount(owner, values), np.bincount(owner)

    def stat(weights: Floats) -> Floats:
        return ((weights @ sums) / (weights @ counts))[:, None]

    return resample(stat, len(sums), len(values), draws=draws, seed=seed, level=level)[0]


def _weights(rng: np.random.Generator, draws: int, clusters: int) -> Floats:
    """How often each cluster is drawn, [draws, clusters]."""
    picked = rng.integers(clusters, size=(draws, clusters), dtype=np.int64)
    picked += np.arange(draws)[:, None] * clusters
    counts = np.bincount(picked.reshape(-1), minlength=draws * clusters)
    return counts.reshape(draws, clusters).astype(np.float64)


def _interval(value: float, drawn: Floats, clusters: int, n: int, level: float) -> Interval:
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn) or not math.isfinite(value):
        return Interval(float(value), math.nan, math.nan, n)
    low, high = expanded(drawn, clusters, level)
    # The value can lie outside by rounding alone when all clusters are equal.
    return Interval(float(value), min(low, float(value)), max(high, float(value)), n)
