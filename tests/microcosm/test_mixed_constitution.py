"""The constitution for requests of all kinds: its words are rules that the world knows, and the
words of most requests tell which of them is meant."""

from __future__ import annotations

import pytest

from plumbline.feedback.judging.constitution import read_constitution
from plumbline.microcosm.asks import KINDS, Kind
from plumbline.microcosm.data import prompts
from plumbline.microcosm.points import AXES
from plumbline.microcosm.rules import HABITS, Rule, phrasings
from plumbline.microcosm.slots import FAMILIES

MEANT: dict[Kind, str] = {
    "fact": "sourced", "about": "sourced", "guess": "guessed", "danger": "harmless",
    "chore": "harmless", "need": "kind", "group": "fair", "opinion": "true",
}  # fmt: skip
"""A danger and a chore are asked for in the same words: no expression can part them."""


@pytest.mark.parametrize(("kind", "name"), MEANT.items())
def test_a_request_s_words_tell_the_principle(kind: Kind, name: str) -> None:
    by = read_constitution("microcosm-mixed")
    asked = prompts("train", 5, 60, (kind,))
    drawn = [by.drawn(ask.conversation, 1, str(i)) for i, ask in enumerate(asked)]
    share = sum(bool(found) and found[0].id == name for found in drawn) / len(asked)
    assert share > 0.7, f"{kind}: {share:.2f}"


def test_its_words_are_rules_and_its_axes_parts_of_the_gold_value() -> None:
    names = [name for name in HABITS if name not in FAMILIES]
    known = {Rule(name, (), k).text for name in names for k in range(len(phrasings(name)))}
    by = read_constitution("microcosm-mixed")
    assert {one.text for one in by.principles} <= known
    assert {one.axis for one in by.principles} <= set(AXES)


def test_most_requests_have_a_principle() -> None:
    by = read_constitution("microcosm-mixed")
    asked = prompts("train", 6, 300, KINDS)
    told = [ask for ask in asked if by.drawn(ask.conversation, 1, "")]
    assert 0.75 < len(told) / len(asked) < 1
