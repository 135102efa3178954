"""Kappa and tau-b: published examples, closed forms, the definitions, and laws."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask

from plumbline.core import kappa as kappas
from plumbline.core import tau
from plumbline.core.judged import Judged
from plumbline.core.kappa import Weights, kappa

COLUMNS = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0, 4.0]), st.sampled_from([1.0, 2.0, 4.0])),
    min_size=2,
    max_size=30,
)
TIERS = st.integers(2, 9).flatmap(
    lambda k: st.tuples(*[st.lists(st.integers(0, 3), min_size=k, max_size=k)] * 2)
)


def by_definition(a: list[float], b: list[float], weights: Weights) -> float:
    """Cohen's: observed against all a with all b."""

    def apart(x: float, y: float) -> float:
        return {"none": float(x != y), "linear": abs(x - y), "quadratic": (x - y) ** 2}[weights]

    met = np.mean([apart(x, y) for x, y in zip(a, b, strict=True)])
    expected = np.mean([apart(x, y) for x in a for y in b])
    return float(1 - met / expected) if expected else math.nan


@given(COLUMNS, st.sampled_from(list(kappas.METRIC)))
def test_kappa_is_its_definition(columns: list, weights: Weights) -> None:
    a, b = map(list, zip(*columns, strict=True))
    found = kappa(a, b, weights, draws=0)
    assert found.value == pytest.approx(by_definition(a, b, weights), abs=1e-9, nan_ok=True)
    assert bool(found.why) == math.isnan(found.value)


def test_another_implementation_agrees() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(1, 5, 60)
    b = np.where(rng.random(60) < 0.6, a, rng.integers(1, 5, 60))
    said = [(j, i, int(v)) for j, column in enumerate((a, b)) for i, v in enumerate(column)]
    assert kappa(a, b).value == pytest.approx(AnnotationTask(said).kappa())


def test_kappa_from_shares_in_closed_form() -> None:
    """Of 50 both say yes to 20 and no to 15: 0.7 of them agree, 0.5 by chance."""
    a = [1] * 25 + [0] * 25
    b = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    found = kappa(a, b)
    assert found.value == pytest.approx(0.4) and found.interval.n == 50
    assert 0.1 < found.interval.low < 0.4 < found.interval.high < 0.7


def test_what_only_one_judged_takes_no_part() -> None:
    assert kappa([1, 2, 1, None], [1, 2, 2, 1]) == kappa([1, 2, 1], [1, 2, 2])
    assert kappa([None, 1], [1, None]).why == kappas.ALONE
    assert kappa([1, 1], [1, 1]).why == kappas.CONSTANT


@given(COLUMNS)
def test_of_two_judges_each_has_cohens_kappa_with_the_other(columns: list) -> None:
    a, b = zip(*columns, strict=True)
    found = kappas.with_others(Judged.table(columns), "quadratic", draws=0)
    expected = kappa(a, b, "quadratic", draws=0).value
    assert found[0].value == pytest.approx(expected, nan_ok=True)
    assert found[1].value == pytest.approx(expected, nan_ok=True)


def test_the_odd_one_out_agrees_least() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(1, 6, size=(300, 1))
    said = np.where(
        rng.random((300, 4)) < [0.9, 0.9, 0.9, 0.2], truth, rng.integers(1, 6, (300, 4))
    )
    rows = np.where(rng.random((300, 4)) < 0.2, np.nan, said)
    found = kappas.with_others(Judged.table(rows.tolist()), "none")
    assert found[3].interval.high < min(found[j].interval.low for j in range(3))


def test_tau_b_in_closed_form() -> None:
    assert tau.tau_b([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert tau.tau_b([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert tau.tau_b([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(4 / 6)
    assert tau.tau_b([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / math.sqrt(2 * 3))
    assert math.isnan(tau.tau_b([1, 1, 1], [1, 2, 3]))


@given(TIERS)
def test_tau_b_is_concordant_less_discordant(tiers: tuple[list[int], list[int]]) -> None:
    """Kendall 1945: (P - Q) / sqrt((P + Q + ties of a alone) (P + Q + ties of b alone))."""
    a, b = tiers
    signs = [(a[i] - a[j], b[i] - b[j]) for i, j in combinations(range(len(a)), 2)]
    p = sum(x * y > 0 for x, y in signs)
    q = sum(x * y < 0 for x, y in signs)
    tied_a = sum(x == 0 and y != 0 for x, y in signs)
    tied_b = sum(x != 0 and y == 0 for x, y in signs)
    below = math.sqrt((p + q + tied_a) * (p + q + tied_b))
    expected = (p - q) / below if below else math.nan
    assert tau.tau_b(a, b) == pytest.approx(expected, nan_ok=True)


def ranked(scores: list[list[list[float]]]) -> tau.Ranked:
    """items x judges x answers."""
    rows = [
        (len(scores[0]) * item + judge, item * 100 + pair, sign)
        for item, by_judge in enumerate(scores)
        for judge, one in enumerate(by_judge)
        for pair, (i, j) in enumerate(combinations(range(len(one)), 2))
        for sign in [float(np.sign(one[i] - one[j]))]
    ]
    rankings, pairs, signs = map(np.array, zip(*rows, strict=True))
    items, judges = map(np.array, zip(*np.ndindex(len(scores), len(scores[0])), strict=True))
    return tau.Ranked(rankings, pairs, signs, items, judges, items)


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_over_judges_is_that_of_their_pairs(seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, size=(6, 4, 4)).astype(float)
    pairs = [[tau.tau_b(one[a], one[b]) for a, b in combinations(range(4), 2)] for one in scores]
    table = ranked(scores.tolist())
    found = tau.mean_tau(table)
    means = [np.nanmean(one) for one in pairs]
    assert found.value == pytest.approx(np.mean(means)) and found.interval.n == 6
    mine = [np.nanmean([tau.tau_b(one[0], one[b]) for b in (1, 2, 3)]) for one in scores]
    assert tau.with_others(table)[0].value == pytest.approx(np.nanmean(mine))


def test_a_ranking_that_ties_everything_has_no_tau() -> None:
    found = tau.with_others(ranked([[[1, 1, 1], [1, 2, 3]]]))
    assert found[0].why == tau.ALONE and found[1].why == tau.ALONE
