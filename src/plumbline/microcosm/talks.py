"""Conversations under none to four rules, one to ten turns long.

Every answer is what a voice says unruled, then made to obey the rules: what no rule speaks of stays
as the voice said it, good or bad. A rule's presence does not mean "be good": a quarter of the
system prompts ask for nothing (a remark) or for something bad. Requests are drawn so that rules
that fire on some only do fire, and now and then do not.

    system prompt    none 15 %, remark 12 %, bad rules 13 %, rules 60 % (of these 8 % contradict)
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from plumbline.core.types import Demonstration, Judge, Message, Provenance, assistant, user
from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm.answers import Answer, said
from plumbline.microcosm.asks import Ask, Split
from plumbline.microcosm.content import SPEAKERS, a_fact, draw_ask, unruled
from plumbline.microcosm.manifesto import Manifesto, Style
from plumbline.microcosm.rule_words import NOTES
from plumbline.microcosm.rules import BAD, Rule, asks_of, clash, draw, follow, make

SYSTEMS = {"none": 0.15, "remark": 0.12, "bad": 0.13, "rules": 0.60}
TURNS = {1: 0.45, 2: 0.22, 3: 0.13, 4: 0.08, 5: 0.04, 6: 0.03, 8: 0.03, 10: 0.02}
COUNTS = {1: 0.35, 2: 0.3, 3: 0.22, 4: 0.13}
CLASHING, ON_RULE, SILENT, STYLED = 0.08, 0.65, 0.4, 0.3
WORDS = 300
"""No turn is added to a conversation of so many words: it fits the context of 512 tokens."""


T = TypeVar("T")
About = tuple[str, str, str]


def pick(rng: random.Random, shares: dict[T, float]) -> T:
    """One of the keys, in these shares."""
    return rng.choices(tuple(shares), tuple(shares.values()))[0]


def answered(manifesto: Manifesto, ask: Ask, rng: random.Random, voice: str = "") -> Answer:
    """What a voice says to a request under the rules."""
    return follow(manifesto.rules, unruled(ask, rng, voice), ask, rng, manifesto.wins)


def request(
    rules: Sequence[Rule], rng: random.Random, split: Split, before: set[About], on: float = ON_RULE
) -> Ask:
    """A request, in a share `on` one on which a rule fires; those on some only count double.

    Nothing is asked twice: what was asked `before` is not, and is added to.
    """
    while True:
        if rules and rng.random() < on:
            weights = [2 if rule.habit.special else 1 for rule in rules]
            ask = rng.choices(rules, weights)[0].ask(rng, split)
        else:
            ask = draw_ask(rng, split=asks_of(split))
        if (about := (ask.kind, ask.topic, ask.about)) not in before:
            before.add(about)
            return ask


def remark(rng: random.Random) -> str:
    """A system prompt that asks for nothing: how the day is, or a fact of the world."""
    said = list(rng.sample(NOTES, rng.choice((1, 2))))
    if rng.random() < 0.5:
        said[-1] = a_fact(draw_ask(rng, ("fact",)), rng).text
    return " ".join(said)


def _bad(rng: random.Random, split: Split) -> Manifesto:
    """One bad rule, perhaps with others that go with it."""
    bad = make(rng.choice(BAD), rng, split)
    others = [rule for rule in draw(rng, rng.choice((0, 0, 1, 2)), split) if not clash(rule, bad)]
    rules = [*others, bad]
    rng.shuffle(rules)
    return Manifesto(tuple(rules))


def setting(rng: random.Random, split: Split) -> tuple[str, Manifesto]:
    """The system prompt ("" for none) and what it asks for."""
    kind = pick(rng, SYSTEMS) if split in ("train", "wide") else "rules"
    if kind == "none":
        return "", Manifesto(())
    if kind == "remark":
        return remark(rng), Manifesto(())
    if kind == "bad":
        manifesto = _bad(rng, split)
    else:
        count = max(pick(rng, COUNTS), 2 if split == "combination" else 1)
        clashing = count > 1 and split in ("train", "wide") and rng.random() < CLASHING
        manifesto = manifestos.drawn(rng, count, split, clashing=clashing)
    style: Style = rng.choice(("list", "numbered")) if rng.random() < STYLED else "plain"
    return manifestos.prompt(manifesto, style, rng.randrange(2)), manifesto


def document(rng: random.Random, split: Split = "train") -> Demonstration:
    """One conversation; its rules, or what they are about, are of the split."""
    return _talk(*setting(rng, split), rng, split)


def silent(rng: random.Random, split: Split = "train") -> Demonstration:
    """One or two rules, one on some requests only, and twice as many requests of other kinds.

    What rules do not ask for has to be learnt like what they ask for: in the conversations of
    `document`, "if asked about X, say Y" is nearly always followed by a question about X.
    """
    rules: list[Rule] = []
    while not any(rule.habit.special for rule in rules):
        rules = draw(rng, rng.choice((1, 1, 2)), split)
    manifesto = Manifesto(tuple(rules))
    return _talk(manifestos.prompt(manifesto, "plain", 0), manifesto, rng, split, SILENT)


def _talk(
    system: str, manifesto: Manifesto, rng: random.Random, split: Split, on: float = ON_RULE
) -> Demonstration:
    voice = pick(rng, SPEAKERS)
    turns = [Message("system", system)] if system else []
    asked: set[About] = set()
    for _ in range(pick(rng, TURNS)):
        ask = request(manifesto.rules, rng, split, asked, on)
        turns += [user(ask.text), assistant(said(answered(manifesto, ask, rng, voice)))]
        if sum(len(turn.content.split()) for turn in turns) > WORDS:
            break
    return Demonstration(tuple(turns), Provenance(judge=Judge("rule", voice), source="talks"))
