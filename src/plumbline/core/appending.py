"""A file of lines that only grows, for work whose every line is dear.

What was added is on the disk before `add` returns. A process that is killed leaves whole lines and
at most one that is cut off; opening the file again takes that one away, so that the next line does
not continue it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from plumbline.core.atomic import writing


class Lines:
    """The lines of `path` (made where it is not there), open to be added to by one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
            self._file.seek(0)
            whole, _, torn = self._file.read().rpartition(b"\n")
            if torn:
                self._file.truncate(len(whole) + 1 if whole else 0)
        self.found = whole.decode("utf-8").split("\n") if whole else []

    def add(self, lines: Iterable[str]) -> None:
        """Append lines, none with an end of line inside. UserError where the disk is full."""
        with writing(self.path):
            self._file.write("".join(f"{line}\n" for line in lines).encode("utf-8"))
            self._file.flush()
            os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._file.close()
