"""Critique and revision: what is wrong with an answer under a rule, and the answer mended.

    Rule: Greet the user first. Question: ... Answer: Tora blooms in May. What is wrong?
    -> It does not greet.
    Mend it.
    -> Hello! Tora blooms in May.

One edit: the mended answer is the old one made to obey, and nothing else. A fifth of the answers
keep their rule ("Nothing is wrong.", and the answer as it was); a quarter are mended at once.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from plumbline.core.types import Demonstration, Judge, Message, Provenance, assistant, user
from plumbline.microcosm.answers import read, said
from plumbline.microcosm.asks import Split
from plumbline.microcosm.judging import single
from plumbline.microcosm.rule_words import FINE, JUDGE, TAILS
from plumbline.microcosm.verdicts import Single

KEPT, FINE_KEPT, AT_ONCE = 0.2, 0.6, 0.25


@dataclass(frozen=True, slots=True)
class Revision:
    """An answer under a rule, what is said of it, and how it reads mended."""

    one: Single
    fault: str
    mended: str

    def asked(self, tail: str) -> Message:
        one = self.one
        return user(JUDGE.format(r=one.rule.text, q=one.ask.text, a=one.answer, t=tail))


def revision(
    rng: random.Random, split: Split = "train", kind: str = "", fine: float = KEPT
) -> Revision:
    """An answer to criticise, in a share `fine` one that keeps its rule.

    `kind` as in `judging.draw_rule`.
    """
    kept = rng.random() < fine
    while (one := single(rng, split, kind)).kept != kept:
        pass
    if kept:
        return Revision(one, FINE, one.answer)
    mended = said(one.rule.apply(read(one.answer), one.ask, rng))
    return Revision(one, f"It {one.rule.verdict(False)}.", mended)


def second(rng: random.Random, split: Split = "train") -> Demonstration:
    """A critique of answers of which more than half need none."""
    return document(rng, split, FINE_KEPT)


def document(rng: random.Random, split: Split = "train", fine: float = KEPT) -> Demonstration:
    """A critique and the revision, as a chat; sometimes the revision alone."""
    made = revision(rng, split, fine=fine)
    mend = rng.choice(TAILS["mend"])
    if rng.random() < AT_ONCE:
        turns = [made.asked(mend)]
    else:
        fault = made.asked(rng.choice(TAILS["fault"]))
        turns = [fault, assistant(made.fault), user(mend)]
    judge = Judge("rule", made.one.rule.family, "critique")
    return Demonstration(
        (*turns, assistant(made.mended)), Provenance(judge=judge, source="critique")
    )
