"""Rows into a file of any kind that is read, whole or not there, packed where its name ends in .gz.

    jsonl      one object a line
    json       a list, one object a line
    csv        a column a field. Lists are JSON in their cells, which is how they are read; a single
               turn of a prompt or an answer is its words, unless these could be taken for turns. In
               plumbline's own form every cell but the kind of judgement is JSON
    parquet    a column a field, in groups of `GROUP` rows: what is missing is null

Rows come one at a time and are not held (but for a group of parquet). The same rows give the same
bytes, packed or not.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from plumbline.core import atomic
from plumbline.core.errors import UserError

from . import transcript
from .lines import dumped
from .rows import LIKE_TURNS

if TYPE_CHECKING:
    import pyarrow

Put = Callable[[Mapping[str, Any]], object]
File = BinaryIO | gzip.GzipFile
GROUP = 4096
KINDS = (".jsonl", ".json", ".csv", ".parquet")


@contextmanager
def table(path: Path, columns: Sequence[str]) -> Iterator[Put]:
    """A function that appends one row with some of these columns; the file appears at the end."""
    kind = kind_of(path)
    packed = path.suffix == ".gz"
    try:
        with (
            atomic.file(path) as raw,
            gzip.GzipFile("", "wb", 6, raw, 0) if packed else nullcontext(raw) as file,
            WRITERS[kind](file, columns) as put,
        ):
            yield put
    except UnicodeEncodeError:
        what = f"a text has half a character (a lone surrogate), which {kind} cannot hold"
        raise UserError(what, where=str(path), fix="write *.jsonl, which escapes it") from None


def kind_of(path: Path) -> str:
    """The kind of file that a name says; UserError where it says none that is written."""
    name = path.name.removesuffix(".gz")
    kind = next((kind for kind in KINDS if name.endswith(kind)), "")
    if not kind:
        known = ", ".join(f"*{kind}" for kind in KINDS)
        raise UserError(
            "no kind of file that can be written", where=str(path), fix=f"{known}, each also .gz"
        )
    return kind


@contextmanager
def _jsonl(file: File, columns: Sequence[str]) -> Iterator[Put]:
    yield lambda row: file.write(dumped(row) + b"\n")


@contextmanager
def _json(file: File, columns: Sequence[str]) -> Iterator[Put]:
    before = b"[\n"

    def put(row: Mapping[str, Any]) -> None:
        nonlocal before
        file.write(before + dumped(row))
        before = b",\n"

    yield put
    file.write(b"\n]\n" if before != b"[\n" else b"[]\n")


@contextmanager
def _csv(file: File, columns: Sequence[str]) -> Iterator[Put]:
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    rows = csv.writer(text)  # ends lines with CR LF, so that a lone CR in a cell is quoted
    rows.writerow(columns)
    cell = _own_cell if columns[0] == "judgement" else _cell
    try:
        yield lambda row: rows.writerow([cell(name, row.get(name)) for name in columns])
    finally:
        text.detach()  # the file is not this wrapper's to close


def _own_cell(name: str, value: Any) -> str:
    """A cell of plumbline's own form."""
    if value is None or name == "judgement":
        return value or ""
    return dumped(value).decode("utf-8")


def _cell(name: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case [{"role": "user" | "assistant" as role, "content": str(words)}] if role == (
            "user" if name == "prompt" else "assistant"
        ) and not _like_turns(words):
            return words
    return dumped(value).decode("utf-8")


def _like_turns(words: str) -> bool:
    """Whether a cell with these words would not be read as these words."""
    return words.startswith(LIKE_TURNS) or transcript.starts(words)


@contextmanager
def _parquet(file: File, columns: Sequence[str]) -> Iterator[Put]:
    import pyarrow
    import pyarrow.parquet as parquet

    schema = pyarrow.schema([(name, _type(name)) for name in columns])
    held: list[Mapping[str, Any]] = []
    with parquet.ParquetWriter(file, schema, compression="zstd") as out:

        def flush() -> None:
            out.write_table(pyarrow.Table.from_pylist(held, schema), row_group_size=GROUP)
            held.clear()

        def put(row: Mapping[str, Any]) -> None:
            held.append(row)
            if len(held) == GROUP:
                flush()

        yield put
        if held:
            flush()


def _type(name: str) -> pyarrow.DataType:
    """The type of a column: a field has one meaning in all forms that are written."""
    import pyarrow as pa

    turns = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    whole, numbers = pa.int64(), pa.list_(pa.int64())
    judge = pa.struct([(n, pa.string()) for n in ("kind", "name", "group")])
    texts = [(n, pa.string()) for n in ("where", "rubric", "when", "source", "writer")]
    by = pa.struct([*texts, ("judge", judge), ("seconds", pa.float64()), ("shown", numbers)])
    known = {
        "responses": pa.list_(turns),
        "ranking": pa.list_(numbers),
        "tiers": pa.list_(numbers),
        "span": numbers,
        "n": whole,
        "label": pa.bool_(),
        "good": pa.bool_(),
        "provenance": by,
    }
    known |= dict.fromkeys(("p", "margin", "score", "low", "high"), pa.float64())
    known |= dict.fromkeys(("judgement", "axis", "text"), pa.string())
    return known.get(name, turns)


WRITERS: dict[str, Callable[[File, Sequence[str]], AbstractContextManager[Put]]] = {
    ".jsonl": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
}
