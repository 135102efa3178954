"""Judging: verdicts are right, balanced, flip with the rule, and no shortcut finds them."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from plumbline.core.types import Demonstration
from plumbline.microcosm import judging
from plumbline.microcosm.judging import Pair, Single, shortened, verdict
from plumbline.microcosm.rules import HABITS, SPLITS
from plumbline.microcosm.shortcuts import SHORTCUTS, accuracy
from plumbline.microcosm.unseen import UNSEEN

SINGLES = [judging.single(random.Random(f"single/{i}")) for i in range(900)]
PAIRS = [judging.pair(random.Random(f"pair/{i}")) for i in range(900)]


def documents(n: int) -> list[Demonstration]:
    return [judging.document(random.Random(f"judging/{i}")) for i in range(n)]


DOCUMENTS = documents(500)


def test_single_checks_say_what_the_checker_finds_and_are_balanced() -> None:
    assert all(one.rule.kept(one.ask, one.answer) == one.kept for one in SINGLES)
    assert 0.44 < sum(one.kept for one in SINGLES) / len(SINGLES) < 0.56
    names = Counter(one.rule.name for one in SINGLES)
    assert set(names) == set(HABITS) - set(UNSEEN)


def test_exactly_one_of_two_answers_keeps_the_rule_in_either_order() -> None:
    for one in PAIRS:
        kept = [one.rule.kept(one.ask, text) for text in one.answers]
        assert kept == [one.better == 0, one.better == 1]
        assert one.turned().letter != one.letter and one.turned().turned() == one
    assert 0.44 < sum(one.better for one in PAIRS) / len(PAIRS) < 0.56


def test_contested_pairs_are_the_most_and_their_verdict_turns_with_the_rule() -> None:
    contested = [one for one in PAIRS if one.other]
    assert len(contested) / len(PAIRS) > 0.5
    for one in contested:
        other = one.flipped()
        kept = [other.rule.kept(other.ask, text) for text in other.answers]
        assert other.better == 1 - one.better and kept == [other.better == 0, other.better == 1]


def _share(finds: list[bool]) -> float:
    return sum(finds) / len(finds)


def test_no_shortcut_judges_well_and_length_and_kindness_not_at_all() -> None:
    contested = [one for one in PAIRS if one.other]
    assert abs(accuracy("longer", contested) - 0.5) < 0.06
    assert abs(accuracy("kinder", contested) - 0.5) < 0.06
    assert accuracy("longer", PAIRS) < 0.57 and accuracy("kinder", PAIRS) < 0.59
    assert accuracy("overlap", PAIRS) < 0.75


def test_a_shortcut_that_sees_no_difference_scores_a_half() -> None:
    one = PAIRS[0]
    same = Pair(one.rule, one.ask, (one.answers[0], one.answers[0]), 0)
    assert all(accuracy(name, [same, same.turned()]) == 0.5 for name in SHORTCUTS)
    clear = Pair(one.rule, one.ask, ("Hello! I do not know.", "I do not know."), 0)
    assert accuracy("longer", [clear]) == accuracy("kinder", [clear.turned()]) == 1.0


def test_half_of_the_verdicts_stand_before_their_reasons() -> None:
    first = [d.messages[1].content.split(".")[0] in ("A", "B", "Yes", "No") for d in DOCUMENTS]
    assert 0.42 < _share(first) < 0.58
    for one, before in zip(DOCUMENTS, first, strict=True):
        asks_first = "eason" in one.messages[0].content.rsplit(":", 1)[-1]
        assert asks_first != before


def test_the_verdict_is_read_back_wherever_it_stands() -> None:
    for one in SINGLES[:200]:
        for first in (True, False):
            assert verdict(one.told(first).content) == ("Yes" if one.kept else "No")
    for two in PAIRS[:200]:
        for first in (True, False):
            assert verdict(two.told(first).content) == two.letter
    assert verdict("Who knows.") == "" and verdict("") == ""


def test_reasons_are_shortened_only_where_they_deny_or_affirm() -> None:
    assert shortened("greets", "does not greet") == "does not"
    assert shortened("does not say goodbye", "says goodbye") == "does"
    assert shortened("is not fair", "is fair") == "is"
    assert shortened("claims to know", "does not know") == "does not know"
    assert shortened("is true", "is false") == "is false"
    assert shortened("does not flatter", "flatters") == "does"


@pytest.mark.parametrize("split", SPLITS[:-1])
def test_splits_are_those_of_the_rule(split: str) -> None:
    rng = random.Random(split)
    for _ in range(60):
        one: Single | Pair
        for one in (judging.single(rng, split), judging.pair(rng, split)):  # type: ignore[arg-type]
            assert (one.rule.phrasing >= 9) == (split == "paraphrase")


@pytest.mark.parametrize("kind", ["slot", "behaviour", "principle"])
def test_form_and_substance_can_be_judged_apart(kind: str) -> None:
    rng = random.Random(kind)
    family = {"slot": ("slot",)}.get(kind, (kind,))
    for _ in range(40):
        one = judging.single(rng, kind=kind)
        found = "slot" if one.rule.value else one.rule.family
        assert found in family


def test_documents_are_chats_that_end_with_the_judge() -> None:
    for one in DOCUMENTS:
        assert [m.role for m in one.messages] == ["user", "assistant"] * (len(one.messages) // 2)
        assert sum(len(m.content.split()) for m in one.messages) < 260
    assert documents(40) == DOCUMENTS[:40]
    flipped = [one for one in DOCUMENTS if len(one.messages) == 4]
    assert flipped and all(
        {verdict(d.messages[1].content), verdict(d.messages[3].content)} == {"A", "B"}
        for d in flipped
    )
