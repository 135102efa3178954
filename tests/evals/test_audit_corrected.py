"""Rates by a judge, mended: their intervals hold the truth, and are narrower than people's."""

from __future__ import annotations

import random

import numpy as np
import pytest

from plumbline.core.types import answer
from plumbline.evals.audit.corrected import Corrected, corrected
from plumbline.feedback.judging.constitution import Principle
from plumbline.microcosm.annotators import Annotator
from plumbline.microcosm.by_principle import rank_by
from plumbline.microcosm.judging import pair

SIMULATIONS = 400


def coverage(found: list[Corrected], truth: float) -> float:
    return float(np.mean([one.rate.low <= truth <= one.rate.high for one in found]))


def widths(found: list[Corrected]) -> tuple[float, float]:
    """Mean width of the corrected intervals and of the people's."""
    mean = np.mean([[i.high - i.low for i in (one.rate, one.people)] for one in found], axis=0)
    return float(mean[0]), float(mean[1])


def simulated(seed: int, right: float) -> Corrected:
    """100 audited items and 1000 others, true in 0.6 of them; the judge says yes too often."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(1100) < 0.6).astype(float)
    judge = np.where(rng.random(1100) < right, truth, 1.0)
    return corrected(truth[:100], judge[:100], judge[100:])


def test_the_interval_holds_the_truth_and_is_narrower_than_the_people_s() -> None:
    found = [simulated(seed, 0.8) for seed in range(SIMULATIONS)]
    assert 0.93 <= coverage(found, 0.6) <= 0.97
    mended, people = widths(found)
    assert mended < 0.85 * people
    judge = [one.judge.low <= 0.6 <= one.judge.high for one in found]
    assert np.mean(judge) < 0.05, "the judge's own interval knows nothing of its error"


def test_a_useless_judge_costs_nothing() -> None:
    found = [simulated(seed, 0.0) for seed in range(100)]
    assert {one.weight for one in found} == {0.0}
    assert found[0].rate.value == pytest.approx(found[0].people.value)


def test_by_hand() -> None:
    people, judge = np.array([1.0, 0.0, 1.0, 1.0]), np.array([1.0, 0.0, 1.0, 0.0])
    others = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 0.0])
    # cov_n(y, f) = 1/6; f has 6 ones of 10, variance 2.4 / 9; n / N = 2/3.
    weight = (1 / 6) / ((1 + 2 / 3) * 2.4 / 9)
    found = corrected(people, judge, others)
    assert found.weight == pytest.approx(weight)
    assert found.rate.value == pytest.approx(0.75 + weight * (4 / 6 - 0.5))
    errors = people - weight * judge
    spread = weight**2 * (8 / 6 / 5) / 6 + errors.var(ddof=1) / 4
    assert found.rate.low == pytest.approx(found.rate.value - 1.959964 * spread**0.5, abs=1e-6)
    assert found.rate.high == 1.0 and found.rate.n == 10


def test_where_nothing_differs_the_interval_still_has_a_width() -> None:
    found = corrected(np.ones(100), np.ones(100), np.ones(900))
    assert found.rate.value == 1.0 and 0.95 < found.rate.low < 0.97
    alone = corrected(np.ones(1), np.zeros(1), np.zeros(9))
    assert alone.rate.value == 1.0 and not alone.rate.known and alone.weight == 0.0


def test_the_interval_holds_the_truth_on_the_microcosm() -> None:
    # How often a simulated person prefers the longer answer by a principle, over 1500 judged pairs
    # as the world, by a judge that sees length where it is unsure.
    rng, person = random.Random(0), Annotator("scholars-1", "scholars")
    people, judge = [], []
    for _ in range(1500):
        one = pair(rng, kind="principle")
        answers = [answer(text) for text in one.answers]
        principle = Principle("p", one.rule.text)
        said = rank_by(person, principle, one.ask.conversation, answers, rng)
        longer = int(len(one.answers[1]) > len(one.answers[0]))
        people.append(0.5 if len(said.tiers) == 1 else float(said.tiers[0] == (longer,)))
        judge.append(float(one.better == longer or rng.random() < 0.3))
    world, says = np.array(people), np.array(judge)
    found = []
    for seed in range(SIMULATIONS):
        order = np.random.default_rng(seed).integers(1500, size=900)
        own, others = order[:100], order[100:]
        found.append(corrected(world[own], says[own], says[others]))
    assert 0.93 <= coverage(found, float(world.mean())) <= 0.97
    mended, alone = widths(found)
    assert mended < 0.9 * alone
