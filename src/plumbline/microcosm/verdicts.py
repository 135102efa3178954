"""What a judge is asked and what it says: verdicts, reasons, and the sentences that decide.

    Rule: Greet the user first. Question: ... Answer: ... Kept?   -> No. It does not greet.
    ... Reason first.      -> It says: Hello! This counts. I do not know. It greets. Yes.
    Rule: ... Question: ... A: ... B: ... Better?      -> A. A says: Hello! A greets. B does not.
    ... Reasons first.     -> A: Hello! This counts. B: I do not know. A greets. B does not. So A.

A reason that comes first reads the answer out, sentence by sentence, and says of each that decides
that it counts: so every step is a small one. One that comes after quotes the first of them.
`judging` draws what is judged.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from plumbline.core.types import Message, assistant, user
from plumbline.microcosm.answers import sentences
from plumbline.microcosm.asks import Ask
from plumbline.microcosm.rule_words import AGAIN, JUDGE, TAILS, WEIGH
from plumbline.microcosm.rules import Rule


@dataclass(frozen=True, slots=True)
class Single:
    """One answer under one rule."""

    rule: Rule
    ask: Ask
    answer: str
    kept: bool

    def asked(self, rng: random.Random, reasons_first: bool) -> Message:
        tail = rng.choice(TAILS["kept first" if reasons_first else "kept"])
        return user(JUDGE.format(r=self.rule.text, q=self.ask.text, a=self.answer, t=tail))

    def again(self, rng: random.Random, reasons_first: bool) -> Message:
        """The question put once more, under another rule."""
        tail = rng.choice(TAILS["kept first" if reasons_first else "kept"])
        return user(AGAIN.format(r=self.rule.text, t=tail))

    def told(self, reasons_first: bool) -> Message:
        verdict, reason = "Yes." if self.kept else "No.", f"It {self.rule.verdict(self.kept)}."
        if reasons_first:
            said = read_out(self.rule, self.ask, self.answer)
            return assistant(f"It says: {said} {reason} {verdict}")
        found = evidence(self.rule, self.ask, self.answer)
        quote = f"It says: {found} " if found else ""
        return assistant(f"{verdict} {quote}{reason}")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers under one rule; exactly one keeps it. `other` is the rule the worse one keeps."""

    rule: Rule
    ask: Ask
    answers: tuple[str, str]
    better: int
    other: Rule | None = None

    @property
    def letter(self) -> str:
        return "AB"[self.better]

    def turned(self) -> Pair:
        """The same answers in the other order."""
        return Pair(self.rule, self.ask, self.answers[::-1], 1 - self.better, self.other)

    def flipped(self) -> Pair:
        """The same answers under the other rule; only for contested pairs."""
        assert self.other is not None, "the pair is not contested"
        return Pair(self.other, self.ask, self.answers, 1 - self.better, self.rule)

    def asked(self, rng: random.Random, reasons_first: bool) -> Message:
        tail = rng.choice(TAILS["better first" if reasons_first else "better"])
        a, b = self.answers
        return user(WEIGH.format(r=self.rule.text, q=self.ask.text, a=a, b=b, t=tail))

    def again(self, rng: random.Random, reasons_first: bool) -> Message:
        """The question put once more, under another rule."""
        tail = rng.choice(TAILS["better first" if reasons_first else "better"])
        return user(AGAIN.format(r=self.rule.text, t=tail))

    def told(self, reasons_first: bool) -> Message:
        verdicts = [self.rule.verdict(index == self.better) for index in (0, 1)]
        reasons = f"A {verdicts[0]}. B {shortened(*verdicts)}."
        if reasons_first:
            a, b = (read_out(self.rule, self.ask, answer) for answer in self.answers)
            return assistant(f"A: {a} B: {b} {reasons} So {self.letter}.")
        return assistant(f"{self.letter}. {self._quote()}{reasons}")

    def _quote(self) -> str:
        """What decides in the better answer, or else in the worse one."""
        for index in (self.better, 1 - self.better):
            if found := evidence(self.rule, self.ask, self.answers[index]):
                return f"{'AB'[index]} says: {found} "
        return ""


VOID = "Red bell!"
"""A sentence that keeps or breaks nothing."""
COUNTS = "This counts."


def deciding(rule: Rule, ask: Ask, answer: str) -> list[str]:
    """The sentences in whose place an empty one would turn the verdict, or that alone bring it.

    >>> from plumbline.microcosm.asks import draw
    >>> ask = draw(random.Random(0), ["fact"])
    >>> deciding(Rule("greet"), ask, "Hello! I do not know."), deciding(Rule("greet"), ask, "No.")
    (['Hello!'], [])
    """
    parts, kept = sentences(answer), rule.kept(ask, answer)
    alone = rule.kept(ask, VOID) != kept

    def decides(index: int) -> bool:
        without = [*parts[:index], VOID, *parts[index + 1 :]]
        return rule.kept(ask, " ".join(without)) != kept or (
            alone and rule.kept(ask, parts[index]) == kept
        )

    return [part for index, part in enumerate(parts) if decides(index)]


def evidence(rule: Rule, ask: Ask, answer: str) -> str:
    """The first sentence that decides; "" for none."""
    return next(iter(deciding(rule, ask, answer)), "")


def read_out(rule: Rule, ask: Ask, answer: str) -> str:
    """The answer, and behind each sentence that decides that it counts.

    >>> from plumbline.microcosm.asks import draw
    >>> read_out(Rule("greet"), draw(random.Random(0), ["fact"]), "Hello! I do not know.")
    'Hello! This counts. I do not know.'
    """
    found = deciding(rule, ask, answer)
    return " ".join(f"{part} {COUNTS}" if part in found else part for part in sentences(answer))


def shortened(first: str, second: str) -> str:
    """The second of two opposite verdicts, short where it only denies or affirms the first.

    >>> shortened("greets", "does not greet"), shortened("is not fair", "is fair")
    ('does not', 'is')
    """
    for deny, affirm in (("does not", "does"), ("is not", "is")):
        if second.startswith(f"{deny} ") and _affirms(second.removeprefix(f"{deny} "), first):
            return deny
        if first.startswith(f"{deny} ") and _affirms(first.removeprefix(f"{deny} "), second):
            return affirm
    return second


def _affirms(denied: str, verdict: str) -> bool:
    """Whether `verdict` says that what is denied is so ("greet", "greets")."""
    said_first = verdict.removeprefix("is ").split()[0]
    return said_first.startswith(denied.split()[0])


def verdict(text: str) -> str:
    """The verdict that a judge's words come to: "A", "B", "Yes", "No", or "" for none.

    >>> verdict("A greets. B does not. So A."), verdict("No. It does not greet.")
    ('A', 'No')
    """
    if found := re.search(r"\bSo ([AB])\.$", text.strip()):
        return found[1]
    if found := re.match(r"(A|B|Yes|No)\.", text.strip()):
        return found[1]
    found = re.search(r"\b(Yes|No)\.$", text.strip())
    return found[1] if found else ""
