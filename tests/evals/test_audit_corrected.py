"""Rates by a judge, mended: their intervals hold the truth, and are narrower than people's."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from planted_judge import label

from plumbline.core.stats import student
from plumbline.core.types import answer
from plumbline.evals.audit.answered import verdicts
from plumbline.evals.audit.corrected import Corrected, corrected
from plumbline.evals.audit.drawing import drawn
from plumbline.feedback.judging.constitution import Principle
from plumbline.feedback.judging.label import Label
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
    # cov_n(y, f) / n = 1/24; var_n f / n = (1/3) / 4 and var_N f / N = (4/15) / 6.
    weight = (1 / 24) / (1 / 12 + 2 / 45)
    found = corrected(people, judge, others)
    assert found.weight == pytest.approx(weight)
    assert found.rate.value == pytest.approx(0.75 + weight * (4 / 6 - 0.5))
    spread = weight**2 * (4 / 15) / 6 + (people - weight * judge).var(ddof=1) / 4
    assert corrected(people, judge, others, range(10)).rate == found.rate
    low = found.rate.value - student(0.95, 3) * spread**0.5
    assert found.rate.low == pytest.approx(max(0.0, low), abs=1e-6)
    assert found.rate.high == 1.0 and found.rate.n == 10


def test_clusters_by_hand() -> None:
    # Two prompts of two items each were audited, and one item of each of them was not; another
    # prompt has two more of these.
    people, judge = np.array([1.0, 0.0, 1.0, 1.0]), np.array([1.0, 0.0, 0.0, 1.0])
    others, clusters = np.array([1.0, 0.0, 1.0, 1.0]), ["a", "a", "b", "b", "a", "b", "c", "c"]
    # Sums of y - 3/4 by prompt over n = 4: -1/8 and 1/8, by sqrt(2). Those of f - 1/2: 0 and 0. Of
    # the others f - 3/4, over 4, by sqrt(3/2): 1/16, -3/16 and 2/16.
    b, a = np.sqrt(2) * np.array([-1, 1, 0]) / 8, np.sqrt(1.5) * np.array([1, -3, 2]) / 16
    weight = -(a @ b) / (a @ a)
    assert 0 < weight < 1
    found = corrected(people, judge, others, clusters)
    assert found.weight == pytest.approx(weight)
    assert found.rate.value == pytest.approx(0.75 + weight * (0.75 - 0.5))
    assert found.rate.low == 0.0 and found.rate.high == 1.0, "two prompts say little"


def clustered(seed: int) -> tuple[Corrected, Corrected]:
    """150 audited items of 900 to 300 prompts, three each, on which people and judge both hang
    together; with the prompts as clusters, and as if items were independent."""
    rng = np.random.default_rng(seed)
    easy = (rng.random(300) < 0.6).repeat(3)
    truth = np.where(rng.random(900) < 0.9, easy, rng.random(900) < 0.6).astype(float)
    judge = np.where((rng.random(300) < 0.8).repeat(3), truth, 1.0)
    own = np.arange(0, 300, 2)
    others = np.setdiff1d(np.arange(900), own)
    prompts = [*(own // 3), *(others // 3)]
    told = truth[own], judge[own], judge[others]
    return corrected(*told, prompts), corrected(*told)


def test_items_of_one_prompt_hang_together() -> None:
    found = [clustered(seed) for seed in range(SIMULATIONS)]
    assert 0.93 <= coverage([one for one, _ in found], 0.6) <= 0.98
    assert coverage([one for _, one in found], 0.6) < 0.9, "as if all items were independent"


def test_few_items_do_not_make_a_narrow_interval() -> None:
    found = []
    for seed in range(SIMULATIONS):
        rng = np.random.default_rng(seed)
        truth = (rng.random(525) < 0.6).astype(float)
        judge = np.where(rng.random(525) < 0.9, truth, 1.0)
        found.append(corrected(truth[:25], judge[:25], judge[25:]))
    assert coverage(found, 0.6) >= 0.95


def stratified(seed: int) -> Corrected:
    """150 of 2,000 labels with what people hold; 60 of these drawn as an audit draws. In one label
    of three, of an axis of its own, the judge knows nothing and mostly says yes."""
    labels, truth = STRATA
    rng = random.Random(seed)
    some = [labels[i] for i in rng.sample(range(len(labels)), 150)]
    own = [one.label for one in drawn(some, 60, seed)]
    asked = {one.pair for one in own}
    others = [one for one in some if one.pair not in asked]
    says = [(verdicts(part) + 1) / 2 for part in (own, others)]
    return corrected(np.array([truth[one.pair] for one in own]), *says)


def strata() -> tuple[list[Label], dict[str, float]]:
    rng = random.Random(0)
    labels, truth = [], {}
    for i in range(2000):
        hard = i % 3 == 0
        holds = rng.random() < (0.2 if hard else 0.7)
        says = rng.random() < 0.9 if hard else holds
        one = replace(label(i, 1.0 if says else -1.0), axis="hard" if hard else "easy")
        labels.append(one)
        truth[one.pair] = float(holds)
    return labels, truth


STRATA = strata()


def test_the_stratified_sample_of_an_audit_needs_no_weights() -> None:
    found = [stratified(seed) for seed in range(150)]
    world = float(np.mean(list(STRATA[1].values())))
    assert 0.93 <= coverage(found, world) <= 0.995
    mean = float(np.mean([one.rate.value for one in found]))
    assert mean == pytest.approx(world, abs=0.01), "right on average"
    judge = [one.judge.low <= world <= one.judge.high for one in found]
    assert np.mean(judge) < 0.05


def test_where_nothing_differs_the_interval_still_has_a_width() -> None:
    found = corrected(np.ones(100), np.ones(100), np.ones(900))
    assert found.rate.value == 1.0 and 0.95 < found.rate.low < 0.97
    alone = corrected(np.ones(1), np.zeros(1), np.zeros(9))
    assert alone.rate == alone.people and alone.weight == 0.0
    assert not corrected(np.empty(0), np.empty(0), np.ones(9)).rate.known


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
    assert mended < 0.93 * alone
