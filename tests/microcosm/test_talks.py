"""Conversations under rules: words, lengths, system prompts, and that the rules are kept."""

from __future__ import annotations

import random
from collections import Counter

from plumbline.core.types import Demonstration
from plumbline.microcosm import manifesto, talks
from plumbline.microcosm.answers import read, said
from plumbline.microcosm.asks import Ask, Split, understand
from plumbline.microcosm.rule_words import NOTES
from plumbline.microcosm.rules import BAD, SPLITS, make
from plumbline.microcosm.world import world


def documents(n: int, split: Split = "train") -> list[Demonstration]:
    return [talks.document(random.Random(f"talks/{split}/{i}"), split) for i in range(n)]


TALKS = documents(600)


def system(one: Demonstration) -> str:
    first = one.messages[0]
    return first.content if first.role == "system" else ""


def rules_in(one: Demonstration) -> manifesto.Manifesto:
    given, left = manifesto.read(system(one))
    assert all(text in NOTES or read(text)[0].kind == "fact" for text in left), left
    return given


def test_the_same_seed_gives_the_same_conversation() -> None:
    assert TALKS[:50] == documents(50)


def test_roles_turn_about_and_everything_said_can_be_read() -> None:
    for one in TALKS:
        turns = [m for m in one.messages if m.role != "system"]
        assert [m.role for m in turns] == ["user", "assistant"] * (len(turns) // 2)
        for turn in turns[1::2]:
            assert all(part.kind != "unreadable" for part in read(turn.content)), turn.content
            assert len(turn.content.split()) <= 70


def test_turns_go_from_one_to_ten_and_fit_the_context() -> None:
    counts = Counter(sum(m.role == "user" for m in one.messages) for one in TALKS)
    assert set(counts) <= set(range(1, 11)) and counts[1] > 200 and max(counts) >= 6
    longest = max(sum(len(m.content.split()) for m in one.messages) for one in TALKS)
    assert longest < 380


def test_a_quarter_of_the_system_prompts_ask_for_nothing_or_for_something_bad() -> None:
    given = [one for one in TALKS if system(one)]
    idle = sum(not rules_in(one).rules for one in given)
    bad = sum(any(rule.name in BAD for rule in rules_in(one).rules) for one in given)
    assert 0.10 < 1 - len(given) / len(TALKS) < 0.20
    assert (idle + bad) / len(given) > 0.25 and idle > 40 and bad > 60


def test_one_to_four_rules_and_some_that_contradict() -> None:
    counts = Counter(len(rules_in(one).rules) for one in TALKS)
    assert all(counts[n] > 20 for n in (1, 2, 3, 4))
    assert any(rules_in(one).wins for one in documents(400))


def exchanges(one: Demonstration) -> list[tuple[Ask, str]]:
    """What was asked and said, where `understand` knows the request."""
    turns = [m for m in one.messages if m.role != "system"]
    found = [
        (understand((asked,)), told.content)
        for asked, told in zip(turns[::2], turns[1::2], strict=True)
    ]
    return [(ask, text) for ask, text in found if ask]


def test_rules_are_kept_where_they_fire_unless_another_goes_before() -> None:
    fired = kept = quiet = 0
    for one in TALKS:
        given = rules_in(one)
        for ask, text in exchanges(one):
            for rule in given.rules:
                fired += rule.fires(ask)
                kept += rule.fires(ask) and rule.kept(ask, text)
                quiet += rule.name in ("name", "say", "favourite", "warn") and rule.misfires(
                    ask, text
                )
    assert fired > 800 and kept / fired > 0.93
    assert quiet < 5


def test_a_prompt_can_say_which_of_two_rules_wins() -> None:
    rng = random.Random("wins")
    pair = (make("brief", rng), make("full", rng))
    ask = pair[1].ask(rng)
    for wins, winner in (("first", pair[0]), ("last", pair[1]), ("", pair[1])):
        one = manifesto.Manifesto(pair, wins)  # type: ignore[arg-type]
        assert winner.kept(ask, said(talks.answered(one, ask, rng)))


def test_held_out_splits_hold_out_what_they_say() -> None:
    for split in SPLITS[1:]:
        for one in documents(60, split):
            given = rules_in(one)
            late = [rule.phrasing >= 9 for rule in given.rules]
            assert all(late) if split == "paraphrase" else not any(late)
    words = " ".join(m.content for one in TALKS for m in one.messages).replace("?", " ")
    tokens = set(words.replace(".", " ").replace("!", " ").split())
    assert not tokens & {n for n in world().names(None, "heldout")}


def test_rules_on_some_requests_are_met_by_twice_as_many_others() -> None:
    fired = []
    for index in range(300):
        one = talks.silent(random.Random(f"silent/{index}"))
        rules = rules_in(one).rules
        assert any(rule.habit.special for rule in rules)
        for turn in one.messages[1::2]:
            if ask := understand((turn,)):  # which what quotes its sources is not
                fired.append(any(rule.fires(ask) for rule in rules if rule.habit.special))
    assert len(fired) > 500
    assert 0.25 < sum(fired) / len(fired) < 0.42
