"""What the numbers support: differences with intervals, and sentences no stronger than they are.

Where two runs answered the same prompts the difference is paired: d_c = mean of a's answers to
prompt c minus mean of b's, resampled over prompts. Else the two intervals are combined as if
independent, and that is said. An interval that contains 0 is "no clear change", never a gain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.core.stats import Interval, difference_interval, mean_interval
from plumbline.evals.folders import Row, Run
from plumbline.evals.glossary import PRIMARY, meaning, pretty


@dataclass(frozen=True)
class Difference:
    """run minus baseline on one metric; n counts prompts where it is paired."""

    metric: str
    run: Run
    baseline: Run
    interval: Interval
    paired: bool

    @property
    def verdict(self) -> str:
        """ "better", "worse", "different", "unclear" (0 is inside) or "unknown" (no interval)."""
        if not self.interval.known:
            return "unknown"
        if not self.interval.clear:
            return "unclear"
        side = meaning(self.metric).better * math.copysign(1, self.interval.value)
        return "better" if side > 0 else "worse" if side < 0 else "different"


def primary(runs: Sequence[Run]) -> str:
    """The metric the page is about: the first of PRIMARY that most runs have ("" for none)."""
    counts = {name: sum(name in run.metrics for run in runs) for name in PRIMARY}
    shared = [name for name in PRIMARY if counts[name] > 1] if len(runs) > 1 else []
    present = shared or [name for name in PRIMARY if counts[name]]
    return present[0] if present else next((m for run in runs for m in run.metrics), "")


def baselines(runs: Sequence[Run], labels: Sequence[str] = ()) -> list[Run]:
    """What the others are held against: the first run, and SFT where there is one."""
    if labels:
        return [run for run in runs if run.label in labels]
    sft = [run for run in runs[1:] if run.label.lower() == "sft"]
    return [*runs[:1], *sft]


def comparable(metric: str, a: Run, b: Run) -> bool:
    """Whether a difference means anything: both measured, in one unit, by one task version."""
    if metric not in a.metrics or metric not in b.metrics:
        return False
    if meaning(metric).own_unit and (not a.objective or a.objective != b.objective):
        return False
    return _version(a, metric) == _version(b, metric)


def difference(metric: str, run: Run, baseline: Run) -> Difference:
    """run - baseline, paired by prompt where both logged answers scored on `metric`."""
    a, b = by_prompt(run.rows, metric), by_prompt(baseline.rows, metric)
    shared = [group for group in a if group in b]
    if len(shared) > 1:
        topics = {row.group: row.cluster for row in run.rows}
        interval = mean_interval([a[g] - b[g] for g in shared], [topics[g] for g in shared])
        return Difference(metric, run, baseline, interval, True)
    apart = difference_interval(run.metrics[metric], baseline.metrics[metric])
    return Difference(metric, run, baseline, apart, False)


def differences(runs: Sequence[Run], against: Sequence[Run], metric: str) -> list[Difference]:
    """Every later run against every baseline that stands before it."""
    places = {run.label: i for i, run in enumerate(runs)}
    return [
        difference(metric, run, baseline)
        for baseline in against
        for run in runs
        if places[run.label] > places[baseline.label] and comparable(metric, run, baseline)
    ]


def by_prompt(rows: Sequence[Row], axis: str) -> dict[str, float]:
    """Mean value of the answers to each prompt."""
    values: dict[str, list[float]] = {}
    for row in rows:
        if math.isfinite(row.scores.get(axis, math.nan)):
            values.setdefault(row.group, []).append(row.scores[axis])
    return {group: float(np.mean(v)) for group, v in values.items()}


def sentence(d: Difference) -> str:
    """One difference in plain words with its evidence, claiming only what the interval allows."""
    return f"{claim(d)} {evidence(d)}".strip()


def claim(d: Difference) -> str:
    """What can be said of the difference, numbers included."""
    name = meaning(d.metric).title
    who, other = pretty(d.run.label), pretty(d.baseline.label)
    was, now = (fmt(r.metrics[d.metric].value) for r in (d.baseline, d.run))
    if math.isnan(d.interval.value):
        gone = who if math.isnan(d.run.metrics[d.metric].value) else other
        return f"{gone}’s {name} is missing; whether {who} differs from {other} cannot be told."
    if d.verdict == "unknown":
        return (
            f"{who} has a {name} of {now}, {other} {was}; there is no interval, so whether that "
            "is a change cannot be told."
        )
    if d.verdict == "unclear":
        return f"No clear change in the {name} from {other} to {who} ({was} to {now})."
    verb = "raised" if d.interval.value > 0 else "lowered"
    return f"{who} {verb} the {name} from {other}’s {was} to {now}{_where(d)}."


def shortfalls(runs: Sequence[Run], baseline: Run, skip: str) -> list[Difference]:
    """Everything but `skip` that got clearly worse than the baseline: the price, told up front."""
    found = []
    for run in runs:
        for metric in run.metrics:
            if run is baseline or metric == skip or not comparable(metric, run, baseline):
                continue
            d = difference(metric, run, baseline)
            if d.verdict == "worse":
                found.append(d)
    return found


def fmt(x: float, signed: bool = False) -> str:
    """A number for people: three digits after the point below 10; "missing" where there is none."""
    if not math.isfinite(x):
        return "missing" if math.isnan(x) else ("∞" if x > 0 else "−∞")
    sign = "+" if signed else ""
    size = abs(x)
    if size and (size < 1e-3 or size >= 1e6):
        text = f"{x:{sign}.2g}"
    else:
        text = f"{x:{sign},.{3 if size < 10 else 1 if size < 1000 else 0}f}"
    return text.replace("-", "−")


def evidence(d: Difference) -> str:
    """The difference, its interval, n, and whether it is paired; "" where there is no interval."""
    i = d.interval
    if not i.known:
        return ""
    ends = f"{fmt(i.low, True)} to {fmt(i.high, True)}"
    what = f"n = {i.n} shared prompts" if d.paired else f"n = {i.n}, not paired by prompt"
    return f"Difference {fmt(i.value, True)}, 95\N{NO-BREAK SPACE}% interval {ends}, {what}."


def _where(d: Difference) -> str:
    splits = {str(r.results.get("split", "")) for r in (d.run, d.baseline)}
    return " on held-out prompts" if splits == {"heldout"} else ""


def _version(run: Run, metric: str) -> object:
    tasks = (run.results.get("settings") or {}).get("tasks") or {}
    task = tasks.get(metric.split(".")[0]) if isinstance(tasks, Mapping) else None
    return task.get("version") if isinstance(task, Mapping) else None
