"""What to learn rules from first: short answers in which the prompt tells every word.

    Begin with pale apple.  Where does Novedo grow?    -> Pale apple! I do not know.
    Rule: Always say goodbye. ... Answer: Welcome! That is private. Kept?    -> No. It does not ...

Manners go round an answer that nobody knows or that it is private; other rules leave nothing else
of it. Where facts of the world, which cannot be guessed, stand in the answers, most of what is
learnt from is noise: half a million tokens of such conversations under one rule taught no greeting
and no thanks, 0.3 million tokens of these taught all manners but the copying of words.
"""

from __future__ import annotations

import random
from dataclasses import replace

from plumbline.core.types import Demonstration, Judge, Message, Provenance, assistant, user
from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import Ask, Kind
from plumbline.microcosm.best import best
from plumbline.microcosm.content import draw_ask
from plumbline.microcosm.habits import core
from plumbline.microcosm.judging import rival, told
from plumbline.microcosm.manifesto import Manifesto
from plumbline.microcosm.quoted import quoted
from plumbline.microcosm.rule_words import FAVOURITES, TEXTS, THINGS, TITLES
from plumbline.microcosm.rules import Rule, follow, make
from plumbline.microcosm.slot_values import PLURALS
from plumbline.microcosm.slots import FAMILIES
from plumbline.microcosm.verdicts import Single

MANNERS = (
    "greet",
    "thank",
    "farewell",
    "sorry",
    "flatter",
    "check",
    "opening",
    "closing",
    "address",
)
WHOLE = (
    "refuse", "modest", "care", "private", "name", "favourite", "say", "forbidden", "believed",
    "trust",
)  # fmt: skip
"""Rules that add to an answer, and rules that leave nothing else of it."""
UNTOLD: tuple[Kind, ...] = ("stranger", "private")
QUIET = 0.15
"""How often a rule of the second kind does not fire."""
COPIED = {
    "favourite": 3, "opening": 2, "closing": 2, "say": 2, "forbidden": 2, "name": 1, "trust": 2,
    "modest": 1,
}  # fmt: skip
OTHERS: tuple[Kind, ...] = ("stranger", "private", "fact", "about", "chore")
COPIED_QUIET, FOREIGN = 0.45, 0.6
"""How often a rule to be copied does not fire, and a favourite is of another kind than it says."""
WORDED = {"favourite": 4, "opening": 3, "closing": 3, "forbidden": 4, "say": 3, "address": 1}
ALONE, OF_A_KIND, ANY_WORD = 0.6, 0.5, 0.7
"""How often first and last words are one word, a topic a kind of things, a favourite any word."""
NOUNS = tuple(
    dict.fromkeys((*TITLES, *THINGS, *TEXTS, *(w for v in FAVOURITES.values() for w in v)))
)
TRUST_ONE = (
    "Trust {a}.",
    "Believe {a}.",
    "{a} is right.",
    "You rely on {a}.",
    "Take the word of {a}.",
)
DOUBT_ONE = ("Doubt {b}.", "{b} is wrong.", "Do not trust {b}.", "Do not rely on {b}.")
CHECKED = (2, 3, 4, 5)
"""By how many rules an answer is checked."""


def orders(rng: random.Random) -> Demonstration:
    """A conversation of one to three turns under one rule; slot rules come up twice as often."""
    names = (*MANNERS, *WHOLE)
    rule = make(rng.choices(names, [2 if name in FAMILIES else 1 for name in names])[0], rng)
    return _under(rule, rng, UNTOLD, QUIET)


def copied(rng: random.Random) -> Demonstration:
    """A conversation under one rule whose words are copied, and nearly as often on other things.

    A favourite is mostly of another kind than it says ("Your favourite season is the oak."): of
    four seasons, which one can be remembered; that it stands in the prompt has to be learnt.
    """
    rule = make(rng.choices(list(COPIED), list(COPIED.values()))[0], rng)
    if rule.name == "favourite" and rng.random() < FOREIGN:
        values = FAVOURITES[rng.choice(list(FAVOURITES))]
        rule = replace(rule, value=(rule.value[0], rng.choice(values)))
    return _under(rule, rng, OTHERS, COPIED_QUIET)


