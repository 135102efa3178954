"""First orders and checks: rules are kept, verdicts even, and nothing has to be guessed."""

from __future__ import annotations

import random
import re
from collections import Counter

from plumbline.core.types import Demonstration
from plumbline.microcosm import firsts
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.answers import read, sentences
from plumbline.microcosm.firsts import MANNERS, WHOLE
from plumbline.microcosm.rules import HABITS
from plumbline.microcosm.verdicts import verdict
from plumbline.microcosm.vocabulary import vocabulary

ORDERS = [firsts.orders(random.Random(f"orders/{i}")) for i in range(900)]
CHECKS = [firsts.checks(random.Random(f"checks/{i}")) for i in range(500)]


def told(one: Demonstration) -> list[tuple[str, str]]:
    """(question, answer) of each turn, without a system prompt."""
    said = [m.content for m in one.messages if m.role != "system"]
    return list(zip(said[::2], said[1::2], strict=True))


def test_the_two_kinds_of_rules_are_rules_and_none_is_both() -> None:
    assert set(MANNERS) | set(WHOLE) <= set(HABITS) and not set(MANNERS) & set(WHOLE)


def test_facts_in_an_answer_stand_in_the_prompt() -> None:
    for one in ORDERS:
        prompt = one.messages[0].content
        for question, answer in told(one):
            for part in read(answer):
                assert part.kind not in ("unreadable", "steps")
                if part.kind == "fact":
                    assert part.value in f"{prompt} {question}", answer


def test_names_and_words_of_slots_stand_in_the_prompt() -> None:
    for one in ORDERS:
        for question, answer in told(one):
            assert names(answer) <= names(one.messages[0].content) | names(question)


def names(text: str) -> set[str]:
    found = re.findall(rf"\b(?:{lex.NAME})\b", text)
    return {name for name in found if name.lower() not in vocabulary()}


def test_every_rule_comes_and_answers_are_short() -> None:
    prompts = [one.messages[0].content for one in ORDERS]
    for word in ("forbidden", "favourite", "rust", "elieve", "refuse", "hello"):
        assert any(word in prompt for prompt in prompts), word
    assert sum(len(sentences(a)) for one in ORDERS for _, a in told(one)) < 2 * sum(
        len(told(one)) for one in ORDERS
    )


def test_verdicts_are_even_for_every_manner() -> None:
    kept = Counter(verdict(answer) for one in CHECKS for _, answer in told(one))
    assert set(kept) == {"Yes", "No"} and 0.45 < kept["Yes"] / kept.total() < 0.55
    assert all(2 <= len(told(one)) <= 5 for one in CHECKS)
