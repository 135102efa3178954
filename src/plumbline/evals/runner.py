"""Run a task: sample, score, log every answer, and sum up with intervals and n.

Each answer is a line of `samples.jsonl` the moment it is scored, so a killed run leaves what it
saw. `results.json` is written once, whole, at the end, in the form that `commands.md` fixes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from plumbline.core.atomic import write_json
from plumbline.core.errors import UserError
from plumbline.core.stats import Interval, mean_interval, proportion_interval
from plumbline.core.types import Response
from plumbline.evals.tasks import Item, Kind, Sample, Sampler, Task, scored

SAMPLES, RESULTS = "samples.jsonl", "results.json"


@dataclass(frozen=True)
class Evaluated:
    """What came out of a task: metrics with intervals, every answer, seconds by phase."""

    task: str
    version: int
    metrics: Mapping[str, Interval]
    samples: Sequence[Sample] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def run_task(
    task: Task, sampler: Sampler, *, model: str = "", out: Path | None = None, batch: int = 64
) -> Evaluated:
    """Sample every item of `task`, score every answer; with `out`, log to `out/samples.jsonl`.

    Items are sampled `batch` at a time (bounds memory; the log grows as it goes). Raises UserError
    where there is no item, or where an axis named in `task.metrics` was never reported.
    """
    items = list(task.prompts())
    if not items:
        raise UserError("no items to evaluate on", where=f"task {task.name}", fix="check its data")
    samples: list[Sample] = []
    seconds = {"sample": 0.0, "score": 0.0}
    with _log(out) as log:
        for start in range(0, len(items), batch):
            chunk = items[start : start + batch]
            with _timed(seconds, "sample"):
                answers = sampler([item.prompt for item in chunk], task.generation)
            _check_shape(task, answers, len(chunk))
            with _timed(seconds, "score"):
                for sample in _score(task, chunk, answers, model):
                    samples.append(sample)
                    _write_line(log, sample.as_dict(task.name, task.version))
    metrics = summarise(samples, task.metrics, where=f"task {task.name}")
    settings = {"generation": asdict(task.generation), "items": len(items)}
    return Evaluated(task.name, task.version, metrics, samples, seconds, settings)


def summarise(
    samples: Sequence[Sample], metrics: Mapping[str, Kind], *, where: str = ""
) -> dict[str, Interval]:
    """Each axis over the answers that report it, clustered by prompt."""
    return {axis: _axis(samples, axis, kind, where) for axis, kind in metrics.items()}


def write_results(
    out: Path,
    evaluated: Iterable[Evaluated],
    *,
    command: str,
    label: str,
    model: str = "",
    data: str = "",
    split: str = "",
    seconds: Mapping[str, float] | None = None,
    peak_gb: float | None = None,
    path: str = "",
    notes: Sequence[str] = (),
) -> Path:
    """`out/results.json` of one or more tasks. A metric named twice keeps the task's name before
    it ("refusal.gold"), so that nothing is overwritten. `split`: "heldout" where it is so."""
    metrics: dict[str, Any] = {}
    tasks: dict[str, Any] = {}
    spent = dict(seconds or {})
    notes = list(notes)
    for one in evaluated:
        for name, interval in one.metrics.items():
            key = f"{one.task}.{name}" if name in metrics else name
            metrics[key] = interval.as_dict()
        tasks[one.task] = {"version": one.version, **one.settings}
        notes += one.notes
        spent["evaluate"] = spent.get("evaluate", 0.0) + sum(one.seconds.values())
    results = {
        "command": command,
        "label": label,
        "model": model,
        "data": data,
        "split": split,
        "seconds": {name: round(value, 4) for name, value in spent.items()},
        "peak_gb": peak_gb,
        "metrics": metrics,
        "settings": {"tasks": tasks},
        "path": path,
        "notes": notes,
    }
    write_json(out / RESULTS, results)
    return out / RESULTS


def log_samples(out: Path, evaluated: Evaluated) -> None:
    """Append a finished task's answers to `out/samples.jsonl` (tasks that do not sample)."""
    with _log(out) as log:
        for sample in evaluated.samples:
            _write_line(log, sample.as_dict(evaluated.task, evaluated.version))


def _axis(samples: Sequence[Sample], axis: str, kind: Kind, where: str) -> Interval:
    told = [s for s in samples if axis in s.scores]
    if not told:
        raise UserError(
            f"no answer was scored on axis {axis!r}",
            where=where,
            fix="let the scorer report it, or take it out of the task's metrics",
        )
    values = [float(s.scores[axis]) for s in told]
    groups = [s.item.group for s in told]
    return proportion_interval(values, groups) if kind == "share" else mean_interval(values, groups)


def _check_shape(task: Task, answers: Sequence[Sequence[Response]], prompts: int) -> None:
    n = task.generation.n
    assert len(answers) == prompts, f"{prompts} prompts but answers for {len(answers)}"
    assert all(len(one) == n for one in answers), f"the sampler gave another number than n={n}"


def _score(
    task: Task, items: Sequence[Item], answers: Sequence[Sequence[Response]], model: str
) -> Iterator[Sample]:
    for item, responses in zip(items, answers, strict=True):
        for index, response in enumerate(responses):
            said = scored(task.scorer(item, response))
            axes = {axis: float(value) for axis, value in said.axes.items()}
            yield Sample(item, response, axes, said.why, index, model, task.generation.seed)


@contextmanager
def _log(out: Path | None) -> Iterator[TextIO | None]:
    if out is None:
        yield None
        return
    out.mkdir(parents=True, exist_ok=True)
    with (out / SAMPLES).open("a", encoding="utf-8") as file:
        yield file


def _write_line(log: TextIO | None, row: dict[str, Any]) -> None:
    if log is None:
        return
    scores = {k: v if math.isfinite(v) else None for k, v in row["scores"].items()}
    log.write(json.dumps({**row, "scores": scores}, ensure_ascii=False, allow_nan=False) + "\n")
    log.flush()


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[phase] += time.perf_counter() - start
