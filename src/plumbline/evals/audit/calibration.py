"""What a judge's probabilities are worth: of verdicts it is c sure of, do people share c?

With p the judge's probability that the first answer is better and y_j in {0, 1/2, 1} what person j
said of it (1/2 for a tie), each item is turned towards the judge's own verdict, so that the order
of the answers does not count:

    c = max(p, 1 - p)      r = mean over people of y_j, or of 1 - y_j where p < 1/2
    ECE = sum over bins b of n_b / n |mean_b c - mean_b r|
    Brier = mean over items of mean over people of (p - y_j)^2

So a judge is calibrated if a person drawn at random agrees with it in a share c of such cases, and
where people are divided it should be unsure. Bins hold about equally many items each (Nixon et al.
2019, arXiv:1904.01685: with equal widths most verdicts of a sure judge fall into one).

The ECE of a sample is too large, as absolute values of noise add up, and that of a bootstrap draw
is too large again: a percentile interval never reaches 0. With d_b the bin's term before its
absolute value is taken and d*_b a draw's, the interval is

    [max(0, ECE - q), ECE + q]      q = the 95 % quantile of sum over bins of |d*_b - d_b|

since |sum |d_b| - sum |delta_b|| <= sum |d_b - delta_b| for the true delta_b: it holds them in 95 %
of samples or more, and 0 in 95 % where the judge is calibrated. Sources: Guo et al. 2017
(arXiv:1706.04599), eq. 3; Brier 1950. Left out: recalibration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plumbline.core.judged import Codes
from plumbline.core.resampling import resample
from plumbline.core.stats import Floats, Interval, mean_interval

BINS, FULL = 10, 20
"""At most so many bins, each of at least so many items."""


@dataclass(frozen=True)
class Bin:
    """Verdicts of which the judge is about equally sure: the mean of c, and how many agree."""

    sure: float
    agree: Interval


@dataclass(frozen=True)
class Calibration:
    """`bins` from the least to the most sure: the reliability curve."""

    bins: tuple[Bin, ...]
    ece: Interval
    brier: Interval


def calibration(p: Floats, answers: Floats, clusters: Codes, seed: int = 0) -> Calibration:
    """Of probabilities [I] that the first answer is better, against the answers of people [I, P]
    (1, 0 or -1: the first is better, level or worse; NaN where one was silent, but not all)."""
    y = (answers + 1) / 2
    share = np.nanmean(y, axis=1)
    sure, agree = np.maximum(p, 1 - p), np.where(p < 0.5, 1 - share, share)
    bins = _bins(sure)
    brier = np.nanmean((p[:, None] - y) ** 2, axis=1)
    return Calibration(
        tuple(
            Bin(float(sure[own].mean()), mean_interval(agree[own], clusters[own], seed))
            for own in (bins == b for b in range(int(bins.max()) + 1))
        ),
        _ece(sure - agree, bins, clusters, seed),
        mean_interval(brier, clusters, seed),
    )


def _bins(sure: Floats) -> Codes:
    """A bin an item; equal values share one, however they were rounded."""
    sure = sure.round(9)
    count = max(1, min(BINS, len(sure) // FULL))
    edges = np.quantile(sure, np.arange(1, count) / count)
    return np.unique(np.searchsorted(edges, sure, side="left"), return_inverse=True)[1].reshape(-1)


def _ece(off: Floats, bins: Codes, clusters: Codes, seed: int) -> Interval:
    owner = np.unique(clusters, return_inverse=True)[1].reshape(-1)
    size, width = int(owner.max()) + 1, int(bins.max()) + 1
    sums = np.bincount(owner * width + bins, off, size * width).reshape(size, width)
    counts = np.bincount(owner, minlength=size)

    terms = sums.sum(axis=0) / len(off)

    def noise(weights: Floats) -> Floats:
        drawn = (weights @ sums) / (weights @ counts)[:, None]
        return np.abs(drawn - terms).sum(axis=1)[:, None]

    value = float(np.abs(terms).sum())
    reach = resample(noise, size, len(off), seed=seed, level=0.9)[0].high
    return Interval(value, float(np.maximum(0.0, value - reach)), value + reach, len(off))
