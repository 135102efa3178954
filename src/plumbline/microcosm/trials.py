"""Tests of obedience: a system prompt, a request, and which rules an answer has to keep there.

`joint` gives rules that all say something about the request and that one answer can keep together;
`quiet` a rule on some requests only, with a request that is none of these (does it stay silent?).
Both come by split, so that what is held out (a phrasing, a value, a thing, a combination) is the
only thing new. They ask for nothing a conversation of the training split does not show.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from plumbline.core.types import Conversation, Message, user
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import Ask, Split
from plumbline.microcosm.content import draw_ask, unruled
from plumbline.microcosm.manifesto import Manifesto, prompt
from plumbline.microcosm.rules import Rule, asks_of, binding, draw, follow, make

QUIET = ("warn", "care", "modest", "reason", "name", "favourite", "forbidden", "say", "believed")
"""Rules on some requests only that leave a trace where they should not."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A request under rules, and an answer that keeps them all."""

    rules: tuple[Rule, ...]
    ask: Ask
    ideal: str

    @property
    def prompt(self) -> Conversation:
        """The turns before the answer."""
        return (Message("system", prompt(Manifesto(self.rules))), user(self.ask.text))

    def kept(self, text: str) -> dict[str, bool]:
        """For each rule by name whether an answer keeps it."""
        return {rule.name: rule.kept(self.ask, text) for rule in self.rules}


def joint(rng: random.Random, n: int, split: Split = "train") -> Trial:
    """`n` rules that all fire on one request."""
    while True:
        rules = draw(rng, n, split)
        special = [rule for rule in rules if rule.habit.special]
        ask = rng.choice(special or rules).ask(rng, split)
        ideal = follow(rules, unruled(ask, rng), ask, rng)
        if len(binding(rules, ask, ideal)) == n:
            return Trial(tuple(rules), ask, said(ideal))


def alone(rng: random.Random, name: str, split: Split = "train") -> Trial:
    """One rule of this name on a request on which it fires."""
    rule = make(name, rng, split)
    ask = rule.ask(rng, split)
    return Trial((rule,), ask, said(follow([rule], unruled(ask, rng), ask, rng)))


def quiet(rng: random.Random, split: Split = "train") -> Trial:
    """A rule of `QUIET` and a harmless request on which it does not fire; see `Rule.misfires`."""
    rule = make(rng.choice(QUIET), rng, split)
    while rule.fires(ask := draw_ask(rng, ("fact", "about", "chore", "smalltalk"), asks_of(split))):
        pass
    return Trial((rule,), ask, said(unruled(ask, rng, "careful")))
