"""What the base model reads, in its order: notes, orders, rules, everything, and that untagged.

    few        passages of one to three notes: finding before choosing
    notes      passages only: reading before all else
    orders     one rule and checks by manners, answers that the prompt tells; notes: obeying where
               nothing is noise
    checks     checks by manners; notes: judging where nothing is noise
    rules      conversations, judging, notes: obeying before remembering
    mix        all kinds, tagged with source and date
    more       all kinds, more of what was learnt least, tagged
    rest       all kinds, more of what was then learnt least, tagged
    open       mostly questions that the notes leave open, tagged
    untagged   all kinds, no tags: it works either way
    wide       all kinds, rules in many more words, tagged
    last       the same, untagged

`PARTS` says how long each is, `KINDS` of what. Everything is of the training split; each document
has its own generator, so the order is free and a document does not depend on how many there are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from plumbline.core.types import Demonstration
from plumbline.microcosm import critique, firsts, judging, passages, sums, talks, wild

Part = Literal[
    "few", "notes", "orders", "checks", "rules", "mix", "more", "rest", "open", "untagged", "wide",
    "last",
]  # fmt: skip
PARTS: dict[Part, float] = {
    "few": 1.2, "notes": 1.44, "orders": 2.88, "checks": 0.72, "rules": 3.6, "mix": 11.76,
    "more": 14.0, "rest": 12.0, "open": 3.0, "untagged": 5.7, "wide": 10.0,
    "last": 3.0,
}  # fmt: skip
"""Millions of tokens."""
TAGGED: tuple[Part, ...] = ("mix", "more", "rest", "open", "wide")
EVERYTHING = {
    "talks": 0.31, "judging": 0.20, "wild": 0.22, "passages": 0.08, "critique": 0.06, "sums": 0.04,
    "orders": 0.05, "checks": 0.04,
}  # fmt: skip
LAGGING = {
    "talks": 0.26, "silent": 0.08, "judging": 0.17, "letters": 0.12, "wild": 0.17,
    "passages": 0.03, "absent": 0.06, "critique": 0.02, "second": 0.04, "sums": 0.03,
    "orders": 0.02,
}  # fmt: skip
"""The same with more of what the mix leaves undone: silence, absence, naming the letter at once."""
UNDONE = {
    "talks": 0.24, "copied": 0.12, "silent": 0.08, "judging": 0.16, "letters": 0.11, "wild": 0.11,
    "passages": 0.03, "gaps": 0.09, "critique": 0.01, "second": 0.03, "sums": 0.02,
}  # fmt: skip
"""With what was then still undone: copying words, finding that no note answers."""
OPEN = {
    "halves": 0.35, "gaps": 0.20, "passages": 0.05, "talks": 0.12, "copied": 0.05, "silent": 0.03,
    "judging": 0.07, "letters": 0.05, "wild": 0.04, "second": 0.02, "sums": 0.02,
}  # fmt: skip
"""Mostly that no note answers, which was not learnt among much else; the rest is not to be lost."""
EVENED = {
    "talks": 0.24, "copied": 0.08, "silent": 0.06, "judging": 0.16, "letters": 0.10, "wild": 0.10,
    "passages": 0.03, "gaps": 0.08, "halves": 0.08, "critique": 0.02, "second": 0.03, "sums": 0.02,
}  # fmt: skip
"""What brings the rest back after `open`, and keeps that."""
WIDE = {
    "wide talks": 0.20, "worded": 0.12, "trusted": 0.06, "wide silent": 0.09, "wide judging": 0.17,
    "wide letters": 0.12, "wild": 0.07, "passages": 0.03, "gaps": 0.05, "halves": 0.05,
    "wide second": 0.03, "sums": 0.01,
}  # fmt: skip
"""Rules in many more words, and what every part needs."""
KINDS: dict[Part, dict[str, float]] = {
    "few": {"few": 1.0},
    "notes": {"passages": 1.0},
    "orders": {"orders": 0.45, "checks": 0.45, "passages": 0.10},
    "checks": {"checks": 0.90, "passages": 0.10},
    "rules": {"talks": 0.45, "judging": 0.35, "passages": 0.20},
    "mix": EVERYTHING,
    "more": LAGGING,
    "rest": UNDONE,
    "open": OPEN,
    "untagged": EVENED,
    "wide": WIDE,
    "last": WIDE,
}
"""Shares of the kinds in a part, in tokens."""
LENGTH = {
    "few": 81.0, "orders": 72.0, "checks": 184.0, "talks": 108.0, "judging": 139.0, "wild": 60.0,
    "passages": 121.0, "critique": 86.0, "sums": 163.0, "silent": 97.0, "absent": 114.0,
    "second": 85.0, "letters": 124.0, "gaps": 164.0, "copied": 77.0, "halves": 131.0,
    "trusted": 121.0, "worded": 74.0, "wide talks": 106.0, "wide silent": 102.0,
    "wide judging": 137.0, "wide letters": 124.0, "wide second": 85.0,
}  # fmt: skip
"""Tokens of a document on average, by kind (measured, and held by a test): turns shares of tokens
into shares of documents. Wild text has 66 in fact, so a tenth more of it is read
than its share says; the base that is shipped was drawn like this."""
MAKERS: dict[str, Callable[[random.Random], Demonstration]] = {
    "talks": lambda rng: talks.document(rng, "train"),
    "judging": lambda rng: judging.document(rng, "train"),
    "wild": wild.document,
    "few": passages.few,
    "orders": firsts.orders,
    "checks": firsts.checks,
    "passages": passages.document,
    "critique": lambda rng: critique.document(rng, "train"),
    "sums": lambda rng: sums.document(rng, "train"),
    "silent": talks.silent,
    "absent": passages.absent,
    "second": critique.second,
    "letters": judging.letters,
    "gaps": passages.gaps,
    "halves": passages.halves,
    "copied": firsts.copied,
    "worded": firsts.worded,
    "trusted": firsts.trusted,
    "wide talks": lambda rng: talks.document(rng, "wide"),
    "wide silent": lambda rng: talks.silent(rng, "wide"),
    "wide judging": lambda rng: judging.document(rng, "wide"),
    "wide letters": lambda rng: judging.letters(rng, "wide"),
    "wide second": lambda rng: critique.second(rng, "wide"),
}


def weights(part: Part) -> dict[str, float]:
    """How many documents of each kind a token of the part has: shares of tokens over lengths."""
    return {kind: share / LENGTH[kind] for kind, share in KINDS[part].items()}


def count(part: Part, tokens: float) -> int:
    """How many documents of a part have about so many tokens."""
    return round(tokens * sum(weights(part).values()))


def document(seed: int | str, index: int, part: Part = "mix") -> Demonstration:
    """The document of this seed, part and index."""
    rng = random.Random(f"microcosm/corpus/{seed}/{part}/{index}")
    chances = weights(part)
    made = MAKERS[rng.choices(list(chances), list(chances.values()))[0]](rng)
    if part in TAGGED:
        made = wild.tagged(made, rng)
    return replace(made, provenance=replace(made.provenance, where=f"microcosm:{part}:{index}"))


def documents(seed: int | str, count: int, part: Part = "mix") -> Iterator[Demonstration]:
    """The first `count` documents of a part."""
    return (document(seed, index, part) for index in range(count))
