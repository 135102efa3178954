"""What is asked to find out what a manifesto of this world does, and whether its rules are kept.

The grammar knows on which requests a rule acts, so there are questions for each rule of a
manifesto, and others. What a layer is fitted on is of the training split, what it is tested on has
things or phrasings that are held out. Sentences that are no rule of this world get questions of all
kinds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from plumbline.core.types import Conversation
from plumbline.identity.manifesto import Manifesto as Words
from plumbline.identity.material import Checker, Material, Verdict, World
from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm import talks, wild
from plumbline.microcosm.asks import KINDS, Ask, Split, understand
from plumbline.microcosm.content import draw_ask
from plumbline.microcosm.rules import Rule
from plumbline.microcosm.trials import QUIET
from plumbline.models.locate import microcosm_base_or_none
from plumbline.text.tokenizer import load_tokenizer

GENERAL = 0.4
"""Share of the questions that are drawn without a look at the rules."""
TEXTS, OTHERS, UNASKED = 24, 12, 24
REPEATS = 8
"""How often a fit asks the same words, where there are few on which a rule acts ("Who are you?"):
one answer in 160 to each is outweighed by all on which the rule is silent."""


def rules_of(words: str) -> tuple[Rule, ...]:
    """The rules of this world that a text states."""
    return manifestos.read(words)[0].rules


def fit(words: Words, n: int, seed: int) -> Material:
    """`n` questions of the training split, with texts and other system prompts."""
    rng = random.Random(f"microcosm/probing/fit/{seed}/{words.text}")
    asks = asks_for(rules_of(words.text), n, rng, ("train",), repeats=REPEATS)
    return Material([ask.conversation for ask in asks], texts(rng, TEXTS), others(rng, OTHERS))


def asks_for(
    rules: Sequence[Rule],
    n: int,
    rng: random.Random,
    splits: Sequence[Split],
    *,
    repeats: int = 1,
) -> list[Ask]:
    """Up to `n` requests: a share of any kind, all different, the others such that one of the rules
    acts on each, the same words up to `repeats` times."""
    general = n if not rules else round(GENERAL * n)
    found: list[Ask] = []
    times: Counter[str] = Counter()
    for turn in range(20 * n):
        if len(found) >= n:
            break
        split = splits[turn % len(splits)]
        rule = rules[turn % len(rules)] if rules and len(found) >= general else None
        ask = rule.ask(rng, split) if rule else draw_ask(rng, KINDS, split)
        if times[ask.text] < (repeats if rule else 1):
            times[ask.text] += 1
            found.append(ask)
    return found


def texts(rng: random.Random, n: int) -> list[str]:
    """Documents of the wild corpus without turns."""
    found: list[str] = []
    while len(found) < n:
        first = wild.document(rng).messages[0]
        found += [first.content] * (first.role == "text")
    return found


def others(rng: random.Random, n: int) -> list[Conversation]:
    """First questions under other system prompts."""
    found: list[Conversation] = []
    while len(found) < n:
        turns = talks.document(rng).messages
        found += [turns[:2]] * (turns[0].role == "system")
    return found


def test(words: Words, n: int, seed: int) -> Material:
    """`n` different questions with things or phrasings that are held out, as `fit` gives them."""
    rng = random.Random(f"microcosm/probing/test/{seed}/{words.text}")
    rules = rules_of(words.text)
    asks = asks_for(rules, n, rng, ("entity", "paraphrase"))
    return Material(
        [ask.conversation for ask in asks],
        texts(rng, TEXTS),
        others(rng, OTHERS),
        unasked(rules, UNASKED, rng),
    )


def unasked(rules: Sequence[Rule], n: int, rng: random.Random) -> list[Conversation]:
    """Up to `n` requests on which none of the rules acts; none where one acts on everything."""
    asks = [draw_ask(rng, KINDS, "entity") for _ in range(20 * n)]
    found = [ask.conversation for ask in asks if not any(rule.fires(ask) for rule in rules)]
    return found[:n]


def checker(words: Words) -> Checker:
    """Reads answers: which rules of a manifesto are kept, and which act where nobody asked."""
    rules = rules_of(words.text)

    def check(conversation: Conversation, text: str) -> Verdict:
        ask = understand(conversation)
        if ask is None:
            return Verdict({}, {})
        kept = {rule.text: rule.kept(ask, text) for rule in rules if rule.fires(ask)}
        silent = [rule for rule in rules if rule.name in QUIET and not rule.fires(ask)]
        return Verdict(kept, {rule.text: rule.misfires(ask, text) for rule in silent})

    return check


def known(folder: Path) -> World | None:
    """What this world knows of a model that speaks its language; None for all others."""
    base = microcosm_base_or_none()
    if base is None or load_tokenizer(folder).digest() != load_tokenizer(base).digest():
        return None
    return World(fit, test, checker)
