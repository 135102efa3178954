"""Critique and revision under a constitution: an answer that a model mends by principles.

In each round a principle is drawn. The critic says what is wrong with the answer by it, then writes
a better one, which stands in the next round:

    a_r = revise(x, a_{r-1}, critique(x, a_{r-1}, c_r), c_r)      r = 1 ... n

Source: Bai et al. 2022 (arXiv:2212.08073), section 3.1; without critiques: its section 3.5. What
is worse than nothing is caught (`caught`), and then the answer before it stays; with `check` the
critic also weighs both answers, in both orders, and a revision that loses is not taken. A critic
that finds fault with much finds it with harmless answers too: with `sure` it grades each answer
first, and what it does not grade low enough stays. Every step is kept, whatever came of it, and all
else is derived from the steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.core.types import Conversation, Response, answer, user
from plumbline.feedback.judging.caught import caught, pieces_of, plain
from plumbline.feedback.judging.constitution import Constitution, Principle
from plumbline.feedback.judging.graded import expected
from plumbline.feedback.judging.judge import Judge
from plumbline.feedback.judging.steps import (
    FINE,
    SAME,
    SILENT,
    TAKEN,
    UNRULED,
    UNSURE,
    WORSE,
    Original,
    Step,
    response_of,
)
from plumbline.feedback.judging.template import Template
from plumbline.feedback.judging.verdicts import Reading, combined


@dataclass(frozen=True)
class Revision:
    """How answers are revised."""

    rounds: int = option(1, help="rounds, in each of which a principle is drawn")
    critique: bool = option(True, help="a critique before each revision")
    check: bool = option(
        False, help="the critic weighs each revision against the answer before it, in both orders;"
        " one that loses is not taken",
    )  # fmt: skip
    fine: Literal["next", "end", "revise"] = option(
        "next", help="what follows a critique that finds nothing wrong: the next round, the end of"
        " all rounds, or a revision all the same",
    )  # fmt: skip
    sure: float = option(
        0.0, help="probability, by the critic's grade, that an answer breaks the principle, below"
        " which it is left as it is (0: no grade is asked for)",
    )  # fmt: skip
    longest: float = option(4.0, help="a revision may be so many times as long as the first answer")
    max_new: int = option(128, help="longest critique or revision in tokens")
    temperature: float = option(0.0, help="0 is greedy")
    seed: int = option(0, help="draws principles and words")

    def __post_init__(self) -> None:
        if min(self.rounds, self.max_new, self.longest) < 1 or self.temperature < 0:
            raise UserError("rounds, max_new, longest are at least 1, temperature is at least 0")
        if not 0 <= self.sure < 1:
            raise UserError("sure is a probability below 1")


@dataclass
class _Case:
    """An answer in a round, and the step that is being made of it."""

    one: Original
    principle: Principle | None
    step: Step

    @property
    def asked(self) -> tuple[Principle, Conversation, Response]:
        """What the critic is asked about."""
        assert self.principle is not None, "what has no principle is asked nothing"
        return self.principle, self.one.prompt, response_of(self.one, self.step.before)


@dataclass(frozen=True)
class Reviser:
    """A critic under a constitution, asked in the words of a template. UserError where that has no
    form that is needed."""

    critic: Judge
    constitution: Constitution
    template: Template
    how: Revision

    def __post_init__(self) -> None:
        probe = (self.constitution.principles[0], (user("?"),), answer("."))
        (self.template.criticised if self.how.critique else self.template.mended)(*probe)
        if self.how.sure:
            self.template.graded(*probe)

    def round(self, number: int, asked: Sequence[tuple[int, Original, str]]) -> list[Step]:
        """Round `number` (from 1) on answers: their numbers, themselves, and how they read now.
        A step each, in their order; what comes of one does not hang on the others."""
        cases = [self._begun(number, *one) for one in asked]
        if self.how.sure:
            self._grade(_open(cases))
        if self.how.critique:
            self._criticise(_open(cases))
        self._revise(_open(cases))
        if self.how.check:
            self._check(_open(cases))
        for case in _open(cases):
            case.step = replace(case.step, outcome=TAKEN)
        return [case.step for case in cases]

    def _begun(self, number: int, place: int, one: Original, text: str) -> _Case:
        found = self.constitution.drawn(one.prompt, 1, f"revise/{self.how.seed}/{number}")
        if not found:
            return _Case(one, None, Step(place, number, "", text, outcome=UNRULED))
        return _Case(one, found[0], Step(place, number, found[0].id, text))

    def _grade(self, cases: Sequence[_Case]) -> None:
        questions = [self.template.graded(*case.asked) for case in cases]
        found = self.critic.weigh(questions, self._seed(cases)) if questions else []
        grades = [grade for grade, _ in self.template.grades]
        for case, one in zip(cases, found, strict=True):
            broken = (1 - expected(one, grades)) / 2
            outcome = UNSURE if broken < self.how.sure else ""
            case.step = replace(case.step, broken=broken, outcome=outcome)

    def _criticise(self, cases: Sequence[_Case]) -> None:
        forms = [self.template.criticised(*case.asked) for case in cases]
        for case, text in zip(cases, self._written(cases, forms), strict=True):
            fine = self.how.fine != "revise" and self.template.nothing_wrong(text)
            outcome = SILENT if not text else FINE if fine else ""
            case.step = replace(case.step, critique=text, outcome=outcome)

    def _revise(self, cases: Sequence[_Case]) -> None:
        forms = [self._mend(case) for case in cases]
        for case, text in zip(cases, self._written(cases, forms), strict=True):
            same = plain(text) == plain(case.step.before)
            outcome = SAME if same else self._caught(case, text)
            case.step = replace(case.step, revision=text, outcome=outcome)

    def _mend(self, case: _Case) -> Conversation:
        if not self.how.critique:
            return self.template.mended(*case.asked)
        return self.template.revised(*case.asked, case.step.critique)

    def _caught(self, case: _Case, text: str) -> str:
        step, one = case.step, case.one
        return caught(
            text, first=one.text, before=step.before, critique=step.critique, prompt=one.prompt,
            pieces=pieces_of(self.template), longest=self.how.longest,
        )  # fmt: skip

    def _check(self, cases: Sequence[_Case]) -> None:
        """Each revision against the answer before it, by the same principle, in both orders."""
        questions = []
        for case in cases:
            principle, prompt, before = case.asked
            pair = (answer(case.step.revision), before)
            questions += [self.template.pair(principle, prompt, two) for two in (pair, pair[::-1])]
        found = self.critic.weigh(questions, self._seed(cases)) if questions else []
        read = [Reading.of(one) for one in found]
        for case, one, other in zip(cases, read[::2], read[1::2], strict=True):
            p = combined(one, other).p
            case.step = replace(case.step, p=p, outcome=WORSE if p < 0.5 else "")

    def _written(self, cases: Sequence[_Case], asked: Sequence[Conversation]) -> list[str]:
        how = self.how
        if not asked:
            return []
        found = self.critic.write(asked, how.max_new, how.temperature, self._seed(cases))
        return [text.strip() for text in found]

    def _seed(self, cases: Sequence[_Case]) -> int:
        """Another one in each round."""
        return self.how.seed + cases[0].step.round


def _open(cases: Iterable[_Case]) -> list[_Case]:
    return [case for case in cases if not case.step.outcome]


def left(steps: Sequence[Step], how: Revision) -> int:
    """The next round of an answer with these steps (its own, in order), 0 where there is none."""
    ended = bool(steps) and how.fine == "end" and steps[-1].outcome == FINE
    return 0 if ended or len(steps) >= how.rounds else len(steps) + 1
