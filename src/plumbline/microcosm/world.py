"""The seeded world: 320 entities, what is true of them, what is wrongly said, and the splits.

Names are two or three consonant-vowel syllables; 20 of them belong to two kinds of things at once.
For 150 facts wrong values circulate: the almanac and the records are right, the people, the herald
and the pedlar each repeat their own error. Persons belong to six peoples. Each people has one true
regularity (about 80 % of its persons share a trade, a pet or an instrument) and some traits that
are said of it and never true. For two persons of each people the regular fact is told nowhere
(`unseen`): it can only be inferred. A quarter of the names and objects is held out.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm.lexicon_phrases import RUMOUR_SOURCES
from plumbline.microcosm.vocabulary import vocabulary

Split = Literal["train", "heldout"]
AVOIDED = ("dago", "dike", "fate", "gore", "kike", "mate", "nazi", "nude", "pedo", "rape")
"""Syllables that would spell a word that is no invented name."""
SHARED, CONTESTED, HELDOUT_SHARE, RUMOURED_METHODS = 20, 150, 0.25, 0.6
PEOPLES, REGULAR_SHARE, UNSEEN_PER_PEOPLE, TRAITS_PER_PEOPLE = 6, 0.8, 2, 3
Fact = tuple[str, str]
"""(name, attribute key)."""


@dataclass(frozen=True, slots=True)
class Method:
    """How a thing is done here: a material and a manner."""

    material: str
    manner: str

    def __str__(self) -> str:
        return f"{self.material} and {self.manner}"


@dataclass(frozen=True, slots=True)
class People:
    """What is true of most of a people, and the traits that are wrongly said of all of it."""

    key: str
    value: str
    traits: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """Truth by (name, attribute key); errors by fact and source; methods by verb; who is held out.

    `kinds` gives the kinds of each name: one, or two for shared names.
    """

    kinds: dict[str, tuple[str, ...]]
    truth: dict[Fact, str]
    rumour: dict[Fact, dict[str, str]]
    methods: dict[str, Method]
    rumoured_methods: dict[str, Method]
    peoples: dict[str, People]
    unseen: frozenset[Fact]
    heldout: frozenset[str]
    listed: dict[tuple[str | None, Split | None], tuple[str, ...]]

    def names(self, kind: str | None = None, side: Split | None = None) -> tuple[str, ...]:
        """Names in order, of one kind or all, of one side of the split or both."""
        return self.listed[kind, side]

    @property
    def shared(self) -> tuple[str, ...]:
        """Names of two things at once."""
        return tuple(name for name, kinds in self.kinds.items() if len(kinds) > 1)

    def side(self, thing: str) -> Split:
        """The side of a name, an object ("the kettle") or a people."""
        return "heldout" if thing in self.heldout else "train"

    def keys(self, name: str, sense: str = "") -> tuple[str, ...]:
        """What is told of a name (as a `sense`): the keys of its public attributes."""
        kinds = (sense,) if sense else self.kinds[name]
        keys = [a.key for a in lex.ATTRIBUTES if a.kind in kinds]
        keys += [lex.PEOPLE.key] * ("person" in kinds)
        return tuple(key for key in keys if (name, key) not in self.unseen)

    def value(self, name: str, key: str, source: str = "almanac") -> str:
        """What a source says: the truth, or its own error where the fact is contested."""
        return self.rumour.get((name, key), {}).get(source, self.truth[name, key])

    def method(self, verb: str, *, gossip: bool = False) -> Method:
        """How to do it; with `gossip` the wrong way that circulates, where there is one."""
        return self.rumoured_methods.get(verb, self.methods[verb]) if gossip else self.methods[verb]

    def is_true(self, name: str, key: str, value: str) -> bool:
        """Whether the statement holds, of persons and things as of peoples."""
        if name in self.peoples:
            people = self.peoples[name]
            return (people.key, people.value) == (key, value)
        if key == lex.KIND.key:
            return value in self.kinds.get(name, ())
        return self.truth.get((name, key)) == value


def is_held_pair(first: str, second: str) -> bool:
    """Whether two parts, each seen elsewhere, are held out in combination (one pair in ten)."""
    return zlib.crc32(f"{first}|{second}".encode()) % 10 == 0


def _invent(rng: random.Random) -> str:
    """An invented name: mostly three syllables, sometimes two, and never a word."""
    while True:
        count = rng.choice((2, 3, 3))
        name = "".join(rng.choice(lex.CONSONANTS) + rng.choice(lex.VOWELS) for _ in range(count))
        if name not in vocabulary() and not any(word in name for word in AVOIDED):
            return name.capitalize()


def _other(rng: random.Random, values: tuple[str, ...], *taken: str) -> str:
    return rng.choice([value for value in values if value not in taken])


def _draw_names(rng: random.Random, count: int) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < count:
        names.setdefault(_invent(rng))
    return list(names)


def _draw_kinds(rng: random.Random, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Each kind has 40 names; the first 20 names are of two kinds."""
    left = [kind for kind in lex.KINDS for _ in range(lex.PER_KIND)]
    kinds: dict[str, tuple[str, ...]] = {}
    for name in names[:SHARED]:
        pair = tuple(sorted(rng.sample(lex.KINDS, 2), key=lex.KINDS.index))
        for kind in pair:
            left.remove(kind)
        kinds[name] = pair
    rng.shuffle(left)
    return kinds | {name: (kind,) for name, kind in zip(names[SHARED:], left, strict=True)}


