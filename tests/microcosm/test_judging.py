"""Judging: verdicts are right, balanced, flip with the rule, and no shortcut finds them."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from plumbline.core.types import Demonstration
from plumbline.microcosm import judging
from plumbline.microcosm.answers import sentences
from plumbline.microcosm.rule_words import TAILS
from plumbline.microcosm.rules import HABITS, SPLITS
from plumbline.microcosm.shortcuts import SHORTCUTS, accuracy
from plumbline.microcosm.unseen import UNSEEN
from plumbline.microcosm.verdicts import (
    COUNTS,
    VOID,
    Pair,
    Single,
    deciding,
    evidence,
    shortened,
    verdict,
)

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
        tails = (*TAILS["kept first"], *TAILS["better first"])
        assert one.messages[0].content.endswith(tails) != before


def test_letters_are_mostly_named_before_the_reasons() -> None:
    made = [judging.letters(random.Random(f"letters/{i}")) for i in range(300)]
    first = [one.messages[1].content.split(".")[0] in ("A", "B") for one in made]
    assert 0.74 < _share(first) < 0.86


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
    assert documents(40) == DOCUMENTS[:40]
    turned = [one for one in DOCUMENTS if kind(one) == "contested" and len(one.messages) == 4]
    assert turned and all(set(verdicts(one)) == {"A", "B"} for one in turned)
    long = [sum(len(m.content.split()) for m in one.messages) > 260 for one in DOCUMENTS]
    assert _share(long) < 0.005, "longer ones are cut by the context"


def kind(one: Demonstration) -> str:
    return (one.provenance.source or "").removeprefix("judging/")


def verdicts(one: Demonstration) -> list[str]:
    return [verdict(message.content) for message in one.messages[1::2]]


def test_an_answer_is_checked_by_several_rules_and_none_tells_the_verdict() -> None:
    made = [judging.checks(random.Random(f"checks/{i}")) for i in range(1200)]
    for checks in made:
        names = [one.rule.name for one in checks]
        assert len(set(names)) == len(names) and len({one.answer for one in checks}) == 1
        assert all(one.rule.fires(one.ask) for one in checks)
        assert all(one.rule.kept(one.ask, one.answer) == one.kept for one in checks)
    further = [one for checks in made for one in checks[1:]]
    assert len(further) > len(made)
    kept: dict[str, list[bool]] = {}
    for one in further:
        kept.setdefault(one.rule.name, []).append(one.kept)
    often = {name: _share(found) for name, found in kept.items() if len(found) > 60}
    assert len(often) >= 8
    assert all(0.33 < share < 0.67 for share in often.values()), str(often)


def test_what_decides_is_said_in_the_answer_and_decides() -> None:
    for one in SINGLES:
        found = deciding(one.rule, one.ask, one.answer)
        parts = sentences(one.answer)
        for part in found:
            index = parts.index(part)
            without = " ".join([*parts[:index], VOID, *parts[index + 1 :]])
            kept = one.rule.kept(one.ask, part)
            assert one.rule.kept(one.ask, without) != one.kept or kept == one.kept
        quote = f"It says: {found[0]} " if found else ""
        assert quote in one.told(False).content
        assert bool(quote) == ("It says: " in one.told(False).content)
    some = [bool(deciding(one.rule, one.ask, one.answer)) for one in SINGLES]
    assert 0.35 < _share(some) < 0.65


def test_a_verdict_that_a_sentence_must_bring_has_one() -> None:
    """Counting rules may lie in no sentence alone; all others do, or else in none being there."""
    for one in SINGLES:
        found = deciding(one.rule, one.ask, one.answer)
        due = one.rule.kept(one.ask, VOID) != one.kept
        assert bool(found) == due or one.rule.name in ("full", "brief", "hedge", "people"), one


def test_reasons_that_come_first_read_the_answers_out() -> None:
    for one in SINGLES:
        told = one.told(True).content.removeprefix("It says: ")
        assert told.replace(f" {COUNTS}", "").startswith(one.answer)
        assert told.count(COUNTS) == len(deciding(one.rule, one.ask, one.answer))
    for pair in PAIRS:
        a, b = pair.answers
        assert pair.told(True).content.replace(f" {COUNTS}", "").startswith(f"A: {a} B: {b} ")


def test_pairs_quote_the_better_answer_where_they_can() -> None:
    for pair in PAIRS:
        told = pair.told(False).content.removeprefix(f"{pair.letter}. ")
        found = evidence(pair.rule, pair.ask, pair.answers[pair.better])
        if found:
            assert told.startswith(f"{pair.letter} says: {found} ")
