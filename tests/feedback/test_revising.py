"""Critique and revision by a critic made for the test: what is taken, what is caught, what ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Critique, Edit, answer, assistant, text_of, user
from plumbline.core.views import demonstrations, pairs
from plumbline.feedback.judging import caught as reasons
from plumbline.feedback.judging.by_round import by_round
from plumbline.feedback.judging.constitution import (
    Constitution,
    Principle,
    Shown,
    read_constitution,
)
from plumbline.feedback.judging.judge import Cost, Question, Weighed
from plumbline.feedback.judging.parts import Marks
from plumbline.feedback.judging.revising import Reviser, Revision, left
from plumbline.feedback.judging.steps import (
    FINE,
    SAME,
    SILENT,
    TAKEN,
    UNRULED,
    UNSURE,
    WORSE,
    By,
    Original,
    Step,
    demonstration,
    judgements,
    now,
    preference,
    state,
)
from plumbline.feedback.judging.template import Template, read_template

FORM = Template(
    compare="By {principle}: {a} or {b}?",
    options=(("A",), ("B",)),
    critique="Rule: {principle} Question: {prompt} Answer: {answer} What is wrong?",
    revise="Mend it.",
    at_once="Rule: {principle} Question: {prompt} Answer: {answer} Mend it.",
    fine=("Nothing is wrong.",),
)
SAFE = Constitution("one", (Principle("safe", "Do no harm."),))
ASKED = (user("How do I burn the barn?"),)
BAD = "Take oil and a match."
GOOD = "I will not explain that."
Say = Callable[[str], str]


class Critic:
    """Says what two functions of the last turn say; prefers what `likes` an answer."""

    name, id = "made up", "0"

    def __init__(
        self, fault: Say = lambda _: "It is not safe.", mend: Say = lambda _: GOOD,
        likes: Callable[[str], float] = len,
    ) -> None:  # fmt: skip
        self.fault, self.mend, self.likes, self.cost = fault, mend, likes, Cost()
        self.asked: list[Conversation] = []

    def write(
        self, asked: Sequence[Conversation], max_new: int, temperature: float = 0.0, seed: int = 0
    ) -> list[str]:
        self.asked += asked
        self.cost.requests += len(asked)
        return [self._said(one) for one in asked]

    def _said(self, one: Conversation) -> str:
        last = one[-1].content
        return self.mend(one[0].content) if last.endswith("Mend it.") else self.fault(last)

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        """A taste of 2 nats for what stands first, beside what it likes."""
        found = []
        for one in questions:
            a, b = one.asked[-1].content.removeprefix("By Do no harm.: ")[:-1].split(" or ")
            found.append(Weighed((2 + self.likes(a) - self.likes(b), 0.0), 0.0))
        return found


def revised(
    critic: Critic, text: str = BAD, by: Constitution = SAFE, form: Template = FORM, **how: object
) -> list[Step]:
    """All steps of one answer."""
    settings, one = Revision(**how), Original(ASKED, answer(text), "a.jsonl:1")  # type: ignore[arg-type]
    reviser, steps = Reviser(critic, by, form, settings), list[Step]()
    while number := left(steps, settings):
        steps += reviser.round(number, [(0, one, now(one, steps))])
    return steps


def test_a_critique_and_then_a_revision_are_asked_for() -> None:
    critic = Critic()
    (step,) = revised(critic)
    assert step == Step(0, 1, "safe", BAD, "It is not safe.", GOOD, TAKEN)
    first, second = critic.asked
    assert first == (user("Rule: Do no harm. Question: user: How do I burn the barn? "
                          f"Answer: {BAD} What is wrong?"),)  # fmt: skip
    assert second == (*first, assistant("It is not safe."), user("Mend it."))


def test_without_critiques_the_answer_is_mended_at_once() -> None:
    critic = Critic()
    (step,) = revised(critic, critique=False)
    assert (step.critique, step.revision, step.outcome) == ("", GOOD, TAKEN)
    assert [len(one) for one in critic.asked] == [1]
    assert critic.asked[0][0].content.endswith(f"Answer: {BAD} Mend it.")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", reasons.EMPTY),
        (" \n", reasons.EMPTY),
        (BAD.upper(), SAME),
        ("It is  not safe.", reasons.CRITIQUE),
        (f"It is not safe. {GOOD}", reasons.CRITIQUE),
        ("how do I burn the barn?", reasons.QUESTION),
        (f"{GOOD} Mend it.", reasons.TEMPLATE),
        (f"Answer: {GOOD}", reasons.TEMPLATE),
        ("No. " * 101, reasons.LONG),
        ("I will not explain how to", reasons.UNFINISHED),
        ("No. " * 99, TAKEN),
        (GOOD, TAKEN),
    ],
)
def test_what_is_worse_than_nothing_is_caught_and_the_answer_stays(text: str, outcome: str) -> None:
    steps = revised(Critic(mend=lambda _: text), rounds=2)
    assert steps[0].outcome == outcome
    assert steps[1].before == (text.strip() if outcome == TAKEN else BAD)


def test_what_the_answer_says_itself_is_no_echo() -> None:
    before = "Rule: it is not safe. Answer: no."
    (step,) = revised(Critic(mend=lambda _: f"{before} Sorry."), before)
    assert step.outcome == TAKEN


def test_an_answer_without_points_may_be_mended_by_one_without() -> None:
    (step,) = revised(Critic(mend=lambda _: "- call for help"), "- take oil")
    assert step.outcome == TAKEN


def test_length_is_held_against_the_first_answer_in_every_round() -> None:
    steps = revised(Critic(mend=lambda _: "x" * 900 + "."), "y" * 400 + ".", rounds=2, longest=2)
    assert [step.outcome for step in steps] == [reasons.LONG] * 2


def test_no_critique_no_revision() -> None:
    critic = Critic(fault=lambda _: " ")
    assert [step.outcome for step in revised(critic)] == [SILENT]
    assert len(critic.asked) == 1


@pytest.mark.parametrize(
    ("fine", "outcomes"),
    [("next", [FINE] * 3), ("end", [FINE]), ("revise", [TAKEN, SAME, SAME])],
)
def test_nothing_wrong_ends_the_round_or_all_or_nothing(fine: str, outcomes: list[str]) -> None:
    critic = Critic(fault=lambda _: "nothing  is wrong")
    assert [one.outcome for one in revised(critic, rounds=3, fine=fine)] == outcomes


def test_a_revision_that_loses_in_both_orders_together_is_not_taken() -> None:
    (won,) = revised(Critic(likes=lambda text: float(text == GOOD)), check=True)
    assert won.outcome == TAKEN and won.p == pytest.approx(0.7311, abs=1e-4)  # sigma(1)
    (lost,) = revised(Critic(likes=lambda text: -3.0 * (text == GOOD)), check=True)
    assert lost.outcome == WORSE and lost.after == BAD
    assert lost.p == pytest.approx(0.0474, abs=1e-4)  # though the taste for the first is 2 nats
    (even,) = revised(Critic(likes=lambda _: 0.0), check=True)
    assert (even.outcome, even.p) == (TAKEN, 0.5)


class Grader(Critic):
    """Grades 1, 5 and 9 with probabilities that it is given."""

    def __init__(self, *shares: float) -> None:
        super().__init__()
        self.shares = shares

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        assert all(one.asked[-1].content.endswith("Grade?") for one in questions)
        logs = tuple(math.log(share / 2) for share in self.shares)
        return [Weighed(logs, 0.5)] * len(questions)


GRADED = replace(
    FORM,
    grade="By {principle}: {answer} Grade?",
    grades=((1.0, ("1",)), (5.0, ("5",)), (9.0, ("9",))),
)


@pytest.mark.parametrize(("sure", "outcome"), [(0.64, TAKEN), (0.66, UNSURE)])
def test_an_answer_stays_where_the_critic_is_not_sure_enough(sure: float, outcome: str) -> None:
    critic = Grader(0.5, 0.3, 0.2)  # a mean of 3.8, which is 0.65 of the way down from 9 to 1
    (step,) = revised(critic, form=GRADED, sure=sure)
    assert step.broken == pytest.approx(0.65) and step.outcome == outcome
    assert bool(critic.asked) == (outcome == TAKEN)
    assert state([step]) == ("revised" if outcome == TAKEN else "fine")


def test_grades_that_cannot_differ_are_none() -> None:
    with pytest.raises(UserError, match="no grades"):
        revised(Grader(1.0), form=replace(GRADED, grades=((1.0, ("1",)),)), sure=0.5)


def test_what_was_caught_is_not_weighed() -> None:
    critic = Critic(mend=lambda _: "", likes=lambda _: 1 / 0)
    assert revised(critic, check=True)[0].outcome == reasons.EMPTY


RULES = Constitution(
    "many",
    tuple(
        Principle(f"p{n}", f"Rule number {n}.", when="/barn/" if n < 4 else "") for n in range(8)
    ),
)


def many(order: Sequence[int], together: int, rounds: int = 3) -> dict[tuple[int, int], Step]:
    """Steps of ten answers, in some order and so many at a time."""
    settings = Revision(rounds=rounds)
    reviser = Reviser(Critic(mend=lambda asked: f"{asked[:14]} kept."), RULES, FORM, settings)
    answers = [Original((user(f"{n} barn?"),), answer(f"Said {n}.")) for n in range(10)]
    steps: dict[int, list[Step]] = {n: [] for n in range(10)}
    for at in range(0, 10, together):
        for number in range(1, rounds + 1):
            asked = [(n, answers[n], now(answers[n], steps[n])) for n in order[at : at + together]]
            for step in reviser.round(number, asked):
                steps[step.answer].append(step)
    return {(step.answer, step.round): step for own in steps.values() for step in own}


@given(st.permutations(range(10)), st.integers(1, 10))
def test_what_comes_of_an_answer_hangs_on_no_other(order: list[int], together: int) -> None:
    assert many(order, together) == many(range(10), 10)


def test_rounds_draw_principles_of_their_own() -> None:
    found = many(range(10), 10, rounds=8)
    first = [found[0, number].principle for number in range(1, 9)]
    assert len(set(first)) > 2
    assert len({found[n, 1].principle for n in range(10)}) > 2


def test_a_principle_that_does_not_apply_is_not_drawn() -> None:
    only = Constitution("theft", (Principle("theft", "Do not steal.", when="/steal/"),))
    critic = Critic()
    (step,) = revised(critic, by=only)
    assert (step.outcome, step.principle, critic.asked) == (UNRULED, "", [])
    assert state([step]) == "fine"


def test_steps_are_judgements_with_their_principle() -> None:
    steps = revised(Critic(mend=lambda asked: GOOD if BAD in asked else "No!"), rounds=2)
    one, by = Original(ASKED, answer(BAD), "a.jsonl:1"), By("made up", SAFE.id)
    found = judgements(one, steps, by)
    assert [type(said) for said in found] == [Critique, Edit] * 2
    assert {said.provenance.rubric for said in found} == {f"safe@{SAFE.id}"}
    assert [said.provenance.source for said in found] == ["revise/1"] * 2 + ["revise/2"] * 2
    assert found[0].provenance.judge.name == "made up"
    assert found[0].provenance.judge.kind == "model"
    assert found[0].provenance.where == "a.jsonl:1"
    last = found[-1]
    assert isinstance(last, Edit)
    assert (text_of(last.original), text_of(last.corrected)) == (GOOD, "No!")
    shown = demonstrations([demonstration(one, steps, by)]).examples
    assert [text_of(example.responses[0]) for example in shown] == ["No!"]
    (pair,) = pairs([preference(one, steps, by)]).examples
    assert [text_of(said) for said in pair.responses] == ["No!", BAD]
    assert (pair.pairs[0].winner, pair.pairs[0].loser) == (0, 1)


def test_the_critiques_may_stand_before_the_answer_as_reasons() -> None:
    one = Original(ASKED, answer(BAD), "a:1")
    steps = [Step(0, 1, "safe", BAD, "It is not safe.", GOOD, TAKEN)]
    by = By("critic", "c")
    said = demonstration(one, steps, by, Marks()).messages[-1].content
    assert said == f"<think>It is not safe.</think>{GOOD}"
    assert demonstration(one, [], by, Marks()).messages[-1].content == BAD


def test_reasons_alone_are_revised_and_critiques_point_at_them() -> None:
    one = Original(ASKED, answer("Take oil."), "a:1", ("<think>", "</think>No."))
    steps = [Step(0, 1, "safe", "Take oil.", "It is not safe.", "It would hurt.", TAKEN)]
    by = By("critic", "c")
    critique, edit = judgements(one, steps, by)
    assert isinstance(critique, Critique) and critique.span == (7, 16)
    assert text_of(critique.response)[7:16] == "Take oil."
    assert isinstance(edit, Edit)
    assert text_of(edit.original) == "<think>Take oil.</think>No."
    assert text_of(edit.corrected) == "<think>It would hurt.</think>No."
    assert demonstration(one, steps, by).messages[-1].content == text_of(edit.corrected)
    assert text_of(preference(one, steps, by).responses[1]) == text_of(edit.original)


def test_an_answer_is_revised_or_fine_or_faulty() -> None:
    taken, fine, caught = (Step(0, 1, "", "", outcome=one) for one in (TAKEN, FINE, WORSE))
    assert state([caught, taken, fine]) == "revised"
    assert state([fine, fine]) == "fine"
    assert state([fine, caught]) == state([replace(fine, outcome=SAME)]) == "faulty"


def test_the_effect_by_round_is_of_all_answers() -> None:
    answers = [Original((user(f"{n}?"),), answer(text)) for n, text in enumerate("aaab")]
    steps = [
        Step(0, 1, "", "a", "", "bb", TAKEN), Step(0, 2, "", "bb", "", "ccc", TAKEN),
        Step(1, 1, "", "a", "", "", "empty"), Step(1, 2, "", "a", "", "bb", TAKEN),
        Step(2, 1, "", "a", outcome=FINE),
    ]  # fmt: skip
    rounds = by_round(answers, steps[::-1], 2, lambda _, said: {"is a": text_of(said) == "a"})
    assert [one.changed.value for one in rounds] == [0, 0.25, 0.5]
    assert [one.length.value for one in rounds] == [1, 1.25, 1.75]
    assert [one.scores["is a"].value for one in rounds] == [0.75, 0.5, 0.25]
    assert [dict(one.outcomes) for one in rounds] == [
        {}, {TAKEN: 1, "empty": 1, FINE: 1}, {TAKEN: 2},
    ]  # fmt: skip
    assert all(one.scores["is a"].known for one in rounds)


def test_examples_with_a_critique_are_earlier_turns() -> None:
    shown = (Shown("q1", "good1", "bad1", critique="fault1"), Shown("q2", "good2", "bad2"))
    principle = Principle("safe", "Do no harm.", examples=shown)
    asked = FORM.revised(principle, ASKED, answer(BAD), "It is not safe.")
    said = [one.content for one in asked if one.role == "assistant"]
    assert said == ["fault1", "good1", "It is not safe."]
    assert "Answer: bad1 What is wrong?" in asked[0].content
    assert asked[:5] == FORM.criticised(principle, ASKED, answer(BAD))
    at_once = FORM.mended(principle, ASKED, answer(BAD))
    assert [one.content for one in at_once if one.role == "assistant"] == ["good1", "good2"]


def test_the_shipped_constitution_shows_critiques_and_the_shipped_forms_are_whole() -> None:
    short = read_constitution("short")
    assert sum(bool(one.critique) for p in short.principles for one in p.examples) >= 2
    for name in ("plain", "microcosm"):
        form = read_template(name)
        assert form.critique and form.revise and form.at_once
        assert form.nothing_wrong(form.fine[0].upper())
        assert not form.nothing_wrong("It is not safe.")
        assert len(reasons.pieces_of(form)) >= 5


def test_a_form_that_asks_for_no_critique_says_so() -> None:
    with pytest.raises(UserError, match="no critique"):
        revised(Critic(), form=replace(FORM, revise=""))
    with pytest.raises(UserError, match="only behind a critique"):
        revised(Critic(), form=replace(FORM, at_once=""), critique=False)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in (
        {"rounds": 0}, {"max_new": 0}, {"longest": 0.5}, {"temperature": -1.0}, {"sure": 1.0},
    ):  # fmt: skip
        with pytest.raises(UserError, match=r"at least|below 1"):
            Revision(**wrong)  # type: ignore[arg-type]
