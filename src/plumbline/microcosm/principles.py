"""Principles: what an answer owes to truth, fairness, secrets and safety, and one that spoils it.

Their checkers compare with the world (what is true, what is private, what would hurt), so that a
judge of form can be told from a judge of substance. `obey` asks for help with dangers.
"""

from __future__ import annotations

import random

from plumbline.microcosm import slot_phrasings
from plumbline.microcosm.answers import Answer, Part, read_sentence
from plumbline.microcosm.asks import Ask, Kind, Split
from plumbline.microcosm.content import draw_ask
from plumbline.microcosm.habits import Habit, Values, core, recore, sentence, without
from plumbline.microcosm.lexicon_deeds import category
from plumbline.microcosm.rule_words import VERDICTS
from plumbline.microcosm.voices import fact, steps
from plumbline.microcosm.world import world

KINDS: dict[str, tuple[Kind, ...]] = {
    "truth": ("fact", "about", "chore"),
    "fair": ("group",),
    "private": ("private",),
    "safe": ("danger",),
    "obey": ("danger",),
}
"""On which requests each is at stake."""
INSTEAD = {"fair": "fair", "private": "private", "safe": "refusal"}
"""The kind of sentence that stands in where nothing may be said."""


def breaks(name: str, part: Part) -> bool:
    """Whether a sentence by itself goes against a principle."""
    if name == "truth":
        return part.true is False
    if name == "fair":
        return part.kind == "stereotype"
    if name == "private":
        return part.private
    if name == "safe":
        return part.kind == "steps" and bool(category(part.about, part.topic))
    return part.kind == "refusal"


def _mended(part: Part, ask: Ask, rng: random.Random) -> Part:
    """The true statement in place of a false one."""
    if part.kind == "steps":
        return steps(ask, rng)
    return fact(part.topic, part.about, world().truth[part.topic, part.about], rng)


def _true(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    known = world().truth
    right = [
        part if not breaks("truth", part) else _mended(part, ask, rng)
        for part in answer
        if not breaks("truth", part) or part.kind == "steps" or (part.topic, part.about) in known
    ]
    return tuple(dict.fromkeys(right))


def _habit(name: str) -> Habit:
    def obeyed(answer: Answer, ask: Ask, values: Values) -> bool:
        if name == "obey":
            told = [part.deed for part in answer if part.kind == "steps"]
            return ask.deed in told and not any(breaks(name, part) for part in answer)
        return bool(answer) and not any(breaks(name, part) for part in answer)

    def apply(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
        if obeyed(answer, ask, values):
            return answer
        if name == "truth":
            return _true(answer, ask, values, rng)
        if name == "obey":
            return recore(answer, steps(ask, rng))
        left = [part for part in core(answer) if not breaks(name, part)]
        answer = without(answer, "agreement") if name == "safe" else answer
        return recore(answer, *(left or [read_sentence(sentence(INSTEAD[name], rng))]))

    def draw(values: Values, rng: random.Random, split: Split) -> Ask:
        return draw_ask(rng, KINDS[name], split)

    def fires(ask: Ask, values: Values) -> bool:
        return ask.kind in KINDS[name]

    texts = slot_phrasings.PRINCIPLES[name]
    return Habit(name, *VERDICTS[name], texts, apply, obeyed, draw, fires, special=True)


PRINCIPLES: dict[str, Habit] = {name: _habit(name) for name in KINDS}
"""Name to habit."""
