"""What a stage function is given to work with, and what it tells while it works.

A stage is `function(ctx, settings, inputs)`: it reads the paths of `inputs`, writes everything into
`ctx.out`, and returns. Called again after an interruption it finds `ctx.out` as it left it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["start", "progress", "say", "done", "cached", "waiting", "failed", "blocked"]


@dataclass(frozen=True)
class Event:
    """One thing that happened in a stage; `numbers` are the ones to show beside the bar."""

    kind: Kind
    stage: str = ""
    text: str = ""
    done: float = 0
    total: float | None = None
    unit: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)


Report = Callable[[Event], None]


def silent(event: Event) -> None:
    """A report that nobody reads."""


@dataclass(frozen=True)
class Context:
    """The working folder of one stage and its voice. `Context(out=folder)` is enough for a test.

    attempt counts the calls for the same artifact: 1 at first, more after an interruption. store:
    the store's folder, for a stage that waits for what people put there.
    """

    out: Path
    stage: str = ""
    attempt: int = 1
    report: Report = silent
    store: Path | None = None

    @property
    def scratch(self) -> Path:
        """A folder for checkpoints: kept between attempts, not part of the result."""
        folder = self.out / ".scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def progress(
        self, done: float, total: float | None, *, unit: str = "steps", **numbers: float
    ) -> None:
        """`done` of `total` units (None where the end is unknown), with numbers to show."""
        self.report(Event("progress", self.stage, "", done, total, unit, numbers))

    def say(self, text: str) -> None:
        """A line that a person should see."""
        self.report(Event("say", self.stage, text))
