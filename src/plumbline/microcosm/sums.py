"""Sums of three numbers, answered at once or worked in steps.

    How much is 1 4 and 7 and 2 1? -> 4 2.
    ... Work in steps. -> 1 4 and 7 is 2 1. 2 1 and 2 1 is 4 2. So 4 2.

Numbers are written digit by digit. A seventh of all triples is held out, by a checksum of the
triple, so that a sum is either read while learning or asked in a test, never both.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from plumbline.core.types import Demonstration, Judge, Provenance, assistant, user
from plumbline.microcosm.world import Split

MOST, HELD_OUT = 29, 7
STEPS = "Work in steps."


@dataclass(frozen=True, slots=True)
class Sum:
    """Three numbers, and whether steps are asked for."""

    a: int
    b: int
    c: int
    steps: bool = False

    @property
    def split(self) -> Split:
        return "heldout" if (self.a * 961 + self.b * 31 + self.c) % HELD_OUT == 0 else "train"

    @property
    def text(self) -> str:
        asked = f"How much is {digits(self.a)} and {digits(self.b)} and {digits(self.c)}?"
        return f"{asked} {STEPS}" if self.steps else asked

    @property
    def answer(self) -> str:
        first, last = self.a + self.b, digits(self.a + self.b + self.c)
        if not self.steps:
            return f"{last}."
        return (
            f"{digits(self.a)} and {digits(self.b)} is {digits(first)}. "
            f"{digits(first)} and {digits(self.c)} is {last}. So {last}."
        )


def digits(number: int) -> str:
    """47 as "4 7"."""
    return " ".join(str(number))


def result(text: str) -> int | None:
    """The number an answer ends with; None where it ends with none."""
    found = re.search(r"(\d(?: \d)*)\.$", text.strip())
    return int(found[1].replace(" ", "")) if found else None


def draw(rng: random.Random, split: Split | None = None, steps: bool | None = None) -> Sum:
    """A sum of this split (None: either); `steps` None asks for them half of the time."""
    while True:
        a, b, c = (rng.randint(1, MOST) for _ in range(3))
        one = Sum(a, b, c, rng.random() < 0.5 if steps is None else steps)
        if split in (None, one.split):
            return one


def document(rng: random.Random, split: Split = "train") -> Demonstration:
    """Two to five sums asked and answered in a row."""
    turns = []
    for _ in range(rng.choice((2, 3, 4, 5))):
        one = draw(rng, split)
        turns += [user(one.text), assistant(one.answer)]
    return Demonstration(tuple(turns), Provenance(judge=Judge("rule", "corpus", "sums")))
