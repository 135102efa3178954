"""The alternative annotator test: an example by hand, planted judges, and real people."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from plumbline.evals.audit.alternative import Alternative, alternative
from plumbline.evals.audit.p_values import student

HAND = np.array([[1.0, 1, 1], [1, -1, 1], [-1, -1, 1], [1, 1, -1]])
JUDGE = np.array([1.0, 1, -1, -1])


def test_four_items_and_three_people_by_hand() -> None:
    # Against the first person nothing differs (what both miss, both miss). The second stands for
    # the others worse on item 2, the third on item 3: there W_h - W_f is -1, else 0.
    found = alternative(HAND, JUDGE, 0.1, least=4)
    assert [(one.judge, one.person) for one in found.people] == [(1, 1), (1, 0.75), (1, 0.75)]
    assert found.advantage.value == 1 and found.items == 4
    # Every difference lies below 0.1: of 16 ways to set signs one is as extreme. BY with m = 3.
    assert [one.p for one in found.people] == pytest.approx([1 / 16] * 3)
    assert [one.adjusted for one in found.people] == pytest.approx(
        [1 / 16 * (1 + 1 / 2 + 1 / 3)] * 3
    )
    assert found.winning == 0


def test_the_same_ten_times_over_is_a_t_test_and_is_won() -> None:
    found = alternative(np.tile(HAND, (10, 1)), np.tile(JUDGE, 10), 0.1)
    mean, spread = -0.25, math.sqrt(0.25 * 0.75 * 40 / 39)
    p = student((mean - 0.1) / spread * math.sqrt(40), 39)
    assert [one.p for one in found.people] == pytest.approx([0, p, p])
    assert found.winning == 1


def test_numbers_are_compared_by_their_distance() -> None:
    # S(judge, others of person 1) = -sqrt(((3 - 4)^2 + (3 - 2)^2) / 2) = -1; of the person, who
    # said 5: -sqrt((1 + 9) / 2) < -1.
    answers, judge = np.array([[5.0, 4.0, 2.0]] * 30), np.full(30, 3.0)
    found = alternative(answers, judge, alike="rmse")
    assert (found.people[0].judge, found.people[0].person) == (1, 0)
    # Others of person 2 said 5 and 2: judge -sqrt((4 + 1) / 2), person -sqrt((1 + 4) / 2): level.
    assert (found.people[1].judge, found.people[1].person) == (1, 1)


def test_too_few_people_or_items_are_no_test() -> None:
    found = alternative(HAND, JUDGE)
    assert found.people == () and math.isnan(found.winning) and "fewer than two" in found.why
    assert found.few == (0, 1, 2)
    alone = alternative(np.full((60, 1), 1.0), np.ones(60))
    assert alone.items == 0 and alone.why
    silent = np.full((60, 3), 1.0)
    silent[:40, 2] = np.nan
    part = alternative(silent, np.ones(60))
    assert [one.items for one in part.people] == [60, 60] and part.few == (2,)


def planted(judge_errs: float, epsilon: float, seed: int) -> Alternative:
    """Five people who err in a fifth of 200 items, and a judge."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([-1.0, 1.0], 200)
    answers = truth[:, None] * np.where(rng.random((200, 5)) < 0.2, -1, 1)
    judge = truth * np.where(rng.random(200) < judge_errs, -1, 1)
    return alternative(answers, judge, epsilon, seed=seed)


def test_a_judge_as_good_as_people_wins_by_epsilon_and_a_worse_one_does_not() -> None:
    rates = {
        errs: [planted(errs, 0.2, seed).winning for seed in range(20)] for errs in (0.05, 0.2, 0.5)
    }
    assert min(rates[0.05]) == 1.0
    assert np.mean(rates[0.2]) > 0.5
    assert max(rates[0.5]) == 0.0
    level = [planted(0.2, 0.0, seed).winning for seed in range(20)]
    assert np.mean(level) < 0.1, "without epsilon, level is not better"


@pytest.mark.parametrize(
    ("model", "winning", "advantage"), [("gpt4", 1.0, 0.951), ("llama2new", 0.0, 0.811)]
)
def test_gpt4_beside_the_two_people_of_xstest(
    shared: Path, model: str, winning: float, advantage: float
) -> None:
    # Whether a completion complies, refuses or does so in part, by two people and by GPT-4.
    name = f"xstest/labels/xstest_v2_completions_{model}_gpteval.csv"
    with (shared / "data" / name).open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns = [[row[c][0] for row in rows] for c in ("annotation_1", "annotation_2", "gpt4_label")]
    first, second, judge = (np.array(["123".index(x) for x in one], float) for one in columns)
    found = alternative(np.column_stack([first, second]), judge, 0.1)
    assert found.items == 450 and found.winning == winning
    assert found.advantage.value == pytest.approx(advantage, abs=1e-3)
