"""Readers: each kind of file, and each way in which a file is bad."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.core.errors import UserError
from plumbline.core.types import Choice, Ranking, answer
from plumbline.data import FORMS, convert, read

ROWS = [{"prompt": f"q{i}", "chosen": 'a,\n"b" é', "rejected": "c"} for i in range(3)]


def _jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def _json(path: Path) -> None:
    path.write_text(json.dumps(ROWS, indent=2))


def _json_data(path: Path) -> None:
    path.write_text(json.dumps({"version": 1, "data": ROWS}))


def _csv(path: Path) -> None:
    import csv

    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)


def _parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), path)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize(
    ("name", "make", "places"),
    [
        ("a.jsonl", _jsonl, ["1", "2", "3"]),
        ("b.json", _json, ["row 1", "row 2", "row 3"]),
        ("c.json", _json_data, ["row 1", "row 2", "row 3"]),
        ("lines.json", _jsonl, ["1", "2", "3"]),
        ("d.csv", _csv, ["2", "4", "6"]),
        ("e.parquet", _parquet, ["row 1", "row 2", "row 3"]),
    ],
)
def test_every_kind_of_file(
    tmp_path: Path, name: str, make: Callable[[Path], None], places: list[str], packed: bool
) -> None:
    path = tmp_path / name
    make(path)
    if packed:
        packed_path = tmp_path / f"{name}.gz"
        packed_path.write_bytes(gzip.compress(path.read_bytes()))
        path = packed_path
    loaded = read(path)
    assert [j.provenance.where for j in loaded.judgements] == [f"{path}:{p}" for p in places]
    assert all(
        isinstance(j, Ranking) and j.responses == (answer('a,\n"b" é'), answer("c"))
        for j in loaded.judgements
    )


def test_csv_cells_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prompt,completion,label\nq,1,True\nq,2,0\n")
    said = read(path).judgements
    assert [j.good for j in said if isinstance(j, Choice)] == [True, False]
    assert [j.response for j in said if isinstance(j, Choice)] == [answer("1"), answer("2")]


@pytest.mark.parametrize(
    ("text", "documents", "lines"),
    [
        ("one\ntwo\nthree\n", ["one", "two", "three"], [1, 2, 3]),
        ("one\nmore\n\n \ntwo\n\n", ["one\nmore", "two"], [1, 5]),
        (
            "one\n\nmore\n<|endoftext|>\ntwo\n<|endoftext|>\n",
            ["one\n\nmore", "two"],
            [1, 5],
        ),
    ],
)
def test_documents_of_a_text_file(
    tmp_path: Path, text: str, documents: list[str], lines: list[int]
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    said = read(path).judgements
    assert [j.messages[0].content for j in said] == documents  # type: ignore[union-attr]
    assert [j.provenance.where for j in said] == [f"{path}:{n}" for n in lines]


GOOD = b'{"prompt": "q", "chosen": "a", "rejected": "b"}\n'
HALF = GOOD[:30]
BAD: list[tuple[str, str, bytes, str, str, str]] = [
    ("truncated gzip", "a.jsonl.gz", gzip.compress(GOOD * 500)[:-20], ":4", "cut short", "again"),
    ("no gzip", "a.jsonl.gz", b"hello", ":1", "gzip", "again"),
    ("hidden gzip", "a.jsonl", gzip.compress(GOOD), "", "packed with gzip", "rename"),
    ("half a line", "a.jsonl", GOOD + HALF, ":2", "ends early", "complete the line"),
    ("half a list", "a.json", b'[\n{"a": 1},\n{"a"', ":3", "ends early", "fetch it again"),
    ("NaN", "a.jsonl", b'{"prompt": NaN}', ":1", "NaN is no JSON value", "complete the line"),
    ("one object", "a.json", b'{"train": []}', ":1", "fields train", "list of rows"),
    ("wrong columns", "a.jsonl", b'{"foo": 1}\n', ":1", "fields are foo", "known forms"),
    ("wrong columns", "a.csv", b"prompt,chosn,rejected\na,b,c\n", ":2", "chosn", "rename 'chosn'"),
    ("a cell too many", "a.csv", b"prompt,completion\nq,a,b\n", ":2", "3 cells", "quote"),
    ("an open quote", "a.csv", b'prompt,completion\nq,"a\n', ":2", "not CSV", "close the quotes"),
    ("latin-1", "a.jsonl", GOOD + b'{"prompt": "caf\xe9"}\n', ":2", "not UTF-8", "iconv"),
    ("latin-1", "a.csv", b"prompt\nok\ncaf\xe9\n", ":3", "not UTF-8", "iconv"),
    ("empty", "a.jsonl", b"", "", "empty", "with rows"),
    ("blank", "a.jsonl.gz", gzip.compress(b"\n \n"), "", "empty", "with rows"),
    ("header alone", "a.csv", b"prompt,completion\n", "", "no row", "mend"),
    ("a later row without a field", "a.jsonl", GOOD + b'{"prompt": "q"}\n', ":2",
     "chosen, rejected missing", "every row needs prompt, chosen, rejected"),
    ("null", "a.jsonl", GOOD + b'{"prompt": "q", "chosen": null, "rejected": "b"}\n', ":2",
     "chosen missing", "every row needs"),
    ("a string", "a.jsonl", b'"hello"\n', ":1", "str, not an object", '{"prompt": ...}'),
    ("a number for text", "a.jsonl", b'{"text": 3}\n', ":1", "a number, not text", "string"),
    ("no label", "a.jsonl", b'{"prompt": "q", "completion": "a", "label": "good"}\n', ":1",
     "'good', not a label", "true (good) or false (bad)"),
    ("no probability", "a.jsonl", GOOD[:-2] + b', "p": 1.5}\n', ":1", "probability", "0 and 1"),
    ("unknown role", "a.jsonl", b'{"messages": [{"role": "asistant", "content": "a"}]}', ":1",
     "unknown role 'asistant'", "did you mean 'assistant'"),
    ("index out of range", "a.jsonl",
     b'{"prompt": "q", "responses": ["a", "b"], "ranking": [1, 2]}', ":1",
     "no index of 2", "start at 0"),
    ("index missing", "a.jsonl", b'{"prompt": "q", "responses": ["a", "b"], "ranking": [1]}',
     ":1", "names [1] of 2", "every index"),
    ("too few scores", "a.jsonl", b'{"prompt": "q", "responses": ["a", "b"], "scores": [1]}',
     ":1", "1 'scores' for 2", "one score a response"),
    ("no transcript", "a.jsonl", b'{"chosen": "a", "rejected": "b"}', ":1", "not a transcript",
     "add a 'prompt' field"),
    ("the human last", "a.jsonl", b'{"chosen": "\\n\\nHuman: a", "rejected": "\\n\\nHuman: b"}',
     ":1", "ends with the human's turn", "write it as"),
    ("off the scale", "a.jsonl",
     b'{"prompt": "q", "completion": "a", "score": 9, "low": 1, "high": 5}', ":1",
     "outside its scale [1, 5]", "correct"),
    ("ends with the user", "a.jsonl",
     b'{"messages": [{"role": "user", "content": "q"}], "label": true}', ":1",
     "ends with a turn of 'user'", "assistant's answer"),
    ("a weighted turn", "a.jsonl",
     b'{"messages": [{"role": "assistant", "content": "q", "loss_weight": 0.5}]}', ":1",
     "loss_weight 0.5", "remove 'loss_weight'"),
    ("no parquet", "a.parquet", b"PAR1 and nothing", "", "not a sound parquet", "again"),
    ("another kind of file", "a.xlsx", b"PK", "", "unknown kind of data file", ".jsonl"),
    ("an unknown judgement", "a.jsonl", b'{"judgement": "rankin"}', ":1", "rankin", "'ranking'"),
    ("an unknown field of ours", "a.jsonl", b'{"judgement": "choice", "god": true}', ":1", "'god'",
     "did you mean 'good'"),
    ("a wrong type of ours", "a.jsonl",
     b'{"judgement": "choice", "prompt": [], "response": [], "good": "yes"}', ":1", "good",
     "as plumbline writes it"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "place", "what", "fix"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_bad_input_names_file_line_and_remedy_and_writes_nothing(
    tmp_path: Path, name: str, data: bytes, place: str, what: str, fix: str
) -> None:
    path, target = tmp_path / name, tmp_path / "out.jsonl"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        convert(path, target)
    assert caught.value.where.startswith(f"{path}{place}")
    assert what in caught.value.what and fix in caught.value.fix
    assert [p.name for p in tmp_path.iterdir()] == [name] and path.read_bytes() == data


def test_bad_rows_can_be_dropped_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD + HALF + b"\n" + b"\xff\n" + GOOD + b'{"prompt": 1}\n')
    with pytest.raises(UserError, match=r"a\.jsonl:2"):
        read(path)
    loaded = read(path, on_bad_row="drop")
    assert loaded.counts == {"rows": 5, "judgements": 2, "unusable": 0, "bad": 3}
    assert [where for where, _ in loaded.bad] == [f"{path}:{n}" for n in (2, 3, 5)]


def test_dropping_every_row_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HALF + b"\n" + HALF)
    with pytest.raises(UserError, match="no row could be read"):
        read(path, on_bad_row="drop")


def test_a_missing_file_offers_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_bytes(GOOD)
    with pytest.raises(UserError, match=r"did you mean .*train\.jsonl"):
        read(tmp_path / "trian.jsonl")
    with pytest.raises(UserError, match=r"folder(.|\n)*train\.jsonl"):
        read(tmp_path)


def test_a_hub_name_without_the_package_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)  # importing it fails
    with pytest.raises(UserError, match="pip install datasets"):
        read("someone/some-data")


NAMES = ["role", "content", "from", "value", "text", "replies", "rank"]
NAMES += ["values", "result", "choices", "start", "end", "status"]
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from(["", "a", "[1]", "\n\nHuman: a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_value_whatever_crashes_a_form(data: st.DataObject) -> None:
    """Any JSON under a form's fields is a judgement, listed as unusable, or a UserError."""
    form = data.draw(st.sampled_from(FORMS))
    names = [*form.needs, *data.draw(st.lists(st.sampled_from(form.uses), unique=True) if form.uses
                                     else st.just([]))]  # fmt: skip
    row: dict[str, Any] = {name: data.draw(VALUE) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text(json.dumps(row))
        try:
            read(path)
        except UserError as error:
            assert error.where.startswith(str(path)) and error.fix
