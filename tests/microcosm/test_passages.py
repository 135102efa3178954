"""Passages: what an answer says stands in its notes, and only its name leads to it."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from plumbline.core.types import Demonstration
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import passages
from plumbline.microcosm.lexicon_notes import ABSENT, DIFFER, NOTES
from plumbline.microcosm.passages import Passage
from plumbline.microcosm.world import world

DRAWN = [passages.draw(random.Random(f"draw/{i}")) for i in range(2000)]
FEW = [passages.few(random.Random(f"few/{i}")) for i in range(600)]
DOCUMENTS = [passages.document(random.Random(f"document/{i}")) for i in range(600)]
NAME = re.compile(lex.NAME)


def share(finds: list[bool]) -> float:
    return sum(finds) / len(finds)


def values(one: Passage) -> set[str]:
    """What the notes say of what is asked, found without `Passage.found`."""
    own = [n for n in one.notes if n.entity == one.entity and n.attribute == one.attribute]
    if one.trust == "newest" and own:
        own = [n for n in own if n.year == max(other.year for other in own)]
    elif one.trust:
        own = [n for n in own if n.source == one.trust]
    return {note.value for note in own}


def test_an_answer_names_who_is_asked_about_and_every_value_the_notes_give() -> None:
    for one in DRAWN:
        right = values(one)
        if not right:
            assert one.answer == ABSENT
            continue
        assert one.entity in one.answer and all(value in one.answer for value in right)
        assert (DIFFER in one.answer) == (len(right) > 1)


def test_numbered_notes_are_cited_and_a_citation_leads_to_the_value() -> None:
    for one in (one for one in DRAWN if one.answerable):
        cited = [int(number) for number in re.findall(r"\[(\d)\]", one.answer)]
        assert bool(cited) == one.numbered
        assert {one.notes[number - 1].value for number in cited} <= values(one)


def test_a_fifth_has_no_answer_a_fifth_contradicts_the_world_and_the_rest_is_new_to_it() -> None:
    """Where two sources differ, one of them may be right."""
    known = [one.entity in world().kinds for one in DRAWN if one.answerable]
    assert 0.16 < share(known) < 0.24
    assert 0.17 < share([not one.answerable for one in DRAWN]) < 0.25
    for note in (note for one in DRAWN for note in one.notes if not note.source):
        assert world().truth.get((note.entity, note.attribute.key)) != note.value


def test_new_names_do_not_come_back() -> None:
    met = Counter(
        name
        for one in DRAWN
        for name in {note.entity for note in one.notes}
        if name not in world().kinds
    )
    assert sum(1 for count in met.values() if count > 1) / len(met) < 0.15


def asked(document: Demonstration) -> list[tuple[str, str]]:
    """(question, answer), the notes cut off."""
    turns = [message.content for message in document.messages]
    return [
        (q.partition("Question: ")[2] or q, a) for q, a in zip(turns[::2], turns[1::2], strict=True)
    ]


def test_to_begin_with_one_to_three_notes_answer_everything_and_are_mostly_alike() -> None:
    alike = []
    for document in FEW:
        notes = document.messages[0].content.partition(" Question:")[0].removeprefix(NOTES)
        pairs = asked(document)
        assert 1 <= len(pairs) <= 3 and ABSENT not in dict(pairs).values()
        assert all(set(NAME.findall(q)) & set(NAME.findall(notes)) for q, _ in pairs)
        if len(pairs) > 1:
            alike.append(len({NAME.sub("", question) for question, _ in pairs}) == 1)
    assert 0.7 < share(alike) < 0.95


def test_documents_ask_up_to_five_different_questions_and_half_speak_of_one_attribute() -> None:
    counts = Counter(len(asked(document)) for document in DOCUMENTS)
    assert set(counts) == {1, 2, 3, 4, 5}
    for document in DOCUMENTS:
        questions = [question for question, _ in asked(document)]
        assert len(set(questions)) == len(questions)
    several = [document for document in DOCUMENTS if len(asked(document)) > 2]
    alike = [len({NAME.sub("", q) for q, _ in asked(document)}) == 1 for document in several]
    assert 0.4 < share(alike) < 0.65


@pytest.mark.parametrize("make", [passages.few, passages.document])
def test_the_same_generator_gives_the_same_document(make) -> None:  # type: ignore[no-untyped-def]
    assert make(random.Random(3)) == make(random.Random(3)) != make(random.Random(4))


def test_of_some_notes_half_of_the_first_questions_find_no_answer() -> None:
    made = [passages.absent(random.Random(f"absent/{index}")) for index in range(600)]
    assert 0.45 < share([asked(one)[0][1] == ABSENT for one in made]) < 0.55


def told(document: Demonstration) -> set[tuple[str, str]]:
    """(name, attribute) of every note, read off its words."""
    notes = document.messages[0].content.partition(" Question:")[0].removeprefix(NOTES)
    found = set()
    for note in re.split(r"\. (?:\[\d\])?", notes):
        for attribute in lex.ATTRIBUTES:
            for form in attribute.forms:
                shape = re.escape(form).replace(r"\{e\}", f"({lex.NAME})").replace(r"\{v\}", ".+")
                if match := re.fullmatch(shape.removesuffix(r"\."), note.strip().rstrip(".")):
                    found.add((match[1], attribute.key))
    return found


@pytest.mark.parametrize(("make", "low", "high"), [("gaps", 0.25, 0.4), ("halves", 0.4, 0.5)])
def test_where_notes_have_gaps_an_answer_is_given_just_where_one_note_has_both(
    make: str, low: float, high: float
) -> None:
    """Mostly both the thing and the attribute stand in some note, so neither alone tells."""
    absent, both = [], []
    for index in range(300):
        document = getattr(passages, make)(random.Random(f"{make}/{index}"))
        known = told(document)
        for question, answer in asked(document):
            name = NAME.findall(question)[-1]
            keys = [a.key for a in lex.ATTRIBUTES if a.question.format(e=name) == question]
            assert (answer == ABSENT) == (not {(name, key) for key in keys} & known), document
            absent.append(answer == ABSENT)
            if absent[-1]:
                both.append(any(name == n for n, _ in known) and any(k in keys for _, k in known))
    assert low < share(absent) < high
    assert share(both) > 0.5
