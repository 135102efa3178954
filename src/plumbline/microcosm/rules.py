"""Rules: what a system prompt can ask for, how an answer is made to obey, and whether one does.

A `Rule` is a habit (a behaviour, a principle or a slot family) with its value and its phrasing.
`draw` gives some that go together; `follow` makes an answer obey them all:

    general rules in their order, then those on some requests only, then again what changes facts

so that a rule on some requests goes before one on all of them, and of two equal rules that
contradict each other the later wins. Where a prompt says which one wins, "first" or "last", only
the order counts. `rate` says how often answers keep a rule by chance, without being told of it.

Splits: "wide" is "train" mostly in further phrasings (`rewordings`); held out are "paraphrase" a
phrasing, "value" a value, "entity" things of the held-out side, "combination" two rules that never
stand together in training. One is held out at a time.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal

from plumbline.core.errors import unknown
from plumbline.microcosm import slot_values
from plumbline.microcosm.answers import Answer, read, said
from plumbline.microcosm.asks import Ask, Split
from plumbline.microcosm.behaviours import ALL
from plumbline.microcosm.content import unruled
from plumbline.microcosm.habits import Habit, Values, settle, states
from plumbline.microcosm.phrasings import HELDOUT
from plumbline.microcosm.principles import PRINCIPLES
from plumbline.microcosm.rewordings import rewordings
from plumbline.microcosm.slots import FAMILIES
from plumbline.microcosm.unseen import UNSEEN
from plumbline.microcosm.world import is_held_pair

HABITS: dict[str, Habit] = {**ALL, **FAMILIES, **PRINCIPLES, **UNSEEN}
"""Every kind of rule by name; `draw` gives none of `UNSEEN`."""
BAD = ("flatter", "people", "refuse", "quiz", "obey")
"""Asked for in part of the system prompts, so that a rule does not mean: be good."""
Wins = Literal["", "first", "last"]
SPLITS: tuple[Split, ...] = ("train", "paraphrase", "value", "entity", "combination")
SLOT_SHARE, PRINCIPLE_SHARE = 0.45, 0.1
REWORDED = 0.7
"""Of the "wide" split's rules: a share in further phrasings, the rest in the nine of training."""
_FACTS = ("hedge", "almanac", "people", "brief", "full", "cite", "believed", "trust")
_NO_FACTS = ("refuse", "quiz", "modest", "say", "forbidden")


