"""Tastes of a judge that were put into it, and their absence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_judge import coins, label, people

from plumbline.evals.audit.answered import answered, verdicts
from plumbline.evals.audit.leanings import Leaning, Seen, leanings, position
from plumbline.evals.audit.wins import wins
from plumbline.feedback.judging.label import Label

N = 300


def measured(
    labels: list[Label], truth: list[int], kin: tuple[str, ...] = ()
) -> dict[str, Leaning]:
    """What a judge likes, by three people who see the truth in nine of ten of 200 items."""
    found = answered(labels, people(labels[:200], {"north": truth}, errors=0.1))
    seen = Seen(labels, verdicts(labels), found, verdicts(found.labels))
    return {one.name: one for one in (*leanings(seen, kin), *wins(seen))}


def test_the_place_that_a_judge_likes_is_found_from_both_readings() -> None:
    truth = coins(N, 1)
    fair = position([label(i, 2.0 * one) for i, one in enumerate(truth)])
    assert fair.chosen.value == 0.5 and fair.firsts.value == fair.seconds.value == 0
    # A taste of 1 nat turns the verdicts of those pairs that differ by less.
    logits = [one * (0.5 if i % 4 == 0 else 2.0) for i, one in enumerate(truth)]
    first = position([label(i, one, 1.0) for i, one in enumerate(logits)])
    assert first.firsts.value == 0.25 and first.seconds.value == 0
    assert first.chosen.value == pytest.approx(0.5 + 0.25 / 2)
    assert first.taste.value == pytest.approx(1.0)
    second = position([label(i, one, -1.0) for i, one in enumerate(logits)])
    assert second.chosen.value == pytest.approx(0.375) and second.taste.value == pytest.approx(-1)


def test_a_taste_for_the_long_is_what_people_do_not_share() -> None:
    truth = coins(N, 2)
    said = ("Yes {}, and a good deal more than that.", "No {}.")
    fair = [label(i, 2.0 * one, answers=said) for i, one in enumerate(truth)]
    assert not measured(fair, truth)["longer"].excess.clear
    # In a third of the pairs the longer answer is preferred, whatever is true.
    fond = [label(i, 2.0 if i % 3 == 0 else 2.0 * one, answers=said) for i, one in enumerate(truth)]
    found = measured(fond, truth)["longer"]
    assert found.excess.low > 0 and found.excess.value == pytest.approx(1 / 6, abs=0.06)
    share = float(np.mean([one > 0 for one in truth]))
    assert found.judge.value > share + 0.1 and abs(found.rate.rate.value - share) < 0.08


def test_lists_are_seen_where_one_answer_alone_has_one() -> None:
    truth = coins(N, 3)
    forms = (("- one\n- {}", "One and {}."), ("# One\n{}", "1. one\n2. {}"), ("1 - {}", "{}..."))
    labels = [label(i, 2.0 * one, answers=forms[i % 3]) for i, one in enumerate(truth)]
    found = measured(labels, truth)["list"]
    assert found.judge.n == N / 3
    own = [one > 0 for i, one in enumerate(truth) if i % 3 == 0]
    assert found.judge.value == pytest.approx(float(np.mean(own)))


def test_a_judge_that_favours_its_kin_is_found_and_one_whose_kin_is_better_is_not() -> None:
    truth = coins(N, 4)
    authors = [("home-large", "other"), ("other", "home-large"), ("home-large", "home-large")]
    labels = [label(i, 2.0 * one, models=authors[i % 3]) for i, one in enumerate(truth)]
    kin = ("home-large", "home-small")
    # Kin's answers are the better ones in nine of ten pairs, and people see it.
    better = [(1, -1)[i % 3 == 1] * (1 if i % 10 else -1) for i in range(N)]
    just = [label(i, 2.0 * one, models=authors[i % 3]) for i, one in enumerate(better)]
    assert not measured(just, better, kin)["kin"].excess.clear
    assert measured(just, better, kin)["kin"].judge.value > 0.8
    favoured = [
        replace(
            one,
            readings=label(i, 3.0 if i % 3 == 0 else -3.0).readings
            if i % 3 < 2 and i % 2
            else one.readings,
        )
        for i, one in enumerate(labels)
    ]
    found = measured(favoured, truth, kin)
    assert found["kin"].excess.low > 0.1 and found["kin"].judge.n == 2 * N / 3
    assert found["author.other"].excess.high < -0.1
    assert "kin" not in measured(labels, truth)
