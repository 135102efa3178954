"""JSON lines into a file that is whole or not there, packed where its name ends in .gz."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError


@contextmanager
def lines(path: Path) -> Iterator[Callable[[bytes], object]]:
    """A function that appends one line; the file appears when the block ends well.

    The same lines give the same bytes, packed or not.
    """
    check_name(path)
    packed = path.suffix == ".gz"
    with (
        atomic.file(path) as raw,
        gzip.GzipFile("", "wb", 6, raw, 0) if packed else nullcontext(raw) as file,
    ):
        yield lambda line: file.write(line + b"\n")


def dumped(value: Any) -> bytes:
    """JSON in UTF-8; halves of surrogate pairs, which UTF-8 cannot hold, as escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, default=str).encode("utf-8")


def check_name(path: Path) -> None:
    """UserError for a name that does not say jsonl."""
    if not path.name.endswith((".jsonl", ".jsonl.gz")):
        raise UserError("not a .jsonl file", where=str(path), fix="write to *.jsonl or *.jsonl.gz")
