"""Exports of other tools: who said what of which answer, and what is left aside and why.

The files in exports/ are written by hand in the tools' formats (see each importer's docstring).
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from plumbline.core import views
from plumbline.core.errors import UserError
from plumbline.core.types import (
    Choice,
    Critique,
    Demonstration,
    Edit,
    Judge,
    Judgement,
    Message,
    Ranking,
    Rating,
    answer,
    assistant,
    text_of,
    user,
)
from plumbline.data import read
from plumbline.data.inspect import summarise
from plumbline.data.load import Loaded

EXPORTS = Path(__file__).parent / "exports"
ANN, BEN, CAT = (
    "3f5e8a52-0d4f-4b8e-9a3c-0c6f1d2a7b01",
    "a91c7d1e-55c2-4f3e-8d07-7e2b9f4c1d02",
    "c2d4e6f8-1a3b-4c5d-9e7f-2b4d6f8a0c03",
)


def gist(judgement: Judgement) -> tuple[Any, ...]:
    """Judge, and what was said, with the answers' words."""
    who = judgement.provenance.judge.name
    match judgement:
        case Ranking(responses=responses, tiers=tiers):
            return who, [[text_of(responses[i]) for i in tier] for tier in tiers]
        case Rating(response=response, score=score, axis=axis):
            return who, text_of(response), axis, score
        case Choice(response=response, good=good):
            return who, text_of(response), good
        case Edit(original=original, corrected=corrected):
            return who, text_of(original), "->", text_of(corrected)
        case Critique(response=response, text=text, span=span):
            return who, text_of(response), text, span
        case Demonstration(messages=messages):
            return who, *(message.content for message in messages)


def reasons(loaded: Loaded) -> Counter[str]:
    return Counter(why.partition(" (")[0] for _, why in loaded.left)


def test_argilla_2() -> None:
    loaded = read(EXPORTS / "argilla_v2.json")
    assert loaded.form == "argilla" and not loaded.dropped
    scatters, reflects = "Air scatters blue light most.", "It reflects the sea."
    assert [gist(judgement) for judgement in loaded.judgements] == [
        (ANN, [[scatters], [reflects]]),
        (BEN, [[scatters], [reflects]]),
        (CAT, [[reflects], [scatters]]),
        (ANN, scatters, "helpfulness", 5.0),
        (BEN, scatters, "helpfulness", 4.0),
        (ANN, reflects, "->", "It scatters blue light."),
        (BEN, [["No."], ["Yes."]]),
        (CAT, [["Yes.", "No."]]),
        (BEN, "Yes.", True),
        (BEN, "No.", "rude", (0, 2)),
    ]
    assert reasons(loaded) == {
        "a response that is draft": 1,
        "a response that is discarded": 1,
        "a correction that changes nothing": 1,
        "an answer of the kind multi-label to 'tags'": 1,
        "a record that nobody answered": 1,
    }
    first = loaded.judgements[0]
    assert isinstance(first, Ranking) and first.prompt == (user("Why is the sky blue?"),)
    assert first.provenance.where.endswith("argilla_v2.json:row 1")
    assert (first.provenance.judge.kind, first.provenance.source) == ("human", "forum")
    assert "suggestions" in loaded.ignored


def test_argilla_1() -> None:
    loaded = read(EXPORTS / "argilla_v1.jsonl")
    assert [gist(judgement) for judgement in loaded.judgements] == [
        (ANN, [["Cherry.", "Apple."], ["Banana."]]),
        (ANN, "Banana.", "safety", 2.0),
        (ANN, "Banana.", "It is yellow.", None),
        (BEN, [["Apple."], ["Cherry."], ["Banana."]]),
        (BEN, "Greet me.", "Hello to you."),
    ]
    assert reasons(loaded) == {"a response that is discarded": 1}
    first = loaded.judgements[0]
    assert isinstance(first, Ranking)
    assert first.prompt == (user("Name a fruit.\n\nIt must be red."),)
    assert first.provenance.when == "2023-11-03T09:30:00.000000"


