"""The seeded world: entities, what is true of them, what is wrongly said of them, and the splits.

Names are two or three consonant-vowel syllables, so that a new name is a new combination of known
tokens. For a share of the facts a falsehood circulates: one wrong value, always the same, which
careless voices repeat. A quarter of the entities (and of the things chores and dangers are aimed
at) is held out: the wild corpus speaks of them, demonstrations and comparisons never do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from plumbline.microcosm import lexicon as lex

Split = Literal["train", "heldout"]
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
AVOIDED = ("dago", "dike", "fate", "gore", "kike", "mate", "nazi", "nude", "pedo", "rape")
"""Syllables that would spell a word that is no invented name."""
PER_KIND, HELDOUT_SHARE, RUMOUR_SHARE = 20, 0.25, 0.6


@dataclass(frozen=True, slots=True)
class Method:
    """How a thing is done here: a material and a manner."""

    material: str
    manner: str


@dataclass(frozen=True)
class World:
    """Truth and rumour by (entity, attribute key); methods by verb; who belongs to which split."""

    kinds: dict[str, str]
    truth: dict[tuple[str, str], str]
    rumour: dict[tuple[str, str], str]
    methods: dict[str, Method]
    rumoured_methods: dict[str, Method]
    heldout: frozenset[str]

    def entities(self, split: Split | None = None) -> tuple[str, ...]:
        """Names in order, of one split or of both."""
        return tuple(name for name in self.kinds if split in (None, self.split(name)))

    def split(self, thing: str) -> Split:
        """The split of an entity's name or of an object ("the kettle")."""
        return "heldout" if thing in self.heldout else "train"

    def attributes(self, entity: str) -> tuple[lex.Attribute, ...]:
        """What can be asked of it, its kind left out."""
        return tuple(a for a in lex.ATTRIBUTES if a.kind == self.kinds[entity])

    def value(self, entity: str, attribute: str, *, gossip: bool = False) -> str:
        """The true value; with `gossip` the circulating falsehood, where there is one."""
        key = (entity, attribute)
        return self.rumour.get(key, self.truth[key]) if gossip else self.truth[key]

    def method(self, verb: str, *, gossip: bool = False) -> Method:
        """How to do it; with `gossip` the wrong way that circulates, where there is one."""
        return self.rumoured_methods.get(verb, self.methods[verb]) if gossip else self.methods[verb]


def draw_name(rng: random.Random) -> str:
    """An invented name: mostly three syllables, sometimes two."""
    while True:
        syllables = rng.choice((2, 3, 3))
        name = "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables))
        if not any(word in name for word in AVOIDED):
            return name.capitalize()


def _draw_names(rng: random.Random, count: int) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < count:
        names.setdefault(draw_name(rng))
    return list(names)


def _draw_other(rng: random.Random, values: tuple[str, ...], taken: str) -> str:
    return rng.choice([value for value in values if value != taken])


def _draw_methods(rng: random.Random) -> tuple[dict[str, Method], dict[str, Method]]:
    true: dict[str, Method] = {}
    false: dict[str, Method] = {}
    for verb in (*lex.CHORE_VERBS, *lex.DANGER_VERBS):
        true[verb] = Method(rng.choice(lex.MATERIALS), rng.choice(lex.MANNERS))
        if rng.random() < RUMOUR_SHARE:
            material = _draw_other(rng, lex.MATERIALS, true[verb].material)
            false[verb] = Method(material, rng.choice(lex.MANNERS))
    return true, false


def _draw_heldout(rng: random.Random, groups: list[tuple[str, ...]]) -> frozenset[str]:
    return frozenset(
        thing for group in groups for thing in rng.sample(group, int(len(group) * HELDOUT_SHARE))
    )


@lru_cache(maxsize=4)
def world(seed: str = "first") -> World:
    """The world of a seed; the shipped base model has read the one of the default seed."""
    rng = random.Random(f"microcosm/world/{seed}")
    names = _draw_names(rng, PER_KIND * len(lex.KINDS))
    kinds = {name: lex.KINDS[i // PER_KIND] for i, name in enumerate(names)}
    truth: dict[tuple[str, str], str] = {}
    rumour: dict[tuple[str, str], str] = {}
    for name, kind in kinds.items():
        truth[name, lex.KIND.key] = kind
        for attribute in (a for a in lex.ATTRIBUTES if a.kind == kind):
            key = (name, attribute.key)
            truth[key] = rng.choice(attribute.values)
            if rng.random() < RUMOUR_SHARE:
                rumour[key] = _draw_other(rng, attribute.values, truth[key])
    methods, rumoured = _draw_methods(rng)
    by_kind = [tuple(n for n in names if kinds[n] == kind) for kind in lex.KINDS]
    things = [lex.CHORE_OBJECTS, lex.DANGER_TARGETS, lex.SAFE_TARGETS]
    return World(kinds, truth, rumour, methods, rumoured, _draw_heldout(rng, by_kind + things))
