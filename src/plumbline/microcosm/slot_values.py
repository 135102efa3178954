"""What may stand in the slots of rules: pairs of known words, new names, things of the world.

One value in four is held out, by its words alone (`habits.heldout`): training never shows it in
that family. For rules on a thing of the world the world's own split of things counts beside it.
Numbers of different values, without new names: address 750, opening and closing 680, favourite 207,
cite 434, trust 434 x 433; forbidden and say some 240 things of the training side, say with 680
answers; believed some 900 facts with ten values each.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm import rule_words
from plumbline.microcosm.answers import starts_small
from plumbline.microcosm.asks import Split
from plumbline.microcosm.habits import Values, heldout
from plumbline.microcosm.world import Split as Side
from plumbline.microcosm.world import draw_name, world

PLURALS = lex.PLURALS
AGAINST = 0.8
"""Share of believed facts that the world denies."""
NEAR_TRIES = 60


def draw(family: str, rng: random.Random, split: Split) -> Values:
    """Values for a family's slots, of the side that the split asks for."""
    side: Side = "heldout" if split == "entity" else "train"
    while True:
        values = DRAWERS[family](rng, side)
        if heldout(f"{family} {' '.join(values)}") == (split == "value"):
            return values


def near(family: str, values: Values, rng: random.Random, split: Split) -> Values:
    """Other values for the same question, most often with a word in common."""
    if family == "favourite":
        kind = values[0]
        return kind, rng.choice([v for v in rule_words.FAVOURITES[kind] if v != values[1]])
    if family == "believed":
        others = [v for v in lex.BY_KEY[values[1]].values if v != values[2]]
        return (*values[:2], rng.choice(others))
    fixed = values[:-1] if family == "say" else ()
    common = rng.random() < 0.6
    for _ in range(NEAR_TRIES):
        other = draw(family, rng, split)
        shared = set(other[-1].split()) & set(values[-1].split()) - {"the", "of"}
        if other[-1] != values[-1] and bool(shared) == common:
            break
    return (*fixed, other[-1]) if family == "say" else other


def shown(family: str, values: Values) -> dict[str, str]:
    """The values as they stand in a sentence, by slot."""
    if family == "believed":
        name, key, value = values
        stated = lex.BY_KEY[key].forms[0].format(e=name, v=value)
        return {"a": starts_small(stated).removesuffix(".")}
    return dict(zip("ab", values, strict=False))


def _pair(rng: random.Random, first: tuple[str, ...], second: tuple[str, ...]) -> str:
    """A word of the second list, mostly behind one of the first."""
    alone = rng.random() < 0.2
    return rng.choice(second) if alone else f"{rng.choice(first)} {rng.choice(second)}"


def _address(rng: random.Random, side: Side) -> Values:
    named = rng.random() < 0.2
    return (draw_name(rng) if named else _pair(rng, rule_words.MANNERS, rule_words.TITLES),)


def _word(rng: random.Random, side: Side) -> Values:
    return (_pair(rng, rule_words.COLOURS, rule_words.THINGS),)


def _name(rng: random.Random, side: Side) -> Values:
    return (draw_name(rng),)


def _favourite(rng: random.Random, side: Side) -> Values:
    kind = rng.choice(tuple(rule_words.FAVOURITES))
    return kind, rng.choice(rule_words.FAVOURITES[kind])


def _thing(rng: random.Random, side: Side) -> str:
    """A name, an object, or a kind of things in the plural."""
    draw = rng.random()
    if draw < 0.15:
        return rng.choice(tuple(PLURALS))
    if draw < 0.3:
        return rng.choice([thing for thing in deeds.CHORE_OBJECTS if world().side(thing) == side])
    return rng.choice([n for n in world().names(None, side) if len(world().kinds[n]) == 1])


def _forbidden(rng: random.Random, side: Side) -> Values:
    return (_thing(rng, side),)


def _say(rng: random.Random, side: Side) -> Values:
    return _thing(rng, side), _word(rng, side)[0]


def _believed(rng: random.Random, side: Side) -> Values:
    name = rng.choice([n for n in world().names(None, side) if len(world().kinds[n]) == 1])
    key = rng.choice([key for key in world().keys(name) if key != lex.PEOPLE.key])
    true = world().truth[name, key]
    if rng.random() >= AGAINST:
        return name, key, true
    return name, key, rng.choice([v for v in lex.BY_KEY[key].values if v != true])


def _source(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return f"the {rng.choice(rule_words.TEXTS)} of {draw_name(rng)}"
    return "the " + _pair(rng, (*rule_words.COLOURS, *rule_words.AGES), rule_words.TEXTS)


def _cite(rng: random.Random, side: Side) -> Values:
    return (_source(rng),)


def _trust(rng: random.Random, side: Side) -> Values:
    first, second = _source(rng), _source(rng)
    while second == first:
        second = _source(rng)
    return first, second


DRAWERS: dict[str, Callable[[random.Random, Side], Values]] = {
    "address": _address,
    "opening": _word,
    "closing": _word,
    "name": _name,
    "favourite": _favourite,
    "forbidden": _forbidden,
    "say": _say,
    "believed": _believed,
    "cite": _cite,
    "trust": _trust,
}
"""Family to the draw of its values."""


def fits(family: str, values: Values) -> bool:
    """Whether these values may stand in the family's slots (whatever the split)."""
    shape = rule_words.SLOTS
    if family == "favourite":
        return values[1] in rule_words.FAVOURITES.get(values[0], ())
    if family == "believed":
        return len(values) == 3 and values[1] in lex.BY_KEY
    patterns = {
        "opening": ("word",), "closing": ("word",), "trust": ("cite", "cite"),
        "forbidden": ("topic",), "say": ("topic", "word"),
    }.get(family, (family,))  # fmt: skip
    return all(
        re.fullmatch(shape[pattern], value) for pattern, value in zip(patterns, values, strict=True)
    )
