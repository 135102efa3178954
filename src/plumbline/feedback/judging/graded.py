"""A judge's grades as a reward: no preference model stands between (direct RLAIF).

    score = sum_i g_i p_i / sum_i p_i      g_i the grades, p_i what the judge gives each

moved to [-1, 1], the mean over the principles that are drawn for the prompt. Source: Lee et al.
2023, arXiv:2309.00267, section 2.2.2, with the grades 1 to 10.

An answer about which nothing is asked (no principle applies, or its prompt is none of `only`)
scores 0. Where the judge is asked and gives no grade (it refuses, or the question is longer than it
reads) the answer scores what the graded ones of the same call do on average: better or worse than
those it cannot become by being refused. Such answers are counted (`UNGRADED`), and beside them
stands how much probability fell on none of the grades (`RESIDUAL`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.core.ids import digest
from plumbline.core.types import Conversation, answer
from plumbline.feedback.endpoint.errors import Unfinished
from plumbline.feedback.judging.constitution import Constitution
from plumbline.feedback.judging.judge import Judge, Question, Weighed
from plumbline.feedback.judging.template import Template
from plumbline.feedback.judging.weighing import NEVER
from plumbline.feedback.rewards import Answered, Unrewarded, Worth

UNGRADED, RESIDUAL = "ungraded", "residual"


def expected(read: Weighed, grades: Sequence[float]) -> float:
    """The expected grade in [-1, 1]; 0 where there is none.

    >>> from plumbline.feedback.judging.weighing import weighed
    >>> expected(weighed([0.1, 0.3]), [1, 10])
    0.5
    """
    if not given(read):
        return 0.0
    most = max(read.options)
    p = [math.exp(one - most) for one in read.options]
    mean = sum(g * part for g, part in zip(grades, p, strict=True)) / sum(p)
    low, high = min(grades), max(grades)
    return 2 * (mean - low) / (high - low) - 1


def given(read: Weighed) -> bool:
    """Whether there is a grade at all."""
    return max(read.options) > NEVER


def key(prompt: Conversation) -> str:
    """A prompt as `Graded.only` knows it."""
    return digest([[message.role, message.content] for message in prompt])[:16]


@dataclass(frozen=True)
class Graded:
    """A reward (`feedback.rewards.Reward`): the judge grades each answer by `k` principles. only:
    keys of the prompts whose answers are graded (None: all)."""

    name: str
    judge: Judge
    template: Template
    constitution: Constitution
    k: int = 1
    seed: int = 0
    only: frozenset[str] | None = None

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        return self.told(asked)[0]

    def told(self, asked: Sequence[Answered]) -> Worth:
        """Scores, with what was not graded and what fell on no grade. Unrewarded, with the first
        prompt at fault, where a judge behind an address did not answer to the end."""
        owners = [one for one in asked for _ in one.texts]
        texts = [text for one in asked for text in one.texts]
        own = [list(self._questions(*pair)) for pair in zip(owners, texts, strict=True)]
        read = iter(self._weighed(owners, own))
        rows = [[next(read) for _ in questions] for questions in own]
        scores = np.array([self._score(row) for row in rows], np.float64)
        silent = np.array([bool(row) and not any(map(given, row)) for row in rows], bool)
        heard = np.array([any(map(given, row)) for row in rows], bool)
        scores[silent] = scores[heard].mean() if heard.any() else 0.0
        rest = np.array([np.mean([w.residual for w in row]) if row else np.nan for row in rows])
        rest[np.isnan(rest)] = np.nanmean(rest) if any(rows) else 0.0
        return scores, {UNGRADED: silent.astype(np.float64), RESIDUAL: rest}

    def _score(self, row: Sequence[Weighed]) -> float:
        grades = [grade for grade, _ in self.template.grades]
        found = [expected(one, grades) for one in row if given(one)]
        return float(np.mean(found)) if found else 0.0

    def _weighed(
        self, owners: Sequence[Answered], own: Sequence[Sequence[Question]]
    ) -> Sequence[Weighed]:
        asked = [(one, q) for one, questions in zip(owners, own, strict=True) for q in questions]
        try:
            return self.judge.weigh([question for _, question in asked], self.seed)
        except Unfinished as error:
            fault = asked[min(error.failed or error.left)][0]
            what = f"{self.name}: {error.what}"
            raise Unrewarded(what, fault, where=error.where, fix=error.fix) from error

    def _questions(self, one: Answered, text: str) -> Iterator[Question]:
        if self.only is not None and key(one.prompt) not in self.only:
            return
        for principle in self.constitution.drawn(one.prompt, self.k, str(self.seed)):
            yield self.template.graded(principle, one.prompt, answer(text))
