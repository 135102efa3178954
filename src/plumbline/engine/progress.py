"""Progress: a bar with rate and time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

LINE_SECONDS = 15.0


class Bar:
    """`advance(n, note)` moves it; `note` is the short text of the newest numbers."""

    def __init__(self, title: str, total: int, done: int = 0) -> None:
        self.title, self.total, self.done = title, total, done
        self._from, self._start = done, time.monotonic()
        self._shown = self._start

    def advance(self, n: int = 1, note: str = "") -> None:
        self.done += n
        now = time.monotonic()
        if now - self._shown >= LINE_SECONDS:
            self._shown = now
            print(
                f"{self.title} {self.done}/{self.total} {self._rate(now)} {note}", file=sys.stderr
            )

    def _rate(self, now: float) -> str:
        speed = (self.done - self._from) / max(1e-9, now - self._start)
        left = (self.total - self.done) / speed if speed else float("inf")
        return f"({speed:.2f}/s, {left:.0f} s left)"

    def close(self) -> None:
        """Nothing to tidy up where there is no terminal."""


class TerminalBar(Bar):
    """The same on a terminal, drawn by rich, below those that are there already."""

    def __init__(self, title: str, total: int, done: int = 0) -> None:
        super().__init__(title, total, done)
        self._task = _display().add_task(title, total=total, completed=done, note="", rate="")
        _display().start()

    def advance(self, n: int = 1, note: str = "") -> None:
        self.done += n
        speed = (self.done - self._from) / max(1e-9, time.monotonic() - self._start)
        _display().update(self._task, completed=self.done, rate=f"{speed:.2f}/s", note=note)

    def close(self) -> None:
        _display().remove_task(self._task)
        if not _display().tasks:
            _display().stop()


@cache
def _display() -> Progress:
    """The one place of a terminal's bars: two of their own would draw over each other."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, redirect_stdout=False)


@contextmanager
def aside() -> Iterator[None]:
    """Bars out of the way while a line is printed."""
    shown = sys.stderr.isatty() and _display().tasks
    if shown:
        _display().stop()
    yield
    if shown:
        _display().start()


def begun(title: str, total: int, done: int = 0) -> Bar:
    """A bar fit for where stderr goes, to be closed by whoever asked for it."""
    return (TerminalBar if sys.stderr.isatty() else Bar)(title, total, done)


@contextmanager
def bar(title: str, total: int, done: int = 0) -> Iterator[Bar]:
    """A progress bar fit for where stderr goes."""
    made = begun(title, total, done)
    try:
        yield made
    finally:
        made.close()