def test_label_studio() -> None:
    loaded = read(EXPORTS / "label_studio.json")
    assert loaded.form == "label studio"
    wars, fire, ruin = "Wars led to its ruin.", "Its end came by fire.", "Ruin."
    assert [gist(judgement) for judgement in loaded.judgements] == [
        ("7", [["Paris"], ["London"]]),
        ("7", "London", "accuracy", 1.0),
        ("7", "London", "Wrong country.", None),
        ("8", [["London"], ["Paris"]]),
        ("8", "Paris", True),
        ("7", [[fire], [wars], [ruin]]),
        ("8", [[wars], [fire], [ruin]]),
        ("8", "Wars.", "->", "Wars and fires."),
        ("7", "Write a greeting.", "Good morning."),
    ]
    assert reasons(loaded) == {
        "an annotation that was cancelled": 1,
        "an annotation without a result": 1,
        "a task that nobody annotated": 1,
        "the label 'no' to 'toxic_answer1' is neither good nor bad nor an answer's name": 1,
        "the task's field 'topic' is not read": 1,
        "'sorted' puts answers into buckets": 1,
        "a result of the type 'rectanglelabels'": 1,
    }


def test_label_studios_time_is_counted_once_and_the_sides_are_kept() -> None:
    loaded = read(EXPORTS / "label_studio.json")
    first, rating, _, turned = (judgement.provenance for judgement in loaded.judgements[:4])
    assert (first.seconds, rating.seconds) == (30.25, None)
    assert first.when == rating.when == "2024-05-02T12:00:00.500000Z"
    assert (first.shown, turned.shown) == ((0, 1), (1, 0))


def test_open_assistant_says_what_it_leaves_aside() -> None:
    loaded = read(EXPORTS / "open_assistant.trees.jsonl")
    assert [gist(judgement) for judgement in loaded.judgements] == [
        ("", [["Nobody is sure; it seems to soothe."], ["To calm themselves."], ["Because."]]),
    ]
    assert loaded.judgements[0].provenance.judge == Judge("human")
    assert [why.split()[0] for _, why in loaded.left] == ["volunteers'", "messages", "ranks"]


def test_left_parts_are_shown_and_not_held_against_the_file() -> None:
    loaded = read(EXPORTS / "argilla_v2.json")
    assert loaded.counts["parts left out"] == 5 and loaded.counts["unusable"] == 0
    assert "1 left out: a record that nobody answered" in summarise(loaded).notes


TWO = {"prompt": "q", "response_a": "a", "response_b": "b"}


def argilla(tmp_path: Path, fields: Any, answers: dict[str, Any]) -> Loaded:
    """One record of version 2, each question answered by "me"."""
    said = {name: [{"value": value, "user_id": "me"}] for name, value in answers.items()}
    path = tmp_path / "records.json"
    path.write_text(json.dumps([{"fields": fields, "responses": said}]))
    return read(path)


def studio(tmp_path: Path, data: Any, *results: tuple[str, str, str, Any]) -> Loaded:
    """One task with one annotation of (type, from_name, to_name, value)."""
    names = ("type", "from_name", "to_name", "value")
    made = [dict(zip(names, result, strict=True)) for result in results]
    path = tmp_path / "tasks.json"
    path.write_text(
        json.dumps([{"data": data, "annotations": [{"result": made, "completed_by": 1}]}])
    )
    return read(path)


@pytest.mark.parametrize(
    ("question", "value", "expected"),
    [
        ("better", "response_b", [["b"], ["a"]]),
        ("better", "B", [["b"], ["a"]]),
        ("better", "No preference", [["a", "b"]]),
        ("order", ["response_b", "response_a"], [["b"], ["a"]]),
        ("order", [{"value": "b", "rank": 1}, {"value": "a", "rank": 1}], [["b", "a"]]),
        ("order", [{"value": "response_a"}, {"value": "response_b"}], [["a"], ["b"]]),
        ("rating_response_b", 3, ("b", "overall", 3.0)),
        ("response_b-tone", 3, ("b", "tone", 3.0)),
        ("thumb_response_a", "👎", ("a", False)),
        ("thumb_response_a", "Thumbs_Up", ("a", True)),
        ("is_helpful_response_b", "yes", ("b", True)),
        ("improved response a", "A.", ("a", "->", "A.")),
        ("why_response_b", "too long", ("b", "too long", None)),
    ],
)
def test_the_names_of_questions_decide(
    tmp_path: Path, question: str, value: Any, expected: Any
) -> None:
    loaded = argilla(tmp_path, TWO, {question: value})
    wanted = ("me", *expected) if isinstance(expected, tuple) else ("me", expected)
    assert [gist(judgement) for judgement in loaded.judgements] == [wanted]


