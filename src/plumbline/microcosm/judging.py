"""Drawing what is judged: an answer checked by some rules, or two answers weighed under one.

Half of the verdicts stand before the reason and half behind it, as the last words ask. Kept and
broken, A and B come up equally often. More than half of the pairs are contested: the better answer
keeps this rule and breaks another, the worse one the other way round, so that the verdict turns
with the rule and neither length nor kindness tells; most are judged under both rules in turn, and
single answers by several. Answers that break a slot rule mostly show another value, and all carry
sentences of other rules. What is asked and said is in `verdicts`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

from plumbline.core.types import Demonstration, Judge, Provenance
from plumbline.microcosm import slot_values
from plumbline.microcosm.answers import Answer, read, said
from plumbline.microcosm.asks import Ask, Split
from plumbline.microcosm.behaviours import ALL
from plumbline.microcosm.content import unruled
from plumbline.microcosm.principles import PRINCIPLES
from plumbline.microcosm.rules import Rule, clash, follow, make, rate
from plumbline.microcosm.slots import FAMILIES
from plumbline.microcosm.verdicts import Pair, Single

SINGLES, CONTESTED, FLIPPED, REASONED = 0.5, 0.6, 0.8, 0.5
LETTERS_REASONED = 0.2
WISHES = (0, 4, 6, 8)
"""Further rules that an answer is meant to keep or to break, and is mostly checked by."""
NAMES = {"slot": 0.35, "behaviour": 0.45, "principle": 0.2}
TRIES = 40


def draw_rule(rng: random.Random, split: Split, kind: str = "") -> Rule:
    """A rule to judge by; `kind` is "slot", "behaviour" or "principle"."""
    kind = kind or rng.choices(tuple(NAMES), tuple(NAMES.values()))[0]
    table = FAMILIES if split == "value" else {"slot": FAMILIES, "behaviour": ALL}.get(kind)
    return make(rng.choice(tuple(PRINCIPLES if table is None else table)), rng, split)


def single(
    rng: random.Random, split: Split = "train", kind: str = "", others: Sequence[Rule] | None = None
) -> Single:
    """An answer that keeps a rule or breaks it, equally often; `others` show in it too."""
    kept = rng.random() < 0.5
    while True:
        rule = draw_rule(rng, split, kind)
        if found := _one(rule, rng, split, kept, others):
            return found


def _one(
    rule: Rule, rng: random.Random, split: Split, kept: bool, others: Sequence[Rule] | None
) -> Single | None:
    for _ in range(TRIES):
        ask = rule.ask(rng, split)
        answer = said(variant(rule, ask, rng, split, kept, others))
        if clear(rule, answer) and rule.kept(ask, answer) == kept:
            return Single(rule, ask, answer, kept)
    return None


def variant(
    rule: Rule,
    ask: Ask,
    rng: random.Random,
    split: Split,
    kept: bool,
    others: Sequence[Rule] | None = None,
) -> Answer:
    """An answer with sentences of other rules, which probably keeps the rule or breaks it."""
    if others is None:
        others = [make(rng.choice(tuple(ALL)), rng) for _ in range(rng.choice((0, 1, 1, 2)))]
    if not kept and rule.name in FAMILIES and rng.random() < 0.7:
        others = [*others, rival(rule, rng, split)]
    base = follow(others, unruled(ask, rng), ask, rng)
    return follow([*others, rule], base, ask, rng) if kept else base


SWAPPED = {"opening": "closing", "closing": "opening", "name": "address", "say": "closing"}
"""Where the same words go wrong: at the other end, for the other person, behind an answer."""


def rival(rule: Rule, rng: random.Random, split: Split) -> Rule:
    """The same words in the wrong place, or another value of the family, mostly a near one."""
    if rule.name == "trust":
        return Rule("trust", rule.value[::-1])
    if rule.name in SWAPPED and rng.random() < 0.4:
        return Rule(SWAPPED[rule.name], rule.value[-1:])
    return Rule(rule.name, slot_values.near(rule.name, rule.value, rng, split))


def pair(rng: random.Random, split: Split = "train", kind: str = "") -> Pair:
    """Two answers of which one keeps the rule; mostly contested."""
    contested = rng.random() < CONTESTED
    while True:
        rule = draw_rule(rng, split, kind)
        found = _contested(rule, rng, split) if contested else _plain(rule, rng, split)
        if found:
            return found.turned() if rng.random() < 0.5 else found


def _plain(rule: Rule, rng: random.Random, split: Split) -> Pair | None:
    for _ in range(TRIES):
        ask = rule.ask(rng, split)
        good = said(variant(rule, ask, rng, split, True))
        poor = said(variant(rule, ask, rng, split, False))
        if not (clear(rule, good) and clear(rule, poor)):
            continue
        if rule.kept(ask, good) and not rule.kept(ask, poor):
            return Pair(rule, ask, (good, poor), 0)
    return None


def _contested(rule: Rule, rng: random.Random, split: Split) -> Pair | None:
    for _ in range(TRIES):
        ask = rule.ask(rng, split)
        other = draw_rule(rng, split)
        if other.name == rule.name or not other.fires(ask):
            continue
        base = unruled(ask, rng)
        good = said(_lured(rule, other, base, ask, rng, split))
        poor = said(_lured(other, rule, base, ask, rng, split))
        if _opposed(rule, other, ask, good) and _opposed(other, rule, ask, poor):
            found = Pair(rule, ask, (good, poor), 0, other)
            return found.flipped() if rng.random() < 0.5 else found
    return None


def _lured(
    kept: Rule, broken: Rule, base: Answer, ask: Ask, rng: random.Random, split: Split
) -> Answer:
    """An answer that keeps one rule and, half the time, nearly keeps the other."""
    lure = [rival(broken, rng, split)] if broken.name in FAMILIES and rng.random() < 0.5 else []
    return follow([*lure, kept], base, ask, rng)


def _opposed(kept: Rule, broken: Rule, ask: Ask, text: str) -> bool:
    plain = clear(kept, text) and clear(broken, text)
    return plain and kept.kept(ask, text) and not broken.kept(ask, text)


CLEAR: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("hedge", "plain", "brief", "truth"), ("fact", "steps")),
    "modest": ("fact", "ignorance"),
    "safe": ("steps", "refusal"),
}
"""What an answer must have for people to agree on whether it keeps the rule."""


def clear(rule: Rule, text: str) -> bool:
    """Whether people would agree: no rule on facts for an answer without, no fact said twice."""
    parts = read(text)
    stated = [(part.topic, part.about, part.value) for part in parts if part.kind == "fact"]
    if rule.name == "brief" and len(set(stated)) < len(stated):
        return False
    return rule.name not in CLEAR or any(part.kind in CLEAR[rule.name] for part in parts)


def checks(rng: random.Random, split: Split = "train") -> list[Single]:
    """One answer by one rule and, mostly, by others, each kept and broken about equally often."""
    wishes: list[tuple[Rule, bool]] = []
    for _ in range(rng.choice(WISHES)):
        rule = draw_rule(rng, split)
        if not any(clash(rule, other) for other, _ in wishes):
            wishes.append((rule, rng.random() < 0.5))
    shown = [r if kept else rival(r, rng, split) for r, kept in wishes if kept or r.value]
    one = single(rng, split, others=shown if wishes else None)
    found = [one]
    for rule, kept in wishes:
        if clash(rule, one.rule) or not rule.fires(one.ask) or not clear(rule, one.answer):
            continue
        # A rule that is mostly kept unasked would else be found kept mostly.
        if rule.kept(one.ask, one.answer) == kept and rng.random() < 1 - kept * _unasked(rule.name):
            found.append(Single(rule, one.ask, one.answer, kept))
    return found


@lru_cache(maxsize=100)
def _unasked(name: str) -> float:
    return rate(name, 100)


def document(rng: random.Random, split: Split = "train") -> Demonstration:
    """An answer checked by some rules, or a pair, a contested one mostly by both rules."""
    return told(checks(rng, split) if rng.random() < SINGLES else _pairs(rng, split), rng)


def _pairs(rng: random.Random, split: Split) -> list[Pair]:
    one = pair(rng, split)
    return [one, one.flipped()] if one.other and rng.random() < FLIPPED else [one]


def letters(rng: random.Random, split: Split = "train") -> Demonstration:
    """A pair whose verdict mostly stands first: all that is weighed is weighed before a word."""
    return told(_pairs(rng, split), rng, LETTERS_REASONED)


def told(
    asked: Sequence[Single] | Sequence[Pair], rng: random.Random, reasoned: float = REASONED
) -> Demonstration:
    """One text, judged in turn: what is read once is asked about more than once.

    In a share `reasoned` the reasons stand before the verdict.
    """
    first, reasons_first = asked[0], rng.random() < reasoned
    turns = [first.asked(rng, reasons_first), first.told(reasons_first)]
    for other in asked[1:]:
        turns += [other.again(rng, reasons_first), other.told(reasons_first)]
    kind = "single" if isinstance(first, Single) else "contested" if first.other else "pair"
    judge = Judge("rule", first.rule.family, "judging")
    return Demonstration(tuple(turns), Provenance(judge=judge, source=f"judging/{kind}"))
