"""Reasons before an answer: taken apart, put together, judged alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.core.types import answer, assistant, user
from plumbline.feedback.judging.parts import Marks

WORDS = st.text(alphabet="ab .", min_size=1, max_size=12)


@given(WORDS, WORDS)
def test_what_was_joined_comes_apart(reasons: str, said: str) -> None:
    text = Marks().joined(reasons, said)
    first, last = Marks().span(text)
    assert text[first:last] == reasons
    assert Marks().split(text) == (reasons.strip(), said.strip())


@pytest.mark.parametrize("text", ["No.", "No. </think> a", "<think> a", "a <think>b</think>"])
def test_an_answer_without_marks_has_no_reasons(text: str) -> None:
    assert Marks().split(text) == ("", text) and Marks().span(text) == (0, 0)


@given(WORDS, WORDS)
def test_a_part_is_cut_out_and_can_be_put_back(reasons: str, said: str) -> None:
    text = Marks().joined(reasons, said)
    assert Marks().cut(text, "reasons") == ("<think>", reasons, f"</think>{said}")
    assert Marks().cut(text, "answer") == (f"<think>{reasons}</think>", said, "")
    assert Marks().cut(said, "answer") == ("", said, "") and Marks().cut(said, "reasons")[1] == ""


def test_a_part_is_of_the_last_turn() -> None:
    said = (assistant("<think>x</think>a"), user("b"), assistant("<think>r</think>c"))
    assert Marks().of(said, "reasons") == (*said[:2], assistant("r"))
    assert Marks().of(said, "answer") == (*said[:2], assistant("c"))
    assert Marks().of(said, "all") == said and Marks().of((), "answer") == ()


def test_reasons_that_begin_at_once() -> None:
    marks = Marks("", " So: ")
    assert marks.split("It is not safe. So: No.") == ("It is not safe.", "No.")
    assert marks.of(answer("No."), "reasons") == answer("")
