"""Writing: what is written reads back equal; conversion, the two-way split, inspection."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.core import views
from plumbline.core.errors import UserError
from plumbline.core.types import (
    ROLES,
    Choice,
    Critique,
    Demonstration,
    Edit,
    Judge,
    Judgement,
    Message,
    Provenance,
    Ranking,
    Rating,
    answer,
    user,
)
from plumbline.data import convert, read, split_file, write
from plumbline.data.inspect import lines, summarise

NUMBER = st.floats(allow_nan=False, allow_infinity=False)
MESSAGE = st.builds(Message, st.sampled_from(ROLES), st.text(max_size=8))
TURNS = st.lists(MESSAGE, max_size=2).map(tuple)
KIND = st.sampled_from(["human", "model", "rule", "unknown"])
JUDGE = st.builds(Judge, KIND, st.text(max_size=3), st.text(max_size=3))
PROVENANCE = st.builds(
    Provenance,
    where=st.text(min_size=1, max_size=5),
    judge=JUDGE,
    rubric=st.text(max_size=3),
    when=st.sampled_from(["", "2026-01-02T03:04:05+00:00"]),
    seconds=st.none() | st.floats(0, 1e6),
    shown=st.lists(st.integers(0, 9), max_size=3).map(tuple),
)


@st.composite
def rankings(draw: st.DrawFn) -> Ranking:
    count = draw(st.integers(1, 4))
    responses = tuple(draw(TURNS) for _ in range(count))
    order = draw(st.permutations(range(count)))
    cut = draw(st.integers(0, count))
    tiers = tuple(tier for tier in (tuple(order[:cut]), tuple(order[cut:])) if tier)
    p = draw(st.none() | st.floats(0, 1)) if count == 2 else None
    return Ranking(draw(TURNS), responses, tiers, p, draw(st.none() | NUMBER), draw(PROVENANCE))


SPAN = st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9))
JUDGEMENT: st.SearchStrategy[Judgement] = st.one_of(
    rankings(),
    st.builds(Demonstration, TURNS, PROVENANCE),
    st.builds(Choice, TURNS, TURNS, st.booleans(), PROVENANCE),
    st.builds(
        Rating, TURNS, TURNS, NUMBER, st.text(max_size=3), st.none() | NUMBER, st.none() | NUMBER,
        PROVENANCE,
    ),
    st.builds(Edit, TURNS, TURNS, TURNS, PROVENANCE),
    st.builds(Critique, TURNS, TURNS, st.text(max_size=5), SPAN, PROVENANCE),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(JUDGEMENT, min_size=1, max_size=4), st.sampled_from(["a.jsonl", "a.jsonl.gz"]))
def test_what_is_written_reads_back_equal(said: list[Judgement], name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        assert write(path, said) == len(said)
        assert read(path).judgements == said
        before = path.read_bytes()
        write(path, said)
        assert path.read_bytes() == before


def test_a_judgement_without_a_place_gets_the_line_it_is_read_from(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path, [Choice((user("q"),), answer("a"), True)])
    assert read(path).judgements[0].provenance == Provenance(where=f"{path}:1")


SAID: list[Judgement] = [
    Ranking((user("q"),), (answer("a"), answer("b"), answer("c")), ((0,), (1, 2))),
    Ranking((user("r"),), (answer("d"), answer("e")), ((0,), (1,)), p=0.75, margin=3.0),
]


@pytest.mark.parametrize(
    ("form", "fields", "rows"),
    [
        ("plumbline", {"judgement", "prompt", "responses", "tiers"}, 2),
        ("preference", {"prompt", "chosen", "rejected"}, 3),
        ("ranking", {"prompt", "responses", "ranking"}, 2),
        ("unpaired", {"prompt", "completion", "label"}, 5),
        ("messages", {"messages"}, 2),
    ],
)
def test_convert_writes_forms_that_read_again(
    tmp_path: Path, form: str, fields: set[str], rows: int
) -> None:
    source, target = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    write(source, SAID)
    assert convert(source, target, form).rows == rows
    assert fields <= set(json.loads(target.read_text().splitlines()[0]))
    first = views.demonstrations(read(target).judgements).examples[0]
    assert first.responses[0] == answer("a")
    if form == "preference":
        soft = read(target).judgements[-1]
        assert isinstance(soft, Ranking) and (soft.p, soft.margin) == (0.75, 3.0)


def test_convert_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    write(source, [Critique((user("q"),), answer("a"), "dull")])
    with pytest.raises(UserError, match="a critique compares nothing"):
        convert(source, tmp_path / "b.jsonl", "preference")
    with pytest.raises(UserError, match="did you mean 'preference'"):
        convert(source, tmp_path / "b.jsonl", "preferences")
    with pytest.raises(UserError, match=r"write to \*\.jsonl"):
        convert(source, tmp_path / "b.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def test_split_file_is_the_split_of_training(tmp_path: Path) -> None:
    source = tmp_path / "data.jsonl"
    said = [Choice((user(f"question {i}"),), answer("a"), True) for i in range(300)]
    write(source, said)
    parts = split_file(source).rows
    assert set(parts) == {tmp_path / "data.train.jsonl", tmp_path / "data.heldout.jsonl"}
    assert sum(parts.values()) == 300 and 15 < parts[tmp_path / "data.heldout.jsonl"] < 50
    assert {*parts} | {source} == set(tmp_path.iterdir())
    held = {views.prompt_key(e) for e in views.split(views.labelled(said).examples)[1]}
    read_back = read(tmp_path / "data.heldout.jsonl").judgements
    assert {j.prompt[0].content for j in read_back if isinstance(j, Choice)} == held


def test_a_split_never_overwrites_its_source(tmp_path: Path) -> None:
    source = tmp_path / "data.train.jsonl"
    source.write_text('{"text": "a"}\n{"text": 3}\n')
    before = source.read_bytes()
    made = split_file(source, on_bad_row="drop")
    assert source.read_bytes() == before
    assert [path.name for path in made.rows] == [
        "data.train.train.jsonl",
        "data.train.heldout.jsonl",
    ]
    assert [where for where, _ in made.dropped] == [f"{source}:2"]


def test_inspection_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    empty = Ranking((user("q"),), (answer(""), answer("bb")), ((0,), (1,)))
    equal = Ranking((user("q"),), (answer("x"), answer("x")), ((0,), (1,)))
    write(path, [*SAID, SAID[0], empty, equal])
    found = summarise(
        read(path),
        measure=lambda e: len(e.responses),
        limit=2,
        mark=lambda e: f"<{e.prompt[0].content}>",
    )
    assert found.form == "plumbline" and found.counts["rows"] == 5
    assert found.kinds == {"ranking": 5} and found.answers == {2: 3, 3: 2}
    assert (found.ties, found.soft, found.margins) == (2, 1, 1)
    assert found.problems == {"empty answer": 1, "equal answers": 1}
    assert (found.prompts, found.duplicates, found.examples) == (2, 1, 3)
    assert found.over == 2 and found.marked == "<q>"
    assert found.tokens is not None and found.tokens.high == 3
    assert any("empty answer: 1" in line for line in lines(found))


def test_inspection_of_ratings_without_a_scale_does_not_stop(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "q", "completion": "a", "score": 3}\n')
    found = summarise(read(path))
    assert found.examples == 0 and "no known scale" in next(iter(found.problems))


def test_data_imports_without_torch() -> None:
    code = "import sys, plumbline.data, plumbline.core.views; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"torch", "transformers", "peft", "pyarrow", "numpy"}
    assert not heavy & set(loaded.stdout.split())
