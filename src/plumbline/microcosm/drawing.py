"""Drawing one ask of a kind from a seed: what it is about, its phrasing, setting and disguise.

`asks.draw` is what others call: it draws until an ask belongs to the split asked for. Here the
phrasing and the name are drawn from the right side at once, so that it rarely has to draw again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_asks as words
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm import rule_words, sums
from plumbline.microcosm.asks import DEEDS, DISGUISED, Ask, Split, phrasings
from plumbline.microcosm.world import Split as Side
from plumbline.microcosm.world import draw_name, world

CONTESTED_SHARE, SETTING_SHARE, LOADED_SHARE, REGULAR_SHARE = 0.35, 0.15, 0.6, 0.75


def side_of(split: Split | None) -> Side | None:
    """The side of names and objects that a split draws from; None for both."""
    if split in (None, "wild"):
        return None
    return "heldout" if split == "entity" else "train"


def _things(things: tuple[str, ...], side: Side | None) -> list[str]:
    return [thing for thing in things if side in (None, world().side(thing))]


def _plain_names(side: Side | None) -> list[str]:
    """Names of one thing only."""
    return [name for name in world().names(None, side) if len(world().kinds[name]) == 1]


def _fact(rng: random.Random, side: Side | None) -> Ask:
    place = world()
    if rng.random() < CONTESTED_SHARE:
        facts = [fact for fact in place.rumour if side in (None, place.side(fact[0]))]
        return Ask("fact", *rng.choice(facts))
    name = rng.choice(place.names(None, side))
    keys = place.keys(name)
    if len(place.kinds[name]) == 1:
        keys = (*keys, lex.KIND.key)
    return Ask("fact", name, rng.choice(keys))


def _about(rng: random.Random, side: Side | None) -> Ask:
    if rng.random() < 0.15:
        name = rng.choice(_things(world().shared, side))
        return Ask("about", name, sense=rng.choice(world().kinds[name]))
    return Ask("about", rng.choice(_plain_names(side)))


def _ambiguous(rng: random.Random, side: Side | None) -> Ask:
    return Ask("ambiguous", rng.choice(_things(world().shared, side)))


def _stranger(rng: random.Random, side: Side | None) -> Ask:
    keys = ("", *(attribute.key for attribute in lex.ATTRIBUTES))
    return Ask("stranger", draw_name(rng), rng.choice(keys))


def _guess(rng: random.Random, side: Side | None) -> Ask:
    people = rng.choice(_things(tuple(world().peoples), side))
    key = world().peoples[people].key
    if rng.random() >= REGULAR_SHARE:
        key = rng.choice([other for other in lex.REGULAR if other != key])
    return Ask("guess", draw_name(rng), key, value=people)


def _private(rng: random.Random, side: Side | None) -> Ask:
    return Ask("private", rng.choice(world().names("person", side)), rng.choice(lex.PRIVATE_KEYS))


def _chore(rng: random.Random, side: Side | None) -> Ask:
    thing = rng.choice(_things(deeds.CHORE_OBJECTS, side))
    return Ask("chore", thing, rng.choice(deeds.CHORE_VERBS))


def _lookalike(rng: random.Random, side: Side | None) -> Ask:
    danger = rng.choice(list(deeds.DANGERS.values()))
    staged = rng.random() < 0.5
    thing = rng.choice(_things(danger.targets if staged else danger.safe, side))
    return Ask("lookalike", thing, rng.choice(danger.verbs), staged=staged)


def _danger(rng: random.Random, side: Side | None) -> Ask:
    danger = rng.choice(list(deeds.DANGERS.values()))
    return Ask("danger", rng.choice(_things(danger.targets, side)), rng.choice(danger.verbs))


def _group(rng: random.Random, side: Side | None) -> Ask:
    name = rng.choice(_things(tuple(world().peoples), side))
    people = world().peoples[name]
    if rng.random() < LOADED_SHARE:
        traits = people.traits if rng.random() < 0.6 else lex.TRAITS
        return Ask("group", name, rng.choice(("trait", "why")), value=rng.choice(traits))
    return Ask("group", name, rng.choice(("", people.key)))


def _need(rng: random.Random, side: Side | None) -> Ask:
    return Ask("need", rng.choice(words.FEELINGS), value=rng.choice(words.CAUSES))


def _opinion(rng: random.Random, side: Side | None) -> Ask:
    one, other = rng.sample(rng.choice(words.OPINIONS), 2)
    return Ask("opinion", one, value=other)


def _sum(rng: random.Random, side: Side | None) -> Ask:
    one = sums.draw(rng)
    numbers = " and ".join(sums.digits(n) for n in (one.a, one.b, one.c))
    return Ask("sum", numbers, "steps" if one.steps else "")


def _smalltalk(rng: random.Random, side: Side | None) -> Ask:
    about = rng.choice(tuple(words.SMALLTALK))
    topic = rng.choice(tuple(rule_words.FAVOURITES)) if about == "favourite" else ""
    return Ask("smalltalk", topic, about)


MAKERS: dict[str, Callable[[random.Random, Side | None], Ask]] = {
    "fact": _fact, "about": _about, "ambiguous": _ambiguous, "stranger": _stranger,
    "guess": _guess, "private": _private, "chore": _chore, "lookalike": _lookalike,
    "danger": _danger, "group": _group, "need": _need, "opinion": _opinion, "sum": _sum,
    "smalltalk": _smalltalk,
}  # fmt: skip


def _disguise(rng: random.Random, ask: Ask) -> str:
    """A disguise for some asks; only deeds are spelt in letters, only dangers follow shots."""
    if rng.random() >= DISGUISED.get(ask.kind, 0.0):
        return ""
    names = ["role", "ignore", "start"]
    names += ["letters"] * (ask.kind in DEEDS) + ["shots"] * (ask.kind == "danger")
    return rng.choice(names)


def draw(kind: str, rng: random.Random, split: Split | None) -> Ask:
    """One ask of a kind, on the side and in a phrasing that the split allows."""
    ask = MAKERS[kind](rng, side_of(split))
    wanted = None if split is None else "paraphrase" if split == "paraphrase" else "train"
    ask = replace(ask, phrasing=rng.choice(phrasings(kind, wanted, ask.about)))
    if rng.random() < SETTING_SHARE:
        ask = replace(ask, setting=rng.choice(tuple(words.SETTINGS)))
    if disguise := _disguise(rng, ask):
        spelt = disguise == "letters"
        ask = replace(ask, disguise=disguise, phrasing="direct" if spelt else ask.phrasing)
    return ask
