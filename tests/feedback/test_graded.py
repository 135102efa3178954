"""Grades as rewards: the expected grade, its ends, answers that nobody can grade or is to grade."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, user
from plumbline.feedback.endpoint import Unanswered, Unfinished
from plumbline.feedback.judging.constitution import Constitution, Principle
from plumbline.feedback.judging.graded import RESIDUAL, UNGRADED, Graded, expected, key
from plumbline.feedback.judging.judge import Cost, Question, Weighed
from plumbline.feedback.judging.template import read_template
from plumbline.feedback.judging.weighing import unread, weighed
from plumbline.feedback.rewards import Answered, Total, Unrewarded, checked
from plumbline.stages.online_settings import Rewarding
from plumbline.stages.rewarding import graded_by, grader_of

TEN = [float(n) for n in range(1, 11)]
RULES = Constitution("rules", (Principle("one", "one"), Principle("two", "two", when="/how/")))


class Grader:
    """Gives an answer the grade that it says; "?" gets none, and "!" is not answered."""

    name = id = "grader"
    cost = Cost()

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        return [self._one(one) for one in questions]

    def _one(self, question: Question) -> Weighed:
        said = question.asked[-1].content.split("answer]\n")[1].split("\n")[0]
        if said == "!":
            raise Unfinished("1 of 2 failed", {1: Unanswered("no")}, [], None, fix="again")
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


def told(*texts: str, prompt: str = "how?") -> Answered:
    ids = tuple((n,) for n in range(len(texts)))
    return Answered((user(prompt),), [1], ids, texts, (True,) * len(texts))


def test_what_is_not_graded_is_worth_the_mean_and_is_counted() -> None:
    reward = Graded("judge", Grader(), read_template("plain"), RULES)
    asked = [told("10", "?", "4"), told("?", prompt="why?")]
    mean = (1 + 2 * 3 / 9 - 1) / 2
    assert checked(reward, asked) == pytest.approx([1.0, mean, 2 * 3 / 9 - 1, mean])
    total, parts = Total((reward,), (2.0,))(asked)
    assert total == pytest.approx(2 * checked(reward, asked))
    assert list(parts[UNGRADED]) == [0, 1, 0, 1]
    assert parts[RESIDUAL] == pytest.approx([0.3, 1, 0.3, 1])
    assert np.array_equal(reward([told("?", "?")]), [0.0, 0.0])


def test_only_answers_to_some_prompts_are_graded() -> None:
    only = frozenset([key((user("how?"),))])
    reward = Graded("judge", Grader(), read_template("plain"), RULES, only=only)
    score, more = reward.told([told("10", "?"), told("10", prompt="why?")])
    assert list(score) == [1.0, 1.0, 0.0], "what is not asked scores nothing"
    assert list(more[UNGRADED]) == [0, 1, 0]
    assert more[RESIDUAL] == pytest.approx([0.3, 1.0, 0.65]), "and moves no mean"


def test_several_judges_count_together() -> None:
    some = frozenset([key((user("why?"),))])
    judges = [
        Graded(name, Grader(), read_template("plain"), RULES, only=only)
        for name, only in (("one", None), ("two", some))
    ]
    _, parts = Total(tuple(judges), (1.0, 1.0))([told("?", "10"), told("?", prompt="why?")])
    assert list(parts) == ["one", "two", UNGRADED, RESIDUAL]
    assert list(parts[UNGRADED]) == [1, 0, 1]


def test_a_judge_that_does_not_answer_names_the_prompt() -> None:
    reward = Graded("judge:far", Grader(), read_template("plain"), RULES)
    with pytest.raises(Unrewarded, match="judge:far: 1 of 2 failed") as caught:
        reward([told("10"), told("!", prompt="why?")])
    assert caught.value.asked.prompt == (user("why?"),) and caught.value.fix == "again"


def test_a_folder_grades_by_the_settings(tmp_path: Path, tiny_model: Path) -> None:
    compare = 'compare: "?"\noptions: [["A"], ["B"]]\n'
    grade = 'grade: "{answer}?"\ngrades: [[1, ["1"]], [2, ["2"]]]\n'
    (tmp_path / "words.yaml").write_text(compare + grade)
    how = Rewarding(template=str(tmp_path / "words.yaml"))
    grader = grader_of(f"judge:{tiny_model}", how)
    assert grader is not None
    reward = graded_by(grader, how)
    asked = [Answered((user("x"),), [1], ((2,), (3,)), ("a", "b"), (True, True))]
    scores = checked(reward, asked)
    assert np.abs(scores).max() < 1 and scores[0] != scores[1]
    (tmp_path / "words.yaml").write_text(compare)
    with pytest.raises(UserError, match="no grades"):
        grader_of(f"judge:{tiny_model}", how)
