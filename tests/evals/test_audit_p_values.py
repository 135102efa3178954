"""One-sided tests against what tables, counting and integration give; several tests at once."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from plumbline.evals.audit.p_values import adjusted, mean_below, ranks_below, student


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 10, 29, 99])
def test_student_is_the_integral_of_its_density(freedom: int) -> None:
    # With t = sqrt(v) tan(a) the density is that of cos(a)^(v - 1).
    scale = math.gamma((freedom + 1) / 2) / math.gamma(freedom / 2) / math.sqrt(math.pi)
    for t in (-3.0, -0.4, 0.0, 1.1, 4.0):
        angles = np.linspace(-math.pi / 2, math.atan(t / math.sqrt(freedom)), 200_001)
        area = scale * float(np.trapezoid(np.cos(angles) ** (freedom - 1), angles))
        assert student(t, freedom) == pytest.approx(area, abs=1e-7)


def test_student_has_the_quantiles_of_the_tables() -> None:
    for freedom, quantile in ((1, 6.3138), (2, 2.9200), (5, 2.0150), (30, 1.6973), (120, 1.6577)):
        assert student(quantile, freedom) == pytest.approx(0.95, abs=1e-5)


def test_a_mean_below_a_bound_by_hand() -> None:
    values = np.array([0.0, 0.0, 1.0, -1.0, 0.0, -1.0])
    # mean -1/6, variance (1/36 * 3 + 49/36 + 2 * 25/36) / 5 = 17/30
    t = (-1 / 6 - 0.1) / math.sqrt(17 / 30 / 6)
    assert mean_below(values, 0.1) == pytest.approx(student(t, 5))
    assert mean_below(np.zeros(9), 0.1) == 0.0 and mean_below(np.ones(9), 0.1) == 1.0


def test_signed_ranks_are_counted_over_every_sign() -> None:
    off = np.array([0.4, -0.9, -0.9, 1.3, -2.0, 0.1, -0.1])
    size = np.abs(off)
    ranks = np.array([(size < x).sum() + ((size == x).sum() + 1) / 2 for x in size])
    seen = ranks[off > 0].sum()
    flips = itertools.product((0, 1), repeat=len(off))
    below = sum(np.dot(signs, ranks) <= seen for signs in flips)
    assert ranks_below(off, 0.0) == pytest.approx(below / 2 ** len(off))
    assert ranks_below(off + 3, 3.0) == pytest.approx(below / 2 ** len(off))


def test_adjusted_p_values_are_those_of_benjamini_and_yekutieli() -> None:
    p = np.array([0.04, 0.001, 0.01, 0.3])
    harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4
    steps = {0.001: 4 / 1, 0.01: 4 / 2, 0.04: 4 / 3, 0.3: 4 / 4}
    scaled = {x: x * times * harmonic for x, times in steps.items()}
    wanted = [min(1.0, min(scaled[y] for y in scaled if y >= x)) for x in p]
    assert adjusted(p) == pytest.approx(wanted)
    # The same decisions as the step-up rule: the largest k with p_(k) <= 0.05 k / (m c(m)).
    rejected = [x for k, x in enumerate(sorted(p), 1) if x <= 0.05 * k / 4 / harmonic]
    assert sorted(p[adjusted(p) <= 0.05]) == rejected == [0.001, 0.01]
