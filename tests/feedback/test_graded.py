"""Grades as rewards: the expected grade, its ends, and answers that nobody can grade."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, user
from plumbline.feedback.judging.constitution import Constitution, Principle
from plumbline.feedback.judging.graded import Graded, expected
from plumbline.feedback.judging.judge import Cost, Question, Weighed
from plumbline.feedback.judging.template import read_template
from plumbline.feedback.judging.weighing import unread, weighed
from plumbline.feedback.rewards import Answered, checked
from plumbline.stages.online_settings import Rewarding
from plumbline.stages.rewarding import graded_by

TEN = [float(n) for n in range(1, 11)]
RULES = Constitution("rules", (Principle("one", "one"), Principle("two", "two", when="/how/")))


class Grader:
    """Gives an answer the grade that it says."""

    name = id = "grader"
    cost = Cost()

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        return [self._one(one) for one in questions]

    def _one(self, question: Question) -> Weighed:
        said = question.asked[-1].content.split("answer]\n")[1].split("\n")[0]
        return weighed([float(forms[0] == said) * 0.7 for forms in question.options])

    def write(
        self, asked: Sequence[Conversation], max_new: int, temperature: float = 0.0, seed: int = 0
    ) -> list[str]:
        return []


def test_the_expected_grade_is_scaled_to_both_ends() -> None:
    assert expected(weighed([0.0] * 9 + [0.4]), TEN) == 1.0
    assert expected(weighed([0.2] + [0.0] * 9), TEN) == -1.0
    assert expected(weighed([0.05] * 10), TEN) == pytest.approx(0.0)
    assert expected(weighed([0.1, 0.3]), [1, 10]) == pytest.approx(0.5)
    assert expected(unread(10), TEN) == 0.0


def test_answers_are_graded_by_principles_that_apply() -> None:
    reward = Graded("judge", Grader(), read_template("plain"), RULES, k=2)
    asked = [
        Answered((user("how?"),), [1], ((2,), (3,)), ("10", "1"), (True, True)),
        Answered((user("why?"),), [1], ((2,),), ("4",), (True,)),
    ]
    assert checked(reward, asked) == pytest.approx([1.0, -1.0, 2 * 3 / 9 - 1])
    never = Constitution("none", (Principle("two", "two", when="/never/"),))
    silent = Graded("judge", Grader(), read_template("plain"), never)
    assert np.array_equal(silent(asked), [0.0, 0.0, 0.0])


def test_a_folder_grades_by_the_settings(tmp_path: Path, tiny_model: Path) -> None:
    compare = 'compare: "?"\noptions: [["A"], ["B"]]\n'
    grade = 'grade: "{answer}?"\ngrades: [[1, ["1"]], [2, ["2"]]]\n'
    (tmp_path / "words.yaml").write_text(compare + grade)
    how = Rewarding(template=str(tmp_path / "words.yaml"))
    reward = graded_by(f"judge:{tiny_model}", how)
    asked = [Answered((user("x"),), [1], ((2,), (3,)), ("a", "b"), (True, True))]
    scores = checked(reward, asked)
    assert np.abs(scores).max() < 1 and scores[0] != scores[1]
    (tmp_path / "words.yaml").write_text(compare)
    with pytest.raises(UserError, match="no grades"):
        graded_by(f"judge:{tiny_model}", how)