@pytest.mark.parametrize(
    ("question", "value", "message"),
    [
        ("toxic_response_a", "yes", "neither good nor bad"),
        ("not_good_response_a", "yes", "neither good nor bad"),
        ("topic", "sports", "call labels good and bad"),
        ("quality", 3, "like quality_response_1; answers: response_a, response_b"),
        ("tags", ["short", "rude"], "kind multi-label to 'tags'"),
        ("order", [{"value": "c", "rank": 1}], "'c' names no answer"),
        ("parts", [{"label": "x", "start": 0, "end": 1}], "put the answer's name"),
        ("parts_response_a", [{"label": "x", "start": 0, "end": 9}], "a span from 0 to 9"),
        ("odd", {"value": 1}, "kind dict to 'odd'"),
        ("ok", True, "the answer True"),
    ],
)
def test_what_is_not_understood_alone_in_a_row_stops_and_says_what_to_do(
    tmp_path: Path, question: str, value: Any, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        argilla(tmp_path, TWO, {question: value})
    assert message in str(caught.value) and "records.json:row 1" in str(caught.value)
    beside = argilla(tmp_path, TWO, {question: value, "better": "a"})
    assert len(beside.judgements) == 1 and message in beside.left[0][1]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": "q", "response": "a"}, "no prompt among the fields text, response"),
        ({"prompt": "q", "question": "q", "response": "a"}, "more than one field"),
        ({"prompt": "q", "reaction": "a"}, "name the prompt's field prompt, instruction"),
    ],
)
def test_a_record_whose_fields_say_nothing_lists_them(
    tmp_path: Path, fields: Any, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        argilla(tmp_path, fields, {"quality": 1})
    assert message in str(caught.value)


def test_answers_that_are_no_list_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text(json.dumps([{"fields": TWO, "responses": {"better": True}}]))
    with pytest.raises(UserError, match="the answers to 'better' are 'True', not a list"):
        read(path)


def test_a_conversation_is_the_prompt_and_its_last_turn_the_answer(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    loaded = argilla(tmp_path, {"chat": turns, "system": "be kind"}, {"quality": 4})
    assert gist(loaded.judgements[0]) == ("me", "a", "quality", 4.0)
    assert loaded.judgements[0].prompt == (Message("system", "be kind"), user("q"))  # type: ignore[union-attr]


def test_ten_answers_are_in_natural_order(tmp_path: Path) -> None:
    fields = {"prompt": "q"} | {f"answer{n}": str(n) for n in range(10, 0, -1)}
    loaded = argilla(tmp_path, fields, {"best": "answer10"})
    ranking = loaded.judgements[0]
    assert isinstance(ranking, Ranking)
    assert [text_of(r) for r in ranking.responses] == [str(n) for n in range(1, 11)]
    assert ranking.tiers == ((9,), tuple(range(9)))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (("pairwise", "pw", "pw", {"selected": "both"}), "neither left nor right"),
        (("choices", "verdict", "a", {"choices": ["x", "y"]}), 'choice="single"'),
        (("ranker", "r", "list", {"ranker": {"r": ["u", "v"]}}), "ranks u, v, and no list"),
        (("rating", "stars", "a", {}), "a rating without 'rating'"),
        (("brush", "b", "img", {}), "a result of the type 'brush'"),
    ],
)
def test_label_studio_results_that_are_not_understood(
    tmp_path: Path, result: Any, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        studio(tmp_path, TWO, result)


def test_a_pairwise_comparison_of_three_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="compares two answers, and the task shows 3"):
        studio(tmp_path, {**TWO, "response_c": "c"}, ("pairwise", "pw", "pw", {"selected": "left"}))


def test_exports_are_trained_on_as_they_are() -> None:
    loaded = read(EXPORTS / "argilla_v2.json")
    pairs = views.pairs(loaded.judgements)
    assert len(pairs.examples) == 5, "four rankings and a correction"
    shown = views.demonstrations(loaded.judgements, threshold=5)
    assert "It scatters blue light." in {text_of(e.responses[0]) for e in shown.examples}
    with pytest.raises(UserError, match="no known scale"):
        views.demonstrations(loaded.judgements)


def test_an_answer_with_turns_is_kept_whole(tmp_path: Path) -> None:
    turns = [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]
    loaded = argilla(tmp_path, {"prompt": "q", "response": turns}, {"quality": 1})
    rating = loaded.judgements[0]
    assert isinstance(rating, Rating) and rating.response == (assistant("a"), assistant("b"))
    assert rating.response != answer("a")
