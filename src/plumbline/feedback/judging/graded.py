"""A judge's grades as a reward: no preference model stands between (direct RLAIF).

    score = sum_i g_i p_i / sum_i p_i      g_i the grades, p_i what the judge gives each

moved to [-1, 1], the mean over the principles that are drawn for the prompt. Source: Lee et al.
2023, arXiv:2309.00267, section 2.2.2, with the grades 1 to 10. Where the judge says nothing, or no
principle applies, the score is 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.core.types import answer
from plumbline.feedback.judging.constitution import Constitution
from plumbline.feedback.judging.judge import Judge, Question, Weighed
from plumbline.feedback.judging.template import Template
from plumbline.feedback.judging.weighing import NEVER
from plumbline.feedback.rewards import Answered


def expected(read: Weighed, grades: Sequence[float]) -> float:
    """The expected grade in [-1, 1].

    >>> from plumbline.feedback.judging.weighing import weighed
    >>> expected(weighed([0.1, 0.3]), [1, 10])
    0.5
    """
    most = max(read.options)
    if most <= NEVER:
        return 0.0
    p = [math.exp(one - most) for one in read.options]
    mean = sum(g * part for g, part in zip(grades, p, strict=True)) / sum(p)
    low, high = min(grades), max(grades)
    return 2 * (mean - low) / (high - low) - 1


@dataclass(frozen=True)
class Graded:
    """A reward (`feedback.rewards.Reward`): the judge grades each answer by `k` principles."""

    name: str
    judge: Judge
    template: Template
    constitution: Constitution
    k: int = 1
    seed: int = 0

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        questions = [list(self._questions(one, text)) for one in asked for text in one.texts]
        read = iter(self.judge.weigh([q for own in questions for q in own], self.seed))
        grades = [grade for grade, _ in self.template.grades]
        scores = [[expected(next(read), grades) for _ in own] for own in questions]
        return np.array([float(np.mean(own)) if own else 0.0 for own in scores], np.float64)

    def _questions(self, one: Answered, text: str) -> Iterator[Question]:
        for principle in self.constitution.drawn(one.prompt, self.k, str(self.seed)):
            yield self.template.graded(principle, one.prompt, answer(text))
