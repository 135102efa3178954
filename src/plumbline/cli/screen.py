"""A recipe's events on the screen: a line for what happened, a bar for each stage at work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from plumbline.cli.show import say
from plumbline.engine.progress import Bar, aside, bar
from plumbline.store import Event


@dataclass
class _Shown:
    """A stage's bar, and the phase and total that it counts."""

    of: tuple[str, float | None]
    bar: Bar
    open: ExitStack = field(default_factory=ExitStack)


class Screen:
    """`hear` is the report of a run; leaving the context takes the bars away."""

    def __init__(self) -> None:
        self._shown: dict[str, _Shown] = {}

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *problem: object) -> None:
        for stage in list(self._shown):
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
        if event.stage not in self._shown or self._shown[event.stage].of != of:
            self._close(event.stage)
            self._shown[event.stage] = _open(event, of)
        moving = self._shown[event.stage].bar
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in event.numbers.items())
        moving.advance(int(event.done) - moving.done, numbers)

    def _close(self, stage: str) -> None:
        if stage in self._shown:
            self._shown.pop(stage).open.close()


def _open(event: Event, of: tuple[str, float | None]) -> _Shown:
    title = f"{event.stage} ({event.unit})" if event.unit else event.stage
    opened = ExitStack()
    moving = bar(title, int(event.total or 0), int(event.done))
    return _Shown(of, opened.enter_context(moving), opened)
