"""What is asked next: the most useful first, and a share at random that speaks for all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.core.errors import UserError
from plumbline.core.types import user
from plumbline.feedback.collecting.choosing import (
    arranged,
    disagreement,
    novelty,
    uncertainty,
    words_of,
)


def test_a_judge_without_an_opinion_is_uncertain() -> None:
    assert uncertainty([0.3, 0.3]) == pytest.approx(1) == uncertainty([1.0] * 5)
    assert uncertainty([9.0, -9.0]) < 1e-6 and uncertainty([2.0]) == 0
    p = 1 / (1 + math.exp(-1))
    exact = -(p * math.log2(p) + (1 - p) * math.log2(1 - p))
    assert uncertainty([1.0, 0.0]) == pytest.approx(exact)


def test_people_who_are_split_disagree() -> None:
    assert disagreement([[[0], [1]], [[1], [0]]]) == 1
    assert disagreement([[[0], [1]], [[0], [1]]]) == 0 == disagreement([[[0], [1]]])
    assert disagreement([[[0, 1]], [[0], [1]]]) == pytest.approx(4 * 0.75 * 0.25)
    assert disagreement([[[0], [1]], [[2], [3]]]) == 0, "they judged nothing in common"


def test_words_that_were_seen_are_less_new() -> None:
    seen = words_of([(user("Where is Tora?"),), (user("Where is Vek?"),)])
    new, known = ((user("How do I bake bread?"),), (user("Where is Tora?"),))
    assert (
        novelty(new, seen) == 1 > novelty(known, seen) == pytest.approx((1 / 3 + 1 / 3 + 0.5) / 3)
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 99))
def test_every_item_has_one_place(values: list[float], share: float, seed: int) -> None:
    order, drawn = arranged(dict(enumerate(values)), share, seed)
    assert sorted(order) == list(range(len(values))) and drawn <= set(order)
    chosen = [values[item] for item in order if item not in drawn]
    assert chosen == sorted(chosen, reverse=True)


def test_what_is_drawn_at_random_speaks_for_all() -> None:
    """Its mean utility is that of all items, whatever is chosen beside it."""
    utilities = {i: i / 1000 for i in range(1000)}
    means, counts = [], []
    for seed in range(200):
        order, drawn = arranged(utilities, 0.2, seed)
        first = [utilities[item] for item in order[:100] if item in drawn]
        means += first
        counts.append(len(first))
    assert sum(counts) / len(counts) == pytest.approx(20, abs=1)
    assert sum(means) / len(means) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(UserError, match="a share of 2"):
        arranged(utilities, 2, 0)
