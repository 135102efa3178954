"""From a file to its rows, each with its place: jsonl, json, csv, parquet, txt, each also as .gz.

A place is "file:line", or "file:row N" where a format has no lines. What is wrong with the file as
a whole (a torn gzip, no row at all) is a UserError; what is wrong with one line comes as a `Broken`
in its place, so that the reader can stop or drop it. Blank lines are no rows.

txt: lines of nothing but `<|endoftext|>` separate documents; else blank lines do; a file with
neither has one document a line.
"""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from plumbline.core.errors import UserError


@dataclass(frozen=True)
class Broken:
    """A line that holds no row: what is wrong and what to do."""

    what: str
    fix: str


Placed = Iterator[tuple[str, Any]]
"""(where, row) pairs; a row is a JSON value or `Broken`."""


def rows(path: Path) -> Placed:
    """All rows of a file in order."""
    suffix = next((s for s in reversed(path.suffixes) if s.lower() != ".gz"), "").lower()
    if suffix not in READERS:
        raise UserError(
            f"unknown kind of data file {path.name!r}",
            where=str(path),
            fix=f"known: {', '.join(READERS)}, each also .gz; rename the file or convert it",
        )
    return READERS[suffix](path, _bytes(path))


def _bytes(path: Path) -> bytes:
    """The whole file, unpacked."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b" and path.suffix.lower() != ".gz":
        raise UserError("the file is packed with gzip", where=str(path), fix="rename it to *.gz")
    if path.suffix.lower() == ".gz" and data:
        data = _unpacked(path, data)
    if not data.strip():
        raise UserError("the file is empty", where=str(path), fix="give a file with rows")
    return data


def _unpacked(path: Path, data: bytes) -> bytes:
    """Unpack member by member, keeping what there is, so that a torn end is told with its line."""
    whole = b""
    while data:
        member = zlib.decompressobj(wbits=31)
        try:
            whole += member.decompress(data)
        except zlib.error as error:
            _torn(path, whole, f"not a sound gzip file ({error})")
        if not member.eof:
            _torn(path, whole, "the gzip stream ends early: the file is cut short")
        data = member.unused_data.lstrip(b"\0")
    return whole


def _torn(path: Path, got: bytes, what: str) -> NoReturn:
    line = got.count(b"\n") + 1
    fix = "fetch or copy the file again; `gzip -t` checks it"
    raise UserError(what, where=f"{path}:{line}", fix=fix) from None


def decoded(path: Path, data: bytes) -> str:
    """UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        broken = not_utf8(data[error.start])
        raise UserError(broken.what, where=f"{path}:{line}", fix=broken.fix) from None


def not_utf8(byte: int) -> Broken:
    return Broken(
        f"not UTF-8 (byte 0x{byte:02x})",
        "convert the file, for example: iconv -f latin1 -t utf-8 OLD > NEW",
    )


def _jsonl(path: Path, data: bytes) -> Placed:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for n, line in enumerate(lines, 1):
        if line.strip():
            yield f"{path}:{n}", json_line(line)


