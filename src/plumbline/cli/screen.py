"""A recipe's events on the screen: a line for what happened, a bar while a stage works."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from plumbline.cli.show import say
from plumbline.engine.progress import Bar, bar
from plumbline.store import Event


class Screen:
    """`hear` is the report of a run; leaving the context takes the bar away."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._bar: Bar | None = None
        self._of: tuple[str, str, float | None] = ("", "", None)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *problem: object) -> None:
        self._close()

    def hear(self, event: Event) -> None:
        """Show one event."""
        if event.kind == "progress":
            self._advance(event)
            return
        self._close()
        say(f"{event.kind:>8}  {event.stage}  {event.text}".rstrip())

    def ticks(self, stage: str) -> Callable[[str, int, int], None]:
        """A function that hears (phase, done, total) of one piece of work."""

        def tick(phase: str, done: int, total: int) -> None:
            self.hear(Event("progress", stage, "", done, total, phase))

        return tick

    def _advance(self, event: Event) -> None:
        """Move the bar; another stage, unit or total begins another bar."""
        of = (event.stage, event.unit, event.total)
        if self._bar is None or of != self._of:
            self._close()
            title = f"{event.stage} ({event.unit})" if event.unit else event.stage
            self._bar = self._open.enter_context(bar(title, int(event.total or 0)))
            self._of = of
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in event.numbers.items())
        self._bar.advance(int(event.done) - self._bar.done, numbers)

    def _close(self) -> None:
        self._open.close()
        self._bar = None