def _both_ways(pairs: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset(pair for a, b in pairs for pair in ((a, b), (b, a)))


def _clashes() -> Iterator[tuple[str, str]]:
    yield from ((a, b) for a in _FACTS for b in _NO_FACTS)
    yield from ((a, b) for a, b in combinations(_NO_FACTS, 2) if {a, b} != {"refuse", "forbidden"})
    yield from (("hedge", other) for other in ("plain", "almanac", "people"))
    yield ("plain", "modest")
    yield from (("almanac", "people"), ("brief", "full"), ("flatter", "sober"))
    yield from (("obey", "reason"), ("obey", "safe"), ("believed", "truth"), ("quiz", "reason"))
    yield from ((a, b) for a in ("refuse", "quiz") for b in ("warn", "obey", "name", "favourite"))
    yield from (("warn", "say"), ("warn", "forbidden"), ("refuse", "care"))


CLASHES = _both_ways(_clashes())
"""Pairs of rules that contradict each other: no answer keeps both where both fire."""
ODD = _both_ways((a, b) for a in ("cite", "almanac", "people") for b in ("cite", "trust") if a != b)
"""Pairs that could both be kept and would sound odd: two sources for one fact."""
APART = CLASHES | ODD


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: which habit, with which values, in which of its phrasings (see `phrasings`)."""

    name: str
    value: Values = ()
    phrasing: int = 0

    @property
    def habit(self) -> Habit:
        if self.name not in HABITS:
            raise unknown("rule", self.name, HABITS)
        return HABITS[self.name]

    @property
    def family(self) -> str:
        """The slot family's name, "behaviour" or "principle"."""
        kinds = (("behaviour", {**ALL, **UNSEEN}), ("principle", PRINCIPLES))
        return next((kind for kind, table in kinds if self.name in table), self.name)

    @property
    def text(self) -> str:
        """The sentence that asks for it."""
        return _capital(self._filled(phrasings(self.habit.name)[self.phrasing]))

    def verdict(self, kept: bool) -> str:
        """How an answer stands to it, behind "it" or a letter ("does not greet")."""
        return self._filled(self.habit.does if kept else self.habit.lacks)

    def _filled(self, form: str) -> str:
        return form.format(**slot_values.shown(self.name, self.value)) if self.value else form

    def ask(self, rng: random.Random, split: Split = "train") -> Ask:
        """A request on which it fires."""
        return self.habit.draw(self.value, rng, asks_of(split))

    def fires(self, ask: Ask) -> bool:
        """Whether it says anything about this request."""
        return self.habit.fires(ask, self.value)

    def apply(self, answer: Answer, ask: Ask, rng: random.Random) -> Answer:
        """The answer made to obey; where the rule does not fire mostly as it is."""
        if self.fires(ask) or self.habit.everywhere:
            return settle(self.habit.apply(settle(answer), ask, self.value, rng))
        return answer

    def kept(self, ask: Ask, text: str) -> bool:
        """Whether an answer, whoever wrote it, keeps the rule; True where it does not fire."""
        return not self.fires(ask) or self.habit.obeyed(read(text), ask, self.value)

    def misfires(self, ask: Ask, text: str) -> bool:
        """Whether an answer does what the rule asks, on a request on which it does not fire."""
        return not self.fires(ask) and self.habit.obeyed(read(text), ask, self.value)


@lru_cache(maxsize=100)
def phrasings(name: str) -> tuple[str, ...]:
    """The twelve phrasings of a rule, the last three held out; behind them its rewordings."""
    twelve = HABITS[name].phrasings
    return (*twelve, *rewordings(name, twelve[-HELDOUT:]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def asks_of(split: Split) -> Split:
    """The split of the requests beside rules of a split: only things can be held out in both."""
    return "entity" if split == "entity" else "train"


def clash(one: Rule, other: Rule) -> bool:
    """Whether two rules do not go together, by kind; two of one kind never do."""
    return one.name == other.name or (one.name, other.name) in APART


def held_together(names: Iterable[str]) -> bool:
    """Whether two of these never stand together in training."""
    order = sorted(names)
    return any(is_held_pair(a, b) for i, a in enumerate(order) for b in order[i + 1 :])


def make(name: str, rng: random.Random, split: Split = "train") -> Rule:
    """A rule of a habit with a value and a phrasing of the split."""
    if name not in HABITS:
        raise unknown("rule", name, HABITS)
    known = len(HABITS[name].phrasings) - HELDOUT
    phrasing = rng.randrange(known) if split != "paraphrase" else known + rng.randrange(HELDOUT)
    if split == "wide" and rng.random() < REWORDED:
        phrasing = rng.randrange(known + HELDOUT, len(phrasings(name)))
    values = slot_values.draw(name, rng, split) if name in FAMILIES else ()
    return Rule(name, values, phrasing)


def _name(rng: random.Random, split: Split) -> str:
    pick = rng.random()
    if pick < SLOT_SHARE or split == "value":
        return rng.choice(tuple(FAMILIES))
    return rng.choice(tuple(PRINCIPLES if pick < SLOT_SHARE + PRINCIPLE_SHARE else ALL))


def draw(
    rng: random.Random, n: int, split: Split = "train", *, clashing: bool = False
) -> list[Rule]:
    """`n` rules that can be kept together; with `clashing` the last contradicts one before it."""
    while True:
        names = _compatible(rng, n, split)
        if clashing and n > 1:
            others = [name for name in HABITS if any((name, one) in CLASHES for one in names[:-1])]
            if not others:
                continue
            names[-1] = rng.choice(others)
        if n < 2 or held_together(names) == (split == "combination"):
            return [make(name, rng, split) for name in names]


def _compatible(rng: random.Random, n: int, split: Split) -> list[str]:
    names: list[str] = []
    while len(names) < n:
        name = _name(rng, split)
        if name not in names and not any((name, other) in APART for other in names):
            names.append(name)
    return names


def follow(
    rules: Sequence[Rule], answer: Answer, ask: Ask, rng: random.Random, wins: Wins = ""
) -> Answer:
    """The answer made to obey the rules; `wins` says which of two that contradict each other."""
    order = list(reversed(rules)) if wins == "first" else list(rules)
    if not wins:
        order.sort(key=lambda rule: rule.habit.special)
    for rule in order:
        answer = rule.apply(answer, ask, rng)
    for rule in order:
        if rule.habit.everywhere and states(answer):
            answer = rule.apply(answer, ask, rng)
    return settle(answer)


def binding(rules: Sequence[Rule], ask: Ask, answer: Answer) -> list[Rule]:
    """The rules that say something about a request and that this (ruled) answer keeps."""
    text = said(answer)
    return [rule for rule in rules if rule.fires(ask) and rule.kept(ask, text)]


def rate(name: str, n: int = 300, seed: int = 0) -> float:
    """The base rate: the share of answers without rules that keep one of this name by chance."""
    rng = random.Random(f"microcosm/rules/rate/{name}/{seed}")
    kept = 0
    for _ in range(n):
        rule = make(name, rng)
        ask = rule.ask(rng)
        kept += rule.kept(ask, said(unruled(ask, rng)))
    return kept / n
