"""The summary: people of known agreement are measured to have it, and groups that differ show."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from plumbline.core.agreeing import FormAgreement, agreement
from plumbline.core.annotators import FEW, MANY, NO_GROUP
from plumbline.core.types import (
    Choice,
    Critique,
    Demonstration,
    Edit,
    Judge,
    Judgement,
    Provenance,
    Ranking,
    Rating,
    answer,
    user,
)
from plumbline.microcosm import annotators
from plumbline.microcosm.annotators import PERFECT, Annotator, Habits, people, rank
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import draw
from plumbline.microcosm.voices import VOICES, speak


def by(name: str, group: str = "") -> Provenance:
    return Provenance(judge=Judge("human", name, group))


def thumbs(table: Sequence[Sequence[object]], groups: str) -> list[Judgement]:
    """items x judges of 1, 0 or None; a letter for each judge's group ("-" for none)."""
    return [
        Choice((user(f"item {i}"),), answer("so"), bool(good), by(f"judge {j}", g.strip("-")))
        for i, row in enumerate(table)
        for j, (good, g) in enumerate(zip(row, groups, strict=True))
        if good is not None
    ]


def only(judgements: Sequence[Judgement], draws: int = 200) -> FormAgreement:
    forms = agreement(judgements, draws=draws).forms
    assert len(forms) == 1
    return forms[0]


def judged_pairs(
    staff: Sequence[Annotator], count: int
) -> tuple[list[Judgement], dict[bool, list[float]]]:
    """Pairs of answers ranked by all; the expected agreement of two of one group, and of two."""
    rng = random.Random(0)
    found: list[Judgement] = []
    expected: dict[bool, list[float]] = {True: [], False: []}
    while len(found) < count * len(staff):
        ask = draw(rng)
        a, b = (answer(said(speak(ask, v, rng))) for v in rng.sample(list(VOICES.values()), 2))
        if a == b:
            continue
        found += [rank(who, ask.conversation, (a, b), rng) for who in staff]
        for one, other in combinations(staff, 2):
            share = annotators.agreement(one, other, ask.conversation, a, b)
            expected[one.group == other.group].append(share)
    return found, expected


def test_the_rate_of_agreement_is_what_these_people_have() -> None:
    """Measured against the closed form, within two groups and between them."""
    staff = people(6, Habits(tie=0.1, fatigue=0.0), ("scholars", "traders"))
    judgements, expected = judged_pairs(staff, 700)
    form = only(judgements, draws=0)
    assert form.everyone and form.within and form.between
    every = expected[True] + expected[False]
    for among, rates in (
        (form.everyone, every), (form.within, expected[True]), (form.between, expected[False]),
    ):  # fmt: skip
        assert among.same.value == pytest.approx(np.mean(rates), abs=0.02)


def test_two_groups_differ_between_and_not_within() -> None:
    """People without noise: one mind within a group, several between groups."""
    judgements, _ = judged_pairs(people(6, PERFECT), 300)
    form = only(judgements)
    assert form.within and form.between and form.divided and form.means
    assert form.within.same.value == 1 == form.within.alphas["ordinal"].value
    assert [one.same.value for one in form.groups.values()] == [1, 1, 1]
    assert form.between.alphas["ordinal"].interval.high < 1
    assert form.means.interval.high < 1
    assert form.divided.count == len(form.conflicts) > 0
    assert form.divided.apart > form.divided.dealt


def test_conflicts_show_what_each_group_says_the_most_divided_first() -> None:
    table = [[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1], [1, 1, None, 1]]
    form = only(thumbs(table, "aabb"))
    assert form.divided is not None
    assert form.divided.count == 2 and form.divided.share.n == 5
    assert [one.prompt[0].content for one in form.conflicts] == ["item 0", "item 3"]
    assert form.conflicts[0].sides == (("a", 1.0, 2), ("b", 0.0, 2))
    assert form.conflicts[0].answers == (answer("so"),)


def test_groups_that_mean_nothing_stand_as_far_apart_as_groups_dealt_anew() -> None:
    """Three who guess are opposed to three others in half of all items; three who know, in all."""
    guesses = np.random.default_rng(0).integers(0, 2, size=(1500, 6))
    found = only(thumbs(guesses.tolist(), "aaabbb"), draws=0).divided
    assert found is not None and found.share.value == pytest.approx(0.5, abs=0.04)
    assert found.apart == pytest.approx(found.dealt, abs=0.03)
    guesses[:, :3], guesses[:, 3:] = guesses[:, :1], 1 - guesses[:, :1]
    found = only(thumbs(guesses.tolist(), "aaabbb"), draws=0).divided
    assert found is not None and found.share.value == 1 and found.apart == 2
    assert found.dealt == pytest.approx(0.1 * 2 + 0.9 * 2 / 3, abs=0.02)


