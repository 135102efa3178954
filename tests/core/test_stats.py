"""Intervals: the right coverage, narrower when paired, wider when clustered, honest when tiny."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest

from plumbline.core.stats import (
    Interval,
    bootstrap,
    difference_interval,
    mean_interval,
    paired_interval,
    proportion_interval,
    ratio_interval,
    student,
    wilson,
)


def coverage(draw, truth: float, runs: int = 300) -> float:
    """Share of simulated intervals that contain the truth."""
    inside = 0
    for seed in range(runs):
        interval = draw(np.random.default_rng(seed))
        inside += interval.low <= truth <= interval.high
    return inside / runs


@pytest.mark.parametrize("n", [8, 40])
def test_mean_covers_the_truth_95_times_in_100(n: int) -> None:
    got = coverage(lambda rng: mean_interval(rng.normal(2.0, 3.0, n)), 2.0)
    assert 0.92 <= got <= 0.985


def clustered(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """30 prompts with 6 answers each; most of the spread lies between prompts."""
    prompt = np.repeat(np.arange(30), 6)
    return rng.normal(0, 1, 30)[prompt] + rng.normal(0, 0.3, 180), prompt


def test_clusters_are_needed_and_enough() -> None:
    with_clusters = coverage(lambda rng: mean_interval(*clustered(rng)), 0.0, 200)
    without = coverage(lambda rng: mean_interval(clustered(rng)[0]), 0.0, 200)
    assert with_clusters >= 0.91
    assert without <= 0.75  # answers to one prompt are no fresh evidence


def test_clustered_proportion_covers() -> None:
    def draw(rng: np.random.Generator) -> Interval:
        prompt = np.repeat(np.arange(40), 5)
        rate = rng.beta(1.0, 1.0, 40)[prompt]
        return proportion_interval(rng.random(200) < rate, prompt)

    assert 0.91 <= coverage(draw, 0.5) <= 0.99


def test_paired_is_narrower_than_unpaired_on_correlated_data() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(0, 1, 200)
    better = base + 0.1 + rng.normal(0, 0.2, 200)
    paired = paired_interval(better, base)
    apart = difference_interval(mean_interval(better), mean_interval(base))
    assert paired.value == pytest.approx(apart.value)
    assert paired.high - paired.low < 0.4 * (apart.high - apart.low)
    assert paired.clear and not apart.clear


def test_swapping_a_pair_negates_the_difference() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=50), rng.normal(size=50)
    one, two = paired_interval(a, b), paired_interval(b, a)
    assert one.value == pytest.approx(-two.value)
    assert one.low == pytest.approx(-two.high, abs=0.03)


def test_ratio_weighs_by_tokens() -> None:
    interval = ratio_interval([10.0, 1.0], [10, 2])
    assert interval.value == pytest.approx(11 / 12) and interval.n == 2
    rng = np.random.default_rng(3)
    tokens = rng.integers(5, 50, 100)
    nats = tokens * 2.0
    exact = ratio_interval(nats, tokens)
    assert exact.low == pytest.approx(2.0) and exact.high == pytest.approx(2.0)


def test_deterministic_and_seeded() -> None:
    x = np.random.default_rng(4).normal(size=100)
    assert mean_interval(x) == mean_interval(x)
    assert mean_interval(x, seed=1).low != mean_interval(x).low


def test_labels_may_be_anything_and_in_any_order() -> None:
    x = [1.0, 2.0, 3.0, 4.0]
    assert mean_interval(x, ["b", "a", "b", "a"]) == mean_interval(x, [7, 3, 7, 3])


@pytest.mark.parametrize("values", [[3.0], [1.0, 2.0, 3.0]])
def test_one_cluster_says_nothing_of_the_spread(values: list[float]) -> None:
    interval = mean_interval(values, clusters=[0] * len(values))
    assert interval.value == pytest.approx(np.mean(values)) and interval.n == len(values)
    assert math.isnan(interval.low) and not interval.known and not interval.clear
    assert json.loads(json.dumps(interval.as_dict(), allow_nan=False))["low"] is None


def test_nothing_and_not_a_number_stay_visible() -> None:
    assert mean_interval([]).n == 0 and math.isnan(mean_interval([]).value)
    broken = mean_interval([1.0, math.nan])
    assert broken.n == 2 and broken.as_dict()["value"] is None


def test_wilson_against_published_values() -> None:
    low, high = wilson(81 / 263, 263)  # Newcombe 1998, table I, method 3
    assert (low, high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    sure = proportion_interval([1] * 20)
    assert sure.high == 1.0 and sure.low == pytest.approx(0.8389, abs=5e-4)
    assert proportion_interval([1] * 20, [i // 5 for i in range(20)]).low < 0.6


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (30, 2.042)]
)
def test_students_quantile(freedom: int, expected: float) -> None:
    assert student(0.95, freedom) == pytest.approx(expected, rel=4e-3)


def test_bootstrap_of_any_statistic_agrees_with_the_mean() -> None:
    x, prompt = clustered(np.random.default_rng(5))
    slow = bootstrap(lambda v: float(v.mean()), x, clusters=prompt, draws=2000, seed=1)
    quick = mean_interval(x, prompt)
    assert slow.value == pytest.approx(quick.value)
    assert slow.low == pytest.approx(quick.low, abs=0.06)
    middle = bootstrap(lambda v: float(np.median(v)), x, draws=200)
    assert middle.low <= middle.value <= middle.high


def test_quick_at_ten_thousand() -> None:
    x = np.random.default_rng(6).normal(size=10_000)
    start = time.perf_counter()
    mean_interval(x)
    assert time.perf_counter() - start < 3.0  # 0.3 s on an idle core
