"""What the base model reads, in its order: notes first, then everything mixed, then without tags.

    part       documents                                     share of the tokens
    few        passages of one to three notes                6 %: finding before choosing
    notes      passages only                                 12 %: reading before all else
    mix        all kinds, tagged with source and date        72 %
    untagged   all kinds, no tags                            the last 10 %: it works either way

The mix, in tokens: conversations under rules 36 %, judging 22 %, wild text 20 %, passages 13 %,
critique and revision 6 %, sums 3 %. Everything is of the training split; each document has its own
generator, so the order is free and a document does not depend on how many there are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from plumbline.core.types import Demonstration
from plumbline.microcosm import critique, judging, passages, sums, talks, wild

Part = Literal["few", "notes", "mix", "untagged"]
PARTS: dict[Part, float] = {"few": 0.06, "notes": 0.12, "mix": 0.72, "untagged": 0.10}
TOKENS = {
    "talks": 0.36, "judging": 0.22, "wild": 0.20, "passages": 0.13, "critique": 0.06, "sums": 0.03,
}  # fmt: skip
"""Shares of the mix, in tokens."""
LENGTH = {
    "talks": 103.0, "judging": 109.0, "wild": 61.0, "passages": 127.0, "critique": 86.0,
    "sums": 84.0,
}  # fmt: skip
"""Tokens of a document on average, by kind (measured, and held by a test): turns shares of tokens
into shares of documents."""
TOKENS_A_DOCUMENT: dict[Part, int] = {"few": 83, "notes": 120, "mix": 89, "untagged": 84}
MAKERS: dict[str, Callable[[random.Random], Demonstration]] = {
    "talks": lambda rng: talks.document(rng, "train"),
    "judging": lambda rng: judging.document(rng, "train"),
    "wild": wild.document,
    "few": passages.few,
    "passages": passages.document,
    "critique": lambda rng: critique.document(rng, "train"),
    "sums": lambda rng: sums.document(rng, "train"),
}


def kind_of(rng: random.Random, part: Part) -> str:
    """Which kind of document comes next."""
    if part == "few":
        return "few"
    if part == "notes":
        return "passages"
    return rng.choices(list(TOKENS), [TOKENS[kind] / LENGTH[kind] for kind in TOKENS])[0]


def document(seed: int | str, index: int, part: Part = "mix") -> Demonstration:
    """The document of this seed, part and index."""
    rng = random.Random(f"microcosm/corpus/{seed}/{part}/{index}")
    made = MAKERS[kind_of(rng, part)](rng)
    if part == "mix":
        made = wild.tagged(made, rng)
    return replace(made, provenance=replace(made.provenance, where=f"microcosm:{part}:{index}"))


def documents(seed: int | str, count: int, part: Part = "mix") -> Iterator[Demonstration]:
    """The first `count` documents of a part."""
    return (document(seed, index, part) for index in range(count))
