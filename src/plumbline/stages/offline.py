"""The one offline loop: sft, reward, dpo, kto, distill and whatever the table of objectives adds.

for each step: items and columns -> forward_backward -> optim_step -> metrics; now and then a
checkpoint and a held-out evaluation. The order of the data is a function of the seed, so a resumed
run repeats an uninterrupted one exactly.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.stats import Interval
from plumbline.engine.engine import Engine
from plumbline.engine.metrics import MetricsFile, Sums
from plumbline.engine.optim import Schedule
from plumbline.stages.checkpoints import Checkpoints
from plumbline.stages.feed import Feed
from plumbline.stages.settings import Train
from plumbline.stages.stopping import stopping

Progress = Callable[[int, int, dict[str, float]], None]
START: dict[str, Any] = {"step": 0, "best": None, "worse": 0, "tokens": 0, "seconds": 0.0}


@dataclass
class Loop:
    """A run of the loop; `state` is what a checkpoint carries beside weights and moments.

    Its `seconds` are those of all steps, also of attempts that were stopped.
    """

    engine: Engine
    feed: Feed
    schedule: Schedule
    settings: Train
    checkpoints: Checkpoints
    metrics_path: Path
    progress: Progress
    evaluate: Callable[[], dict[str, Interval]] | None = None
    state: dict[str, Any] = field(default_factory=lambda: dict(START))

    def run(self) -> dict[str, Any]:
        """Train to the end (or to an early stop); the last state."""
        self._resume()
        metrics = MetricsFile(self.metrics_path, keep_through=self.state["step"] - 1)
        saved = time.monotonic()
        with stopping() as stop:
            while self.state["step"] < self.schedule.steps and not self._exhausted():
                metrics.write(self._step())
                if stop.asked or self._due(saved):
                    self._save("last")
                    saved = time.monotonic()
                if stop.asked:
                    raise KeyboardInterrupt
        metrics.close()
        self._save("last")
        self._take_best()
        return self.state

    def _step(self) -> dict[str, Any]:
        """One optimizer step and its line of metrics."""
        began, step = time.perf_counter(), self.state["step"]
        items, columns = self.feed.step(step, self.engine)
        sums = self.engine.forward_backward(items, **columns)
        lr = self.schedule.at(step)
        norm = self._update(step, lr, sums)
        tokens = sum(item.tree.size() for item in items)
        self.state.update(step=step + 1, tokens=self.state["tokens"] + tokens)
        numbers = {**sums.means(), "lr": lr, "grad_norm": norm}
        self.progress(step + 1, self.schedule.steps, numbers)
        line = {"step": step, **numbers, "tokens": self.state["tokens"]}
        line["seconds"] = time.perf_counter() - began
        self.state["seconds"] += line["seconds"]
        return {**line, **self._measure()}

    def _update(self, step: int, lr: float, sums: Sums) -> float:
        loss = sums.means().get("loss", 0.0)
        try:
            if not math.isfinite(loss):
                raise FloatingPointError(f"the loss is {loss}")
            return self.engine.optim_step(lr)
        except FloatingPointError as error:
            raise UserError(
                f"training broke down at step {step}: {error}",
                where=str(self.metrics_path.parent),
                fix="lower lr, raise warmup, or lower clip; the checkpoint before it is kept",
            ) from error

    def _measure(self) -> dict[str, float]:
        """Held-out numbers where they are due; keeps the best weights."""
        every, step = self.settings.eval.every, self.state["step"]
        if self.evaluate is None or not every or step % every:
            return {}
        found = {name: interval.value for name, interval in self.evaluate().items()}
        loss = found["heldout_loss"]
        if self.state["best"] is None or loss < self.state["best"]:
            self.state.update(best=loss, worse=0)
            self._save("best")
        else:
            self.state["worse"] += 1
        return found

    def _exhausted(self) -> bool:
        patience = self.settings.eval.patience
        return bool(patience and self.state["worse"] >= patience)

    def _due(self, saved: float) -> bool:
        if self.settings.save_every:
            return self.state["step"] % self.settings.save_every == 0
        return time.monotonic() - saved > self.settings.save_seconds

    def _save(self, name: str) -> None:
        self.checkpoints.write(name, self.engine.save_state, self.state)

    def _resume(self) -> None:
        found = self.checkpoints.read("last")
        if found is not None:
            folder, self.state = found
            self.engine.load_state(folder)

    def _take_best(self) -> None:
        """End with the weights that did best on held-out data, where that was measured."""
        found = self.checkpoints.read("best")
        if found is not None:
            self.engine.load_state(found[0])