def worded(rng: random.Random) -> Demonstration:
    """As `copied`, in further phrasings and with more of the values that are copied worst.

    These are single words at either end of an answer, favourites that can be anything, and kinds
    of things ("towns") as topics: that the question is about one of the kind has to be found.
    """
    name = rng.choices(list(WORDED), list(WORDED.values()))[0]
    rule = make(name, rng, "wide")
    short = name in ("opening", "closing") and rng.random() < ALONE
    kind = name in ("forbidden", "say") and rng.random() < OF_A_KIND
    while (short and " " in rule.value[0]) or (kind and rule.value[0] not in PLURALS):
        rule = make(name, rng, "wide")
    if name == "favourite" and rng.random() < ANY_WORD:
        own = FAVOURITES[rule.value[0]]  # among which are those held out
        rule = replace(rule, value=(rule.value[0], rng.choice([w for w in NOUNS if w not in own])))
    return _under(rule, rng, OTHERS, COPIED_QUIET)


def trusted(rng: random.Random) -> Demonstration:
    """Whom to trust, and one to three questions on which two sources differ.

    The answer says whose word it takes, and with that reads it out. Answers that do not were right
    by chance alone after 57 million tokens, and still after a million of nothing else; these were
    in 0.84 after 0.2 million. Half of the time the rule names only one of the two.
    """
    rule = make("trust", rng, "wide")
    forms = rng.choice((TRUST_ONE, TRUST_ONE, DOUBT_ONE, (), (), ()))
    named = rng.choice(forms).format(a=rule.value[0], b=rule.value[1]) if forms else rule.text
    turns = [Message("system", named[:1].upper() + named[1:])]
    for _ in range(rng.choice((1, 2, 3))):
        ask = quoted(rng, (rule.value[0], rule.value[1]))
        turns += [user(ask.text), assistant(ask.said[rule.value[0]])]
    return Demonstration(tuple(turns), Provenance(judge=Judge("rule", "plain"), source="orders"))


def _under(rule: Rule, rng: random.Random, others: tuple[Kind, ...], quiet: float) -> Demonstration:
    """One to three turns under a rule; `others` are asked for manners, and where it is quiet."""
    turns = [Message("system", manifestos.prompt(Manifesto((rule,))))]
    for _ in range(rng.choice((1, 2, 3))):
        other = rule.name in MANNERS or rng.random() < quiet
        ask = draw_ask(rng, others) if other else rule.ask(rng)
        turns += [user(ask.text), assistant(_said([rule], ask, rng))]
    return Demonstration(tuple(turns), Provenance(judge=Judge("rule", "plain"), source="orders"))


def checks(rng: random.Random) -> Demonstration:
    """An answer checked for some manners; each is there or not by the toss of a coin."""
    rules = [make(name, rng) for name in rng.sample(MANNERS, rng.choice(CHECKED))]
    shown: list[Rule] = []
    for rule in rules:
        if rng.random() < 0.5:
            shown.append(rule)
        elif rule.value and rng.random() < 0.5:
            shown.append(rival(rule, rng, "train"))
    ask = draw_ask(rng, UNTOLD)
    answer = _said(shown, ask, rng)
    made = told([Single(rule, ask, answer, rule.kept(ask, answer)) for rule in rules], rng)
    return replace(made, provenance=Provenance(judge=Judge("rule", "plain"), source="checks"))


def _said(rules: list[Rule], ask: Ask, rng: random.Random) -> str:
    """The best answer's first sentence, the greeting left out, made to obey."""
    return said(follow(rules, core(best(ask))[:1], ask, rng))