def json_line(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        return not_utf8(line[error.start])
    except ValueError as error:
        return Broken(f"not JSON: {_reason(error)}", "complete the line or remove it")


def _json(path: Path, data: bytes) -> Placed:
    text = decoded(path, data)
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip().startswith("{"):  # one row a line
            yield from _jsonl(path, data)
            return
        where, what = f"{path}:{error.lineno}", f"not JSON: {_reason(error)}"
        raise UserError(what, where=where, fix="mend the file, or fetch it again") from None
    except ValueError as error:
        raise UserError(f"not JSON: {error}", where=str(path), fix="write null instead") from None
    if isinstance(found, dict) and isinstance(found.get("data"), list):
        found = found["data"]
    if not isinstance(found, list):
        names = f" with the fields {', '.join(found)}" if isinstance(found, dict) else ""
        raise UserError(
            f"one {type(found).__name__}{names}, not a list of rows",
            where=f"{path}:1",
            fix='a .json file is a list of rows or {"data": [rows]}; one row a line is .jsonl',
        )
    for n, row in enumerate(found, 1):
        yield f"{path}:row {n}", row


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _reason(error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    ended = error.pos >= len(error.doc.rstrip()) or "Unterminated" in error.msg
    return f"{error.msg.lower()} at column {error.colno}{' (it ends early)' if ended else ''}"


def _csv(path: Path, data: bytes) -> Placed:
    csv.field_size_limit(1 << 30)
    reader = csv.reader(io.StringIO(decoded(path, data), newline=""), strict=True)
    header: list[str] = []
    start = 1
    try:
        for cells in reader:
            where, start = f"{path}:{start}", reader.line_num + 1
            if not header:
                header = cells
            elif len(cells) != len(header) and cells:
                what = f"{len(cells)} cells under {len(header)} column names"
                yield where, Broken(what, "quote cells that contain commas or line ends")
            elif cells:
                read = _own_cell if header[0] == "judgement" else _cell
                yield where, {k: read(k, v) for k, v in zip(header, cells, strict=True)}
    except csv.Error as error:
        fix = "close the quotes; a quote inside a cell is doubled"
        raise UserError(f"not CSV: {error}", where=f"{path}:{start}", fix=fix) from None


VALUES = ("label", "score", "scores", "p", "margin", "low", "high", "ranking", "reward")
TURNS = ("messages", "conversations", "responses", "history")
WORDS = ("prompt", "chosen", "rejected", "completion")
LIKE_TURNS = '[{"role": '
"""How a cell of WORDS begins that holds turns as JSON and not words."""


def _cell(name: str, cell: str) -> Any:
    """Cells are text, but for columns whose values never are: those are read as JSON."""
    if name in WORDS and cell.startswith(LIKE_TURNS):
        return _json_or_words(cell)
    if name not in VALUES + TURNS:
        return cell
    if not cell.strip():
        return None
    return _json_or_words(cell.lower() if name in VALUES else cell)


def _json_or_words(cell: str) -> Any:
    try:
        return json.loads(cell, parse_constant=_no_constant)
    except ValueError:
        return cell


def _own_cell(name: str, cell: str) -> Any:
    """A cell of plumbline's own form: JSON, but for the kind of judgement; empty where missing."""
    return cell if name == "judgement" else _json_or_words(cell) if cell else None


def _parquet(path: Path, data: bytes) -> Placed:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        batches = (batch.to_pylist() for batch in file.iter_batches(4096))
        yield from _numbered(path, batches)
    except (pyarrow.ArrowException, OSError) as error:
        what = f"not a sound parquet file: {str(error).splitlines()[0]}"
        raise UserError(what, where=str(path), fix="fetch or write the file again") from None


def _numbered(path: Path, batches: Iterator[list[Any]]) -> Placed:
    n = 0
    for batch in batches:
        for row in batch:
            n += 1
            yield f"{path}:row {n}", row


def _txt(path: Path, data: bytes) -> Placed:
    lines = decoded(path, data).splitlines(keepends=True)
    starts = _starts(lines)
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        kept = [line for line in lines[start:stop] if line.strip() != END]
        text = "".join(kept).lstrip("\r\n").rstrip()
        if text:
            yield f"{path}:{start + 1}", {"text": text}


def _starts(lines: list[str]) -> list[int]:
    """Where documents start, as indices of lines."""
    said = [line.strip() for line in lines]
    while said and not said[-1]:
        said.pop()
    if END in said:
        return [0] + [n for n in range(1, len(said)) if said[n - 1] == END]
    if "" in said:
        return [n for n in range(len(said)) if said[n] and (n == 0 or not said[n - 1])]
    return list(range(len(said)))


END = "<|endoftext|>"

READERS: dict[str, Callable[[Path, bytes], Placed]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
    ".txt": _txt,
}
