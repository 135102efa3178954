"""The same questions again, and another judge on the same items: planted flips are counted."""

from __future__ import annotations

import pytest
from planted_judge import coins, label, people

from plumbline.evals.audit.answered import answered
from plumbline.evals.audit.stability import drift, met, retest
from plumbline.feedback.judging.label import Label

N = 200
TRUTH = coins(N, 5)


def judged(wrong: int, start: int = 0, only_odd: bool = False) -> list[Label]:
    """Labels with the truth but for `wrong` of them (of the second principle, where so asked)."""
    turned = set(range(1, N, 2) if only_odd else range(N))
    turned = set(sorted(turned)[start : start + wrong])
    return [label(i, 2.0 * (-one if i in turned else one)) for i, one in enumerate(TRUTH)]


def test_a_judge_asked_again() -> None:
    one, other = judged(0), judged(20, only_odd=True)
    found = retest(one, [label.turned() for label in other[::-1]])
    assert found.same.value == pytest.approx(0.9) and found.alone == 0
    assert found.axes["honest"].value == 1.0 and found.axes["helpful"].value == pytest.approx(0.8)
    assert found.moved.value == pytest.approx(0.1 * 0.7616, abs=1e-3)  # 20 of 200 by 2 s(2) - 1
    part = retest(one, other[:150])
    assert part.alone == 50 and part.same.n == 150
    assert retest(one, one).same.value == 1.0 and retest(one, one).moved.value == 0


def test_labels_meet_by_pair_and_principle() -> None:
    both = met(judged(0)[:3], [one.turned() for one in judged(0)])
    assert [i for i, _ in both] == [0, 1, 2]
    assert [twin.answers for _, twin in both] == [one.answers for one in judged(0)[:3]]


def test_drift_says_what_a_change_cost_and_where() -> None:
    held = {"north": TRUTH}
    gold = answered(judged(0), people(judged(0), held, errors=0.1))
    worse = drift(gold, judged(40, only_odd=True))
    assert worse.whole.flips.value == pytest.approx(0.2)
    assert worse.whole.agreement.high < -0.1
    assert worse.axes["honest"].flips.value == 0 and worse.axes["helpful"].flips.value == 0.4
    assert worse.axes["helpful"].agreement.value == pytest.approx(2 * worse.whole.agreement.value)
    # Mistakes elsewhere flip as many, and cost nothing.
    before = answered(judged(40), people(judged(0), held, errors=0.1))
    level = drift(before, judged(40, start=40))
    assert level.whole.flips.value == pytest.approx(0.4) and not level.whole.agreement.clear
    assert drift(before, judged(0)).whole.agreement.low > 0.1
    assert drift(gold, judged(0)[:60]).alone == 140
