"""A training as it is asked for (`Job`) and as it goes on (`Run`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plumbline.core.stats import Interval
from plumbline.core.types import Judgement
from plumbline.core.views import Dropped
from plumbline.engine.engine import Engine
from plumbline.stages import heldout
from plumbline.stages.checkpoints import Checkpoints
from plumbline.stages.feed import Feed
from plumbline.stages.offline import Progress
from plumbline.stages.prepare import Prepared
from plumbline.stages.settings import Train
from plumbline.text.render import Renderer

Say = Callable[[str], None]
Preparing = Callable[[Renderer, int, Callable[[str], Progress]], Prepared]
"""From a renderer, the model's context in tokens and progress bars by phase to items."""
Measure = Callable[[Engine, Feed], dict[str, Interval]]


@dataclass(frozen=True)
class Job:
    """What to train. `model` is a local folder; `values` overlay the objective's own settings.

    `prepare` makes the items of something other than judgements, `measure` looks at held-out items
    in another way, also once before training if `measure_before`; `name` is what people call it.
    `cards` say what the data were made of (`stages.cards`).
    """

    objective: str
    model: Path
    judgements: Sequence[Judgement]
    unusable: Sequence[Dropped] = ()
    adapter: str = "lora"
    settings: Train = field(default_factory=Train)
    values: Mapping[str, Any] = field(default_factory=dict)
    merge: bool = False
    teacher: Path | None = None
    label: str = ""
    name: str = ""
    prepare: Preparing | None = None
    measure: Measure = heldout.evaluate
    measure_before: bool = False
    cards: Sequence[Mapping[str, Any]] = ()


@dataclass
class Run:
    """A job under way: where it writes, whom it tells, and how long each phase took."""

    job: Job
    out: Path
    checkpoints: Checkpoints
    say: Say
    progress: Callable[[str], Progress]
    seconds: dict[str, float] = field(default_factory=dict)

    def phase(self, name: str) -> AbstractContextManager[None]:
        return timed(self.seconds, name)


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Inside, time is added to what `seconds` has under a name."""
    began = time.perf_counter()
    yield
    seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - began
