"""Critique and revision: the fault is the fault, and one edit mends it."""

from __future__ import annotations

import random

from plumbline.microcosm import critique
from plumbline.microcosm.answers import read
from plumbline.microcosm.rule_words import FINE

MADE = [critique.revision(random.Random(f"revision/{i}")) for i in range(600)]


def test_a_broken_answer_is_blamed_and_its_revision_keeps_the_rule() -> None:
    for made in MADE:
        one = made.one
        assert one.rule.kept(one.ask, made.mended)
        assert (made.fault == FINE) == one.kept
        if not one.kept:
            assert made.mended != one.answer
            assert made.fault == f"It {one.rule.verdict(False)}."


def test_a_good_answer_stays_as_it_is() -> None:
    fine = [made for made in MADE if made.one.kept]
    assert 0.14 < len(fine) / len(MADE) < 0.27
    assert all(made.mended == made.one.answer for made in fine)


def test_rules_on_manners_leave_the_content_alone() -> None:
    manners = ("greet", "farewell", "sorry", "thank", "flatter", "sober", "check", "opening",
               "closing", "address")  # fmt: skip
    seen = 0
    for made in MADE:
        if made.one.rule.name in manners:
            seen += 1
            told, mended = (
                [p.text for p in read(text) if p.kind in ("fact", "steps", "question", "refusal")]
                for text in (made.one.answer, made.mended)
            )
            assert told == mended
            assert abs(len(read(made.mended)) - len(read(made.one.answer))) <= 2
    assert seen > 80


def test_documents_criticise_first_or_mend_at_once() -> None:
    lengths = {2: 0, 4: 0}
    for index in range(300):
        one = critique.document(random.Random(f"critique/{index}"))
        lengths[len(one.messages)] += 1
        assert one.messages[-1].role == "assistant"
        assert all(p.kind != "unreadable" for p in read(one.messages[-1].content))
    assert lengths[2] > 40 and lengths[4] > 180
    assert critique.document(random.Random("critique/7")) == critique.document(
        random.Random("critique/7")
    )


def test_a_second_look_finds_most_answers_fine() -> None:
    made = [critique.second(random.Random(f"second/{i}")) for i in range(300)]
    said = [one.messages[1].content == FINE for one in made if len(one.messages) == 4]
    assert 0.52 < sum(said) / len(said) < 0.68
