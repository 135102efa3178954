"""One judge on other answers: intervals of the shift hold the truth, planted shifts are found."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from planted_judge import MADE, coins, label, people

from plumbline.core.stats import Interval, mean_interval, proportion_interval
from plumbline.evals.audit.answered import answered
from plumbline.evals.audit.figures import Figures, figures
from plumbline.evals.audit.settings import Auditing
from plumbline.evals.audit.shifted import AGREEMENT, FIRST, GAP, Shift, lost, shift

SIMULATIONS, ITEMS, PEOPLE = 400, 120, 5
N = 160
TRUTH = coins(N, 3)


def audited(rng: np.random.Generator, agrees: float, first: float) -> dict[str, Interval]:
    """The figures of an audit of two items a prompt: prompts differ in how far people agree with
    the judge and how far it minds places; the means over prompts are as given."""
    prompts = np.repeat(np.arange(ITEMS // 2), 2)
    agree, place = (rng.beta(6 * p, 6 * (1 - p), ITEMS // 2)[prompts] for p in (agrees, first))
    same = rng.binomial(PEOPLE, agree) / PEOPLE
    among = rng.binomial(PEOPLE, 0.8, ITEMS) / PEOPLE
    return {
        AGREEMENT: mean_interval(same, prompts),
        GAP: mean_interval(same - among, prompts),
        FIRST: proportion_interval(rng.binomial(2, place) / 2, prompts),
    }


def simulated(seed: int, then: float, now: float, first: float) -> Shift:
    rng = np.random.default_rng(seed)
    before = audited(rng, then, 0.5)
    return shift(audited(rng, now, first), before)


def held(found: Sequence[Interval], truth: float) -> float:
    """How often the interval holds it; on average the value is right."""
    assert np.mean([one.value for one in found]) == pytest.approx(truth, abs=0.01)
    return float(np.mean([one.low <= truth <= one.high for one in found]))


def test_the_interval_holds_the_truth() -> None:
    found = [simulated(seed, 0.8, 0.7, 0.6) for seed in range(SIMULATIONS)]
    agreement, gap = ([getattr(one, name) for one in found] for name in ("agreement", "gap"))
    assert 0.93 <= held(agreement, -0.1) <= 0.97 and 0.93 <= held(gap, -0.1) <= 0.97
    # Both readings of a pair count as one there, so that its interval is rather wide.
    assert held([one.position for one in found], 0.1) >= 0.95


def test_a_planted_shift_is_found_and_none_is_made_up() -> None:
    worse = [simulated(seed, 0.8, 0.6, 0.5) for seed in range(100)]
    assert np.mean([one.agreement.high < 0 for one in worse]) > 0.95
    level = [simulated(seed, 0.8, 0.8, 0.5) for seed in range(200)]
    assert np.mean([one.agreement.clear for one in level]) < 0.1


def test_by_hand() -> None:
    place = Interval(0.5, 0.4, 0.6, 400)
    then = {AGREEMENT: Interval(0.7, 0.6, 0.8, 100), GAP: Interval(-0.1, -0.2, 0.0, 100)}
    now = {AGREEMENT: Interval(0.6, 0.56, 0.64, 90), GAP: Interval(0.0, -0.1, 0.1, 90)}
    found = shift(now | {FIRST: place}, then | {FIRST: place})
    reach = math.hypot(0.04, 0.1)
    assert found.agreement.value == pytest.approx(-0.1) and found.agreement.n == 90
    assert found.agreement.low == pytest.approx(-0.1 - reach)
    assert found.agreement.high == pytest.approx(-0.1 + reach)
    assert found.gap.value == pytest.approx(0.1) and found.position.value == 0


def test_a_sentence_for_what_lies_wholly_below_0() -> None:
    down, up = Interval(-0.2, -0.3, -0.1, 50), Interval(0.2, 0.1, 0.3, 50)
    level, flat = Interval(-0.1, -0.2, 0.1, 50), Interval(0.0, 0.0, 0.0, 50)
    unknown = Interval(-0.2, math.nan, math.nan, 1)
    assert not list(lost(level, up)) and not list(lost(flat, unknown)) and not list(lost())
    (one,) = lost(down, level)
    assert one.startswith("Asked again on the frozen set") and "-0.20 [-0.30, -0.10]" in one
    (one,) = lost(flat, down)
    assert "agrees less with people than it did on the frozen set" in one


def figured(wrong: int, start: int = 0, people_err: float = 0.1) -> Figures:
    """Items `start` on, of which the judge gets `wrong` wrong, before people who see the truth."""
    items = range(start, start + N // 2)
    labels = [label(i, 2.0 * (-TRUTH[i] if i - start < wrong else TRUTH[i])) for i in items]
    held = {"north": [TRUTH[i] for i in items]}
    found = answered(labels, people(labels, held, errors=people_err, seed=start))
    return figures(MADE, labels, found, Auditing(), drawn=N // 2)


def test_audits_by_their_figures() -> None:
    then, now = figured(0), figured(24, start=N // 2)
    found = shift(now.metrics(), then.metrics())
    assert found.agreement.high < -0.1 and found.gap.high < -0.1
    # Where people err more, everybody agrees less, and the judge no less than they.
    harder = shift(figured(0, start=N // 2, people_err=0.3).metrics(), then.metrics())
    assert harder.agreement.high < 0 < harder.gap.high
