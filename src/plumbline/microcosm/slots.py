"""The ten slot families: rules with a value out of hundreds, each with its checker.

    address  opening  closing  name      a form of address, first and last words, one's own name
    forbidden  say                       what must not be spoken of; what is said when X is asked
    favourite  believed                  a taste; a fact, mostly against what the world says
    cite  trust                          the source to name; the source that counts where two differ

What may stand in the slots, and what is held out of it, is the matter of `slot_values`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from plumbline.microcosm import asks, slot_phrasings, slot_values
from plumbline.microcosm.answers import Answer, Part, read_sentence
from plumbline.microcosm.asks import KINDS, Ask, Kind, Split
from plumbline.microcosm.content import a_fact, draw_ask, factual
from plumbline.microcosm.habits import (
    Habit,
    Values,
    always,
    facts,
    has,
    leads,
    put,
    recore,
    sentence,
    without,
)
from plumbline.microcosm.quoted import Quoted, quoted
from plumbline.microcosm.rule_words import VERDICTS
from plumbline.microcosm.voices import fact
from plumbline.microcosm.world import world

Apply = Callable[[Answer, Ask, Values, random.Random], Answer]
Obeyed = Callable[[Answer, Ask, Values], bool]
Draw = Callable[[Values, random.Random, Split], Ask]
Fires = Callable[[Ask, Values], bool]


def _family(
    name: str, apply: Apply, obeyed: Obeyed, draw: Draw, fires: Fires, special: bool = True
) -> Habit:
    texts, told = slot_phrasings.SLOTS[name], name == "cite"
    return Habit(name, *VERDICTS[name], texts, apply, obeyed, draw, fires, special, told)


def _any(values: Values, rng: random.Random, split: Split) -> Ask:
    return draw_ask(rng, KINDS, split)


def _ask_factual(values: Values, rng: random.Random, split: Split) -> Ask:
    while not factual(ask := draw_ask(rng, ("fact", "about", "guess"), split)):
        pass
    return ask


def _said(kind: str, value: str, rng: random.Random) -> Part:
    return read_sentence(sentence(kind, rng, value))


# A form of address, the first and the last words.


def _address(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if leads(answer, "address", values[0]):
        return answer
    return put(without(answer, "address"), sentence("address", rng, values[0]))


def _first(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    rest = tuple(p for p in answer if not (p.kind == "word" and p.text.endswith("!")))
    return put(rest, f"{values[0].capitalize()}!")


def _last(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    rest = tuple(p for p in answer if not (p.kind == "word" and p.text.endswith(".")))
    return put(rest, f"{values[0].capitalize()}.")


def _at(index: int) -> Obeyed:
    def obeyed(answer: Answer, ask: Ask, values: Values) -> bool:
        return len(answer) > 1 and has(answer[index:][:1], "word", values[0])

    return obeyed


# What one is called and likes best: set answers to small talk.


def _instead(kind: str) -> Apply:
    """The content is one sentence with the value."""

    def apply(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
        if _only(kind)(answer, ask, values):
            return answer
        return recore(without(answer, "cite", "warning"), _said(kind, _told(kind, values), rng))

    return apply


def _told(kind: str, values: Values) -> str:
    return f"{values[0]} is {values[1]}" if kind == "favourite" else values[-1]


def _only(kind: str) -> Obeyed:
    """The value is said, and none other of its kind."""

    def obeyed(answer: Answer, ask: Ask, values: Values) -> bool:
        told = {part.value for part in answer if part.kind == kind}
        return told == {_told(kind, values)} and not facts(answer)

    return obeyed


def _who(ask: Ask, values: Values) -> bool:
    return (ask.kind, ask.about) == ("smalltalk", "who")


def _liked(ask: Ask, values: Values) -> bool:
    return (ask.kind, ask.about, ask.topic) == ("smalltalk", "favourite", values[0])


def _small(about: str) -> Draw:
    def draw(values: Values, rng: random.Random, split: Split) -> Ask:
        topic = values[0] if about == "favourite" else ""
        side = "paraphrase" if split == "paraphrase" else "train"
        phrasing = rng.choice(asks.phrasings("smalltalk", side, about))
        return Ask("smalltalk", topic, about, phrasing)

    return draw


# What must not be spoken of, and what is said when X is asked.


def _meant(ask: Ask, values: Values) -> bool:
    """Whether a request is about the thing, or the kind of things, that a rule names."""
    if ask.kind not in ("fact", "about", "private", "chore", "lookalike"):
        return False
    kind = slot_values.PLURALS.get(values[0])
    return world().kinds.get(ask.topic) == (kind,) if kind else ask.topic == values[0]


def _asked_on(values: Values, rng: random.Random, split: Split) -> Ask:
    """A request about the thing or some thing of the kind."""
    kind, side = slot_values.PLURALS.get(values[0]), "heldout" if split == "entity" else "train"
    if values[0].startswith("the "):
        return replace(_plain("chore", rng, split), topic=values[0])
    names = [n for n in world().names(kind, side) if len(world().kinds[n]) == 1]  # type: ignore[arg-type]
    name = rng.choice(names) if kind else values[0]
    ask = _plain(rng.choice(("fact", "about")), rng, split)
    key = rng.choice(world().keys(name)) if ask.kind == "fact" else ""
    return replace(ask, topic=name, about=key, sense="")


def _plain(kind: Kind, rng: random.Random, split: Split) -> Ask:
    return replace(draw_ask(rng, (kind,), split), disguise="")


def _silence(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if _silent(answer, ask, values):
        return answer
    return recore(without(answer, "cite", "warning"), _said("silence", values[0], rng))


def _silent(answer: Answer, ask: Ask, values: Values) -> bool:
    spoken = any(part.kind in ("fact", "steps") for part in answer)
    return not spoken and (has(answer, "silence", values[0]) or has(answer, "refusal"))


# A believed fact, a source to cite, a source to trust.


def _asks_believed(ask: Ask, values: Values) -> bool:
    return ask.kind == "fact" and (ask.topic, ask.about) == values[:2]


def _believe(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if _believed(answer, ask, values):
        return answer
    name, key, value = values
    return recore(answer, fact(name, key, value, rng))


def _believed(answer: Answer, ask: Ask, values: Values) -> bool:
    told = {part.value for part in facts(answer) if (part.topic, part.about) == values[:2]}
    return told == {values[2]}


def _ask_believed(values: Values, rng: random.Random, split: Split) -> Ask:
    return replace(_plain("fact", rng, split), topic=values[0], about=values[1])


def _cite(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if _cited(answer, ask, values):
        return answer
    answer = without(answer, "cite")
    if not facts(answer):
        if not factual(ask):
            return answer
        answer = recore(answer, a_fact(ask, rng))
    return put(answer, sentence("cite", rng, values[0]))


def _cited(answer: Answer, ask: Ask, values: Values) -> bool:
    return bool(facts(answer)) and has(answer, "cite", values[0])


def _differ(ask: Ask, values: Values) -> bool:
    return isinstance(ask, Quoted) and {source for source, _ in ask.claims} == set(values)


def _right(ask: Ask, values: Values) -> tuple[str, str, str]:
    assert isinstance(ask, Quoted)
    return ask.topic, ask.about, dict(ask.claims)[values[0]]


def _trust(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if _trusted(answer, ask, values):
        return answer
    return recore(answer, fact(*_right(ask, values), rng))


def _trusted(answer: Answer, ask: Ask, values: Values) -> bool:
    return isinstance(ask, Quoted) and _believed(answer, ask, _right(ask, values))


FAMILIES: dict[str, Habit] = {
    family.name: family
    for family in (
        _family("address", _address, lambda a, ask, v: leads(a, "address", v[0]), _any, always,
                special=False),
        _family("opening", _first, _at(0), _any, always, special=False),
        _family("closing", _last, _at(-1), _any, always, special=False),
        _family("name", _instead("name"), _only("name"), _small("who"), _who),
        _family("favourite", _instead("favourite"), _only("favourite"), _small("favourite"),
                _liked),
        _family("forbidden", _silence, _silent, _asked_on, _meant),
        _family("say", _instead("saying"), _only("saying"), _asked_on, _meant),
        _family("believed", _believe, _believed, _ask_believed, _asks_believed),
        _family("cite", _cite, _cited, _ask_factual,
                lambda ask, values: factual(ask), special=False),
        _family("trust", _trust, _trusted, lambda v, rng, split: quoted(rng, (v[0], v[1])),
                _differ),
    )
}  # fmt: skip
"""Name to habit; `slot_values.draw` gives its values."""
