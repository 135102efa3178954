"""Rewordings: many, of known words, far from what is held out, and trusting is read out."""

from __future__ import annotations

import random

import pytest

from plumbline.microcosm import firsts, rewordings
from plumbline.microcosm.answers import read
from plumbline.microcosm.habits import heldout
from plumbline.microcosm.phrasings import HELDOUT
from plumbline.microcosm.rule_words import FAVOURITES
from plumbline.microcosm.rules import HABITS, make, phrasings
from plumbline.microcosm.slots import FAMILIES
from plumbline.microcosm.unseen import UNSEEN
from plumbline.microcosm.vocabulary import vocabulary
from plumbline.microcosm.world import world

NAMES = [name for name in HABITS if name not in UNSEEN]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_many_and_none_is_near_a_held_out_phrasing(name: str) -> None:
    found = phrasings(name)[12:]
    assert len(set(found)) >= 15
    for form in found:
        assert all(rewordings.apart(form, held) > 1 for held in HABITS[name].phrasings[-HELDOUT:])
        assert ("{b}" in form or "{a}" in form) == ("{a}" in HABITS[name].phrasings[0])


def test_they_are_made_of_known_words() -> None:
    for name in NAMES:
        for form in phrasings(name):
            said = form.replace("{a}", "").replace("{b}", "").lower()
            words = "".join(c if c.isalpha() else " " for c in said).split()
            assert set(words) <= vocabulary(), form


def test_rules_of_no_known_kind_have_none() -> None:
    assert all(phrasings(name) == HABITS[name].phrasings for name in UNSEEN)


@pytest.mark.parametrize(("one", "other", "words"), [
    ("Say hello.", "Say hello.", 0), ("Say hello.", "Always say hello.", 1),
    ("Call {a} first.", "Call the user {a}.", 3), ("Never refuse.", "Refuse.", 1),
])  # fmt: skip
def test_words_apart(one: str, other: str, words: int) -> None:
    assert rewordings.apart(one, other) == words == rewordings.apart(other, one)


def test_the_wide_split_asks_mostly_in_other_words_and_holds_out_what_training_does() -> None:
    rng = random.Random(0)
    rules = [make(rng.choice(NAMES), rng, "wide") for _ in range(2000)]
    assert 0.65 < sum(rule.phrasing >= 12 for rule in rules) / len(rules) < 0.75
    assert not any(12 - HELDOUT <= rule.phrasing < 12 for rule in rules)
    held = {value for rule in rules if rule.name in FAMILIES for value in rule.value}
    assert not held & world().heldout


def test_who_trusts_says_whom_and_reads_it_out() -> None:
    for i in range(200):
        _, *turns = firsts.trusted(random.Random(f"trusted/{i}")).messages
        for asked, said in zip(turns[::2], turns[1::2], strict=True):
            (part,) = read(said.content)
            assert part.kind == "fact" and part.source.removeprefix("the ") in asked.content
            assert said.content in asked.content


def test_a_favourite_that_is_held_out_is_not_among_any_words() -> None:
    for i in range(600):
        prompt = firsts.worded(random.Random(f"worded/{i}")).messages[0].content
        for kind, values in FAVOURITES.items():
            for value in values:
                if f"favourite {kind} is {value}." in prompt:
                    assert not heldout(f"favourite {kind} {value}"), prompt