def test_judges_without_a_group_stand_between_no_groups() -> None:
    table = np.random.default_rng(1).integers(0, 2, size=(60, 5)).tolist()
    form = only(thumbs(table, "aabb-"))
    assert form.everyone and form.within and form.between
    assert (form.everyone.judges, form.within.judges, form.between.judges) == (5, 4, 4)
    assert list(form.groups) == ["a", "b"]
    assert form.annotators[4].own.why == NO_GROUP == form.annotators[4].accuracy.why
    assert not form.annotators[4].others.why
    assert form.annotators[0].accuracy.why == FEW


def test_where_nobody_has_a_group_all_are_one() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, size=(200, 1))
    table = np.where(rng.random((200, 4)) < [0.95, 0.9, 0.9, 0.6], truth, 1 - truth)
    form = only(thumbs(table.tolist(), "----"))
    assert form.within is None and form.divided is None and form.groups == {}
    own, others = ([m.value for m in ms] for ms in zip(
        *[(one.own, one.others) for one in form.annotators], strict=True))  # fmt: skip
    assert own == others
    right = [one.accuracy.value for one in form.annotators]
    assert right == pytest.approx([0.95, 0.9, 0.9, 0.6], abs=0.07)
    assert form.annotators[3].accuracy.interval.high < form.annotators[0].accuracy.interval.low


def test_a_truth_is_assumed_within_groups_only() -> None:
    """Two groups with opposite truths: nobody is unreliable, and everybody disagrees."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, size=(300, 1))
    table = np.where(rng.random((300, 7)) < 0.9, truth, 1 - truth)
    table[:, 4:] = 1 - table[:, 4:]
    form = only(thumbs(table.tolist(), "aaaabbb"))
    assert min(one.accuracy.value for one in form.annotators) > 0.8
    assert min(one.own.value for one in form.annotators) > 0.5
    assert form.annotators[6].others.value < 0
    assert form.between and form.between.alphas["nominal"].interval.high < 0


def test_ratings_are_on_a_scale_and_words_are_counted() -> None:
    prompt, response = (user("Is water wet?"),), answer("Yes.")
    rng = np.random.default_rng(4)
    worth = rng.integers(1, 6, size=(80, 1))
    scores = np.clip(worth + rng.integers(-1, 2, size=(80, 3)), 1, 5)
    judgements: list[Judgement] = [
        Rating((user(f"item {i}"),), response, float(v), "care", 1, 5, by(f"judge {j}"))
        for (i, j), v in np.ndenumerate(scores)
    ]
    judgements += [
        Edit(prompt, response, answer("It is."), by("judge 0")),
        Critique(prompt, response, "Why?", None, by("judge 1")),
        Demonstration(prompt + response),
        Choice(prompt, response, True),
    ]
    found = agreement(judgements)
    assert (found.judges, found.unnamed, found.demonstrations) == (3, 1, 1)
    ratings, corrections, critiques = found.forms
    assert ratings.everyone and set(ratings.everyone.alphas) == {"interval", "ordinal"}
    assert ratings.everyone.alphas["interval"].interval.low > 0.6
    assert corrections.everyone is None and (critiques.judgements, critiques.judges) == (1, 1)


def test_a_slider_has_no_classes() -> None:
    scores = np.random.default_rng(5).random((40, 3))
    judgements = [
        Rating((user(f"item {i}"),), answer("so"), float(v), "care", 0, 1, by(f"judge {j}"))
        for (i, j), v in np.ndenumerate(scores)
    ]
    form = only(judgements)
    assert form.annotators[0].accuracy.why == MANY and not form.annotators[0].own.why


def test_what_cannot_be_compared_says_why() -> None:
    form = only(thumbs([[1, None], [None, 1]], "ab"))
    assert form.everyone and form.between and form.divided
    assert form.everyone.alphas["nominal"].why and form.between.same.why
    assert form.divided.share.n == 0 and math.isnan(form.divided.dealt)
    assert form.annotators[0].own.why and form.annotators[0].others.why
    lone = Ranking((user("Is water wet?"),), (answer("Yes."),), ((0,),), provenance=by("ann"))
    form = only([lone, replace(lone, tiers=())])
    assert form.everyone and form.tau and form.everyone.same.why and form.tau.why
    assert agreement([]).forms == ()


def test_quick_at_twenty_thousand() -> None:
    table = np.random.default_rng(6).integers(0, 2, size=(5000, 4))
    judgements = thumbs(table.tolist(), "aabb")
    start = time.process_time()
    only(judgements, draws=0)
    assert time.process_time() - start < 1.5  # 0.15 s on an idle core