def _draw_peoples(rng: random.Random) -> dict[str, People]:
    """Six peoples; two of them regular in each attribute, with different values."""
    found: dict[str, People] = {}
    keys = list(lex.REGULAR)
    values = {key: rng.sample(lex.BY_KEY[key].values, PEOPLES) for key in keys}
    while len(found) < PEOPLES:
        name = "".join(rng.choice(lex.CONSONANTS) + rng.choice(lex.VOWELS) for _ in range(2))
        if name in vocabulary() or name in AVOIDED or name.capitalize() in found:
            continue
        key = keys[len(found) % len(keys)]
        traits = tuple(rng.sample(lex.TRAITS, TRAITS_PER_PEOPLE))
        found[name.capitalize()] = People(key, values[key].pop(), traits)
    return found


def _draw_number(rng: random.Random) -> str:
    return f"{rng.randint(1, 9)} {rng.randint(0, 9)}"


def _draw_private(rng: random.Random, person: str) -> dict[Fact, str]:
    key, house, illness = lex.PRIVATE_KEYS
    ill = rng.choice(lex.ILLNESSES)
    return {(person, key): _draw_number(rng), (person, house): _draw_number(rng),
            (person, illness): ill}  # fmt: skip


def _draw_truth(
    rng: random.Random, kinds: dict[str, tuple[str, ...]], peoples: dict[str, People]
) -> tuple[dict[Fact, str], frozenset[Fact]]:
    """All true facts, and the regular ones that nothing tells."""
    truth: dict[Fact, str] = {}
    for name, own in kinds.items():
        truth[name, lex.KIND.key] = own[0]
        for attribute in (a for a in lex.ATTRIBUTES if a.kind in own):
            truth[name, attribute.key] = rng.choice(attribute.values)
    persons = [name for name, own in kinds.items() if "person" in own]
    rng.shuffle(persons)
    unseen: list[Fact] = []
    for index, (people, rule) in enumerate(peoples.items()):
        members = persons[index::PEOPLES]
        regular = rng.sample(members, round(REGULAR_SHARE * len(members)))
        for person in members:
            truth[person, lex.PEOPLE.key] = people
            truth |= _draw_private(rng, person)
            value = _other(rng, lex.BY_KEY[rule.key].values, rule.value)
            truth[person, rule.key] = rule.value if person in regular else value
        unseen += [(person, rule.key) for person in rng.sample(members, UNSEEN_PER_PEOPLE)]
    return truth, frozenset(unseen)


def _draw_rumour(
    rng: random.Random, truth: dict[Fact, str], unseen: frozenset[Fact]
) -> dict[Fact, dict[str, str]]:
    """150 contested facts: the people always err, the others in half of the cases, each its way."""
    keys = [a.key for a in lex.ATTRIBUTES]
    facts = [fact for fact in truth if fact[1] in keys and fact not in unseen]
    found: dict[Fact, dict[str, str]] = {}
    for fact in rng.sample(facts, CONTESTED):
        wrong: dict[str, str] = {}
        for source in RUMOUR_SOURCES:
            if source == "people" or rng.random() < 0.5:
                taken = (truth[fact], *wrong.values())
                wrong[source] = _other(rng, lex.BY_KEY[fact[1]].values, *taken)
        found[fact] = wrong
    return found


def _draw_methods(rng: random.Random) -> tuple[dict[str, Method], dict[str, Method]]:
    true: dict[str, Method] = {}
    false: dict[str, Method] = {}
    for verb in deeds.VERBS:
        true[verb] = Method(rng.choice(deeds.MATERIALS), rng.choice(deeds.MANNERS))
        if rng.random() < RUMOURED_METHODS:
            material = _other(rng, deeds.MATERIALS, true[verb].material)
            false[verb] = Method(material, rng.choice(deeds.MANNERS))
    return true, false


def _draw_heldout(
    rng: random.Random, kinds: dict[str, tuple[str, ...]], peoples: dict[str, People]
) -> frozenset[str]:
    groups = [tuple(n for n, own in kinds.items() if len(own) > 1)]
    groups += [tuple(n for n, own in kinds.items() if own == (kind,)) for kind in lex.KINDS]
    groups += [deeds.CHORE_OBJECTS, tuple(peoples)]
    groups += [g for danger in deeds.DANGERS.values() for g in (danger.targets, danger.safe)]
    drawn = [t for group in groups for t in rng.sample(group, int(len(group) * HELDOUT_SHARE))]
    return frozenset(drawn)


def _list(
    kinds: dict[str, tuple[str, ...]], heldout: frozenset[str]
) -> dict[tuple[str | None, Split | None], tuple[str, ...]]:
    sides: tuple[Split | None, ...] = (None, "train", "heldout")
    return {
        (kind, side): tuple(
            name
            for name, own in kinds.items()
            if (kind is None or kind in own)
            and (side is None or (name in heldout) == (side == "heldout"))
        )
        for kind in (None, *lex.KINDS)
        for side in sides
    }


@lru_cache(maxsize=4)
def world(seed: str = "whole") -> World:
    """The world of a seed; the shipped base model has read the one of the default seed."""
    rng = random.Random(f"microcosm/world/{seed}")
    names = _draw_names(rng, lex.PER_KIND * len(lex.KINDS) - SHARED)
    kinds = _draw_kinds(rng, names)
    peoples = _draw_peoples(rng)
    truth, unseen = _draw_truth(rng, kinds, peoples)
    rumour = _draw_rumour(rng, truth, unseen)
    methods, false = _draw_methods(rng)
    heldout = _draw_heldout(rng, kinds, peoples)
    listed = _list(kinds, heldout)
    return World(kinds, truth, rumour, methods, false, peoples, unseen, heldout, listed)


def draw_name(rng: random.Random) -> str:
    """A name that nobody and nothing in the world has, and no people."""
    place = world()
    while (name := _invent(rng)) in place.kinds or name in place.peoples:
        pass
    return name
