"""Planted laws are found again; best-of-n's worth and KL are those that counting them gives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from plumbline.core.errors import UserError
from plumbline.evals import overoptimisation as over
from plumbline.evals.overoptimisation import Form, Law, Pool, bound, fitted, fitted_run, law

PEAKS = {"best-of-n": lambda a, b: a / (2 * b), "rl": lambda a, b: math.exp(a / b - 1)}


@pytest.mark.parametrize("form", ["best-of-n", "rl"])
@pytest.mark.parametrize(("a", "b"), [(1.0, 0.2), (0.6, 0.25), (2.0, -0.1)])
def test_planted_constants_are_found(form: Form, a: float, b: float) -> None:
    d = np.linspace(0.2, 6, 40)
    found = law(form, d, Law(form, a, b)(d), above=0.5)
    assert (found.a, found.b) == pytest.approx((a, b))
    assert found.peak == pytest.approx(PEAKS[form](a, b) if b > 0 else math.inf)
    if b > 0:
        fine = np.linspace(0.01, 3 * found.peak, 30_000)
        assert fine[np.argmax(found(fine))] == pytest.approx(found.peak, rel=1e-3)


def test_points_below_the_stated_d_do_not_count() -> None:
    d = np.linspace(0.1, 5, 50)
    r = np.where(d > 1, Law("rl", 1.0, 0.5)(d), 100.0)
    assert law("rl", d, r, above=1.0).a == pytest.approx(1.0)
    with pytest.raises(UserError, match=r"2 points above d = 4\.85"):
        law("rl", d, r, above=4.85)
    with pytest.raises(UserError, match="cannot fix"):
        law("rl", np.array([2.0, 2.0, 2.0]), np.zeros(3))


def test_what_only_falls_has_its_peak_at_nothing() -> None:
    assert Law("best-of-n", -1.0, 0.5).peak == 0
    assert Law("rl", 1e6, 1.0).peak == math.inf


def test_intervals_of_a_noisy_run_hold_what_was_planted() -> None:
    rng = np.random.default_rng(0)
    true, held = Law("rl", 1.0, 0.4), 0
    for _ in range(40):
        d = np.linspace(0.5, 9, 60)
        made = fitted_run("rl", d, true(d) + rng.normal(0, 0.3, 60), above=0.5)
        held += made.peak.low <= true.peak <= made.peak.high
        assert made.a.known and made.b.known and made.a.low < made.a.value < made.a.high
    assert held >= 34


def test_a_curve_without_a_peak_says_so() -> None:
    d = np.linspace(0.5, 5, 30)
    made = fitted_run("rl", d, Law("rl", 1.0, -0.2)(d))
    assert made.peak.value == made.peak.high == math.inf and not made.peak.known
    assert made.b.high < 0 and made.peak.as_dict()["value"] is None


def test_mean_curves_are_fitted_and_prompts_drawn_again() -> None:
    rng = np.random.default_rng(1)
    d, true = np.linspace(0.2, 2, 12), Law("best-of-n", 2.0, 0.8)
    kl = np.maximum(d**2 * rng.uniform(0.5, 1.5, (300, 1)), 0)
    start = rng.normal(-2, 2, 300)
    value = start[:, None] + true(np.sqrt(kl.mean(0))) + rng.normal(0, 1, (300, 12))
    made = fitted("best-of-n", kl, value, start)
    assert made.peak.low < true.peak < made.peak.high
    assert made.peak.high - made.peak.low < 1 and made.peak.n == 300


def exact(p: np.ndarray, n: int) -> float:
    """KL of the best of n on answers of probability p, the last being the best."""
    above = np.cumsum(p)
    kept = above**n - (above - p) ** n
    return float((kept * np.log(kept / p)).sum())


@pytest.mark.parametrize("n", [2, 4, 16, 64])
def test_the_estimate_is_near_where_the_bound_is_far(n: int) -> None:
    """A best answer of probability 0.6 cannot be more than 0.51 nats away."""
    p = np.array([0.004] * 100 + [0.6])
    kept = np.cumsum(p) ** n - (np.cumsum(p) - p) ** n
    estimate = float(kept @ over.kl_best_of(p, n))
    assert exact(p, n) < bound(n)
    assert abs(estimate - exact(p, n)) < 0.03
    if n >= 16:
        assert bound(n) > 3 * exact(p, n)


def test_without_likely_answers_the_bound_is_the_kl() -> None:
    p = np.full(20_000, 1 / 20_000)
    for n in (2, 8, 64):
        assert exact(p, n) == pytest.approx(bound(n), rel=0.01)
        assert float(over.kl_best_of(p, n).mean()) == pytest.approx(bound(n), rel=0.01)
    assert over.kl_best_of(np.array([1e-12, 1.0]), 8) == pytest.approx([bound(8), 0.0])
    assert bound(1) == 0 and over.kl_best_of(np.array([0.3]), 1) == pytest.approx([0.0])


def test_the_estimate_is_never_over_the_bound() -> None:
    e = np.geomspace(1e-9, 1, 200)
    for n in (2, 5, 64, 1000):
        told = over.kl_best_of(e, n)
        assert (told <= bound(n) + 1e-9).all() and (told >= -1e-9).all()
        assert (np.diff(told) <= 1e-9).all()


def test_a_pool_tells_the_kl_of_what_it_was_drawn_from() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.full(40, 0.3))
    sizes = (2, 8, 32)
    told = []
    for _ in range(200):
        drawn = rng.choice(40, 48, p=p)
        told.append(Pool(drawn.astype(float), np.log(p[drawn]), [str(i) for i in drawn]).kl(sizes))
    for estimate, n in zip(np.mean(told, 0), sizes, strict=True):
        assert 0.9 * exact(p, n) < estimate < min(bound(n), 1.5 * exact(p, n))


@pytest.mark.parametrize("proxy", [[3, 1, 2, 5, 4, 0], [1, 1, 2, 0, 2, 2], [7] * 6])
def test_the_best_of_every_subset_on_average(proxy: list[int]) -> None:
    """Ties are drawn among."""
    value = np.array([2.0, -1.0, 4.0, 0.5, 3.0, 1.0])
    pool = Pool(np.array(proxy, float), np.full(6, -2.0), list("abcdef"))
    want = []
    for n in range(1, 7):
        of = []
        for subset in itertools.combinations(range(6), n):
            top = max(proxy[i] for i in subset)
            of.append(np.mean([value[i] for i in subset if proxy[i] == top]))
        want.append(np.mean(of))
    assert pool.best_of(value, tuple(range(1, 7))) == pytest.approx(want)
    with pytest.raises(UserError, match="best of 7 from 6"):
        pool.best_of(value, (7,))


def test_equal_answers_count_once_and_what_is_liked_alike_together() -> None:
    key = ["a", "a", "b", "c"]
    pool = Pool(np.array([1.0, 1.0 + 1e-9, 1.5, 1.5]), np.log([0.2, 0.2, 0.1, 0.3]), key)
    assert pool.mass == pytest.approx([0.2, 0.2, 0.4, 0.4])
    flat = Pool(np.zeros(4), np.log([0.25] * 4), list("abcd"))
    assert flat.kl((1, 4)) == pytest.approx([0, 0]), "nothing is chosen"
