"""A corpus as a stream of rows, whatever its size and whatever is wrong with it.

    jsonl, txt   read piece by piece, packed or not; a line longer than `longest` bytes is passed
                 over without being held
    parquet      read by row groups
    json, csv    read whole (their rows end where a parser says so), up to `WHOLE` bytes

What is wrong with a line comes as `Broken` in its place, as everywhere in `plumbline.data`; so does
a gzip stream that ends early, after the lines before the tear. A line of jsonl is given as its
bytes, so that other processes can parse it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from plumbline.core.errors import UserError

from ..load import found as whole
from ..rows import END, Broken, not_utf8

PIECE = 1 << 20
WHOLE = 1 << 30
MARK = b"\xef\xbb\xbf"
LINES = (".jsonl", ".ndjson")


class Placed(NamedTuple):
    """A row, where it stands, and how many bytes of the file are read by then."""

    where: str
    row: Any
    done: int


def suffix(path: Path) -> str:
    """The kind of a file, packed or not."""
    return next((s for s in reversed(path.suffixes) if s.lower() != ".gz"), "").lower()


def placed(source: str, longest: int) -> Iterator[Placed]:
    """The rows of a file or of a data set on the Hub; a line of jsonl as bytes."""
    path = Path(source)
    kind = suffix(path) if path.is_file() else ""
    if kind in LINES:
        return (
            one for one in lines(path, longest) if isinstance(one.row, Broken) or one.row.strip()
        )
    if kind == ".txt":
        return documents(path, longest)
    if kind == ".parquet" and path.suffix.lower() != ".gz":
        return _parquet(path)
    if kind and path.stat().st_size > WHOLE:
        raise UserError(
            f"a {kind} file of more than {WHOLE >> 30} GB is not read in a stream",
            where=str(path),
            fix="convert it to jsonl or parquet",
        )
    return (Placed(where, row, 0) for where, row in whole(source))


def lines(path: Path, longest: int) -> Iterator[Placed]:
    """Every line as bytes, or as what is wrong with it."""
    held: list[bytes] = []
    size, n, at = 0, 1, 0
    for piece, at in _pieces(path):
        if isinstance(piece, Broken):
            yield Placed(f"{path}:{n}", piece, at)
            return
        first, *more = piece.split(b"\n")
        for part in more:
            yield Placed(f"{path}:{n}", _line(held, size, first, longest), at)
            held, size, n, first = [], 0, n + 1, part
        size += len(first)
        held = [*held, first] if size <= longest else []
    yield Placed(f"{path}:{n}", _line(held, size, b"", longest), at)


def _line(held: list[bytes], size: int, last: bytes, longest: int) -> bytes | Broken:
    if size + len(last) > longest:
        most = f"up to {longest >> 20} MB are read (data clean: longest_line)"
        return Broken(f"a line of {size + len(last):,} bytes", f"end rows with a line feed; {most}")
    return b"".join([*held, last]).removeprefix(MARK)


def _pieces(path: Path) -> Iterator[tuple[Any, int]]:
    """The file's bytes in pieces, unpacked, and how far the packed file is read."""
    with open(path, "rb") as raw:
        head = raw.read(2)
        raw.seek(0)
        packed = path.suffix.lower() == ".gz"
        if head == b"\x1f\x8b" and not packed:
            fix = "rename it to *.gz"
            raise UserError("the file is packed with gzip", where=str(path), fix=fix)
        if not head:
            raise UserError("the file is empty", where=str(path), fix="give a file with rows")
        yield from (_unpacked(raw) if packed else _plain(raw))


def _plain(raw: BinaryIO) -> Iterator[tuple[Any, int]]:
    while piece := raw.read(PIECE):
        yield piece, raw.tell()


def _unpacked(raw: BinaryIO) -> Iterator[tuple[Any, int]]:
    with gzip.open(raw) as file:
        while True:
            try:
                piece = file.read1(PIECE)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                early = isinstance(error, EOFError)
                what = "the gzip stream ends early: the file is cut short" if early else (
                    f"not a sound gzip file ({error})"
                )  # fmt: skip
                fix = "fetch or copy the file again; `gzip -t` checks it"
                yield Broken(what, fix), raw.tell()
                return
            if not piece:
                return
            yield piece, raw.tell()


def documents(path: Path, longest: int) -> Iterator[Placed]:
    """A text file's documents, divided as `data.rows` divides them."""
    divider = _divider(path, longest)
    held: list[str] = []
    where, size, done = "", 0, 0
    for place, line, done in lines(path, longest):
        text = line if isinstance(line, Broken) else _text(line)
        if isinstance(text, Broken):
            yield Placed(place, text, done)
            continue
        said = text.strip()
        if divider is None or said == divider:
            yield from _document(where, held, size, longest, done)
            held, size = [], 0
        if said != END and (said or held or divider == END):
            where, size = (where if held else place), size + len(text) + 1
            held = [*held, text] if size <= longest else held or [""]
    yield from _document(where, held, size, longest, done)


def _document(where: str, held: list[str], size: int, longest: int, done: int) -> Iterator[Placed]:
    text = "\n".join(held).strip("\r\n").rstrip()
    if size > longest:
        yield Placed(where, Broken(f"a document of {size:,} characters", "divide it"), done)
    elif text:
        yield Placed(where, {"text": text}, done)


def _divider(path: Path, longest: int) -> str | None:
    """The line between documents: the end mark, else a blank one; None where every line is one."""
    blank = between = False
    for _, line, _ in lines(path, longest):
        said = b"?" if isinstance(line, Broken) else line.strip()
        if said == END.encode():
            return END
        between = between or (blank and bool(said))
        blank = not said
    return "" if between else None


def _text(line: bytes) -> str | Broken:
    try:
        return line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        return not_utf8(line[error.start])


def _parquet(path: Path) -> Iterator[Placed]:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path) as file:
            n = 0
            for batch in file.iter_batches(1024):
                for row in batch.to_pylist():
                    n += 1
                    yield Placed(f"{path}:row {n}", row, 0)
    except (pyarrow.ArrowException, OSError) as error:
        what = f"not a sound parquet file: {str(error).splitlines()[0]}"
        raise UserError(what, where=str(path), fix="fetch or write the file again") from None
