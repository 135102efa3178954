"""Bad input is part of the product: one message saying what is wrong, where, and what to do next.

`UserError` is for input a person can mend; the command line prints it without a traceback and exits
with code 2. `assert` is for bugs. `Waiting` ends a run that needs people first (exit code 3).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import partial
from typing import Any


class UserError(Exception):
    """What is wrong, where it stands (file and line, setting, folder), and what to do next."""

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(what, where, fix)

    def __reduce__(self) -> tuple[Any, ...]:
        """Keyword arguments do not survive the default, and errors cross between processes."""
        return partial(UserError, self.what, where=self.where, fix=self.fix), ()

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  -> {self.fix}" if self.fix else text


class Waiting(Exception):
    """A run that cannot go on until people have judged; `str()` says who and how many."""


def nearest(name: str, options: Iterable[str]) -> str:
    """The option most like `name` ("" where none is), for "did you mean" messages."""
    found = difflib.get_close_matches(name, list(options), n=1, cutoff=0.5)
    return found[0] if found else ""


def unknown(kind: str, name: str, options: Iterable[str], *, where: str = "") -> UserError:
    """The error for a name that is not in a list: it offers the nearest name and the whole list."""
    known = sorted(options)
    near = nearest(name, known)
    fix = f"did you mean {near!r}? " if near else ""
    return UserError(f"unknown {kind} {name!r}", where=where, fix=f"{fix}known: {', '.join(known)}")
