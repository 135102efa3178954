"""Two ways in which a row fails: it cannot be understood, or it cannot be used.

`Bad` says what is wrong with a row and what to do; the reader adds file and line. `Unusable` marks
a row that parses and yet cannot be trained on (no shared prompt): it is listed, not an error.
`Left` is a part of a sound row that takes no part (a discarded answer): counted, not held against
the file.
"""

from __future__ import annotations

from dataclasses import dataclass


class Bad(Exception):
    """A row that cannot be understood: what is wrong, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


class Unusable(Exception):
    """A row that parses and yet cannot be trained on; the text says why."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a row also says and nobody is to be trained on; the text says why."""

    why: str
