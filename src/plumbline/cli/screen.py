"""A recipe's events on the screen: a line for what happened, a bar for each stage at work."""

from __future__ import annotations

from collections.abc import Callable

from plumbline.cli.show import say
from plumbline.engine.progress import Bar, aside, begun
from plumbline.store import Event


class Screen:
    """`hear` is the report of a run; leaving the context takes the bars away."""

    def __init__(self) -> None:
        self._bars: dict[str, tuple[Bar, str, float | None]] = {}
        """By stage: its bar, and the phase and total that it counts."""

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *problem: object) -> None:
        for stage in list(self._bars):
            self._close(stage)

    def hear(self, event: Event) -> None:
        """Show one event."""
        if event.kind == "progress":
            self._advance(event)
            return
        if event.kind != "say":
            self._close(event.stage)
        with aside():
            say(f"{event.kind:>8}  {event.stage}  {event.text}".rstrip())

    def ticks(self, stage: str) -> Callable[[str, int, int], None]:
        """A function that hears (phase, done, total) of one piece of work."""

        def tick(phase: str, done: int, total: int) -> None:
            self.hear(Event("progress", stage, "", done, total, phase))

        return tick

    def _advance(self, event: Event) -> None:
        """Move the stage's bar; another unit or total begins another bar."""
        of = (event.unit, event.total)
        if event.stage not in self._bars or self._bars[event.stage][1:] != of:
            self._close(event.stage)
            title = f"{event.stage} ({event.unit})" if event.unit else event.stage
            begins = begun(title, int(event.total or 0), int(event.done))
            self._bars[event.stage] = (begins, *of)
        moving = self._bars[event.stage][0]
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in event.numbers.items())
        moving.advance(int(event.done) - moving.done, numbers)

    def _close(self, stage: str) -> None:
        if stage in self._bars:
            self._bars.pop(stage)[0].close()
