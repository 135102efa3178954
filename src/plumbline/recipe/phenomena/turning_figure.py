"""The picture of over-optimisation: gold and reward against d, best-of-n above, training below."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plumbline.core.stats import Interval, mean_interval
from plumbline.evals.charts import Panel, Series, chart, short
from plumbline.evals.figures import Figure
from plumbline.evals.overoptimisation import Fitted
from plumbline.recipe.phenomena.turning import CONTROL, Measured, Run, named

Floats = NDArray[np.float64]
SMALL, DOTS = 0.2, 14
"""The least d that is drawn, on its logarithmic axis; dots of a run, each of several iterations."""


def figure(told: Measured, laws: Mapping[str, Fitted], capacity: str, above: float) -> Figure:
    """Dots measured, lines fitted; a colour a number of comparisons, of one capacity."""
    counts = [n for c, n in told.best if c == capacity]
    panels: list[list[Series]] = [[], [], [], []]
    for tint, n in enumerate(counts, 1):
        curve, label = told.best[capacity, n], f"{short(float(n))} comparisons"
        law = laws.get(named("best", capacity, n))
        panels[0] += _dots(curve.d, curve.gold, tint, label)
        panels[0] += _line(law, float(curve.start.mean()), above, curve.d.max(), tint)
        panels[1] += _dots(curve.d, told.deviations(capacity, n, curve.proxy), tint)
        if n in told.runs:
            run = told.runs[n]
            panels[2] += [
                *_run(run, run.gold, tint),
                *_run_line(run, laws.get(f"rl.{n}"), above, tint),
            ]
            panels[3] += _run(run, told.deviations(capacity, n, run.proxy), tint)
    control, run, tint = told.best["", CONTROL], told.runs[CONTROL], len(counts) + 1
    panels[0] += _dots(control.d, control.gold, tint, "gold itself")
    panels[2] += _run(run, run.gold, tint)
    panels[2] += _dots(told.dpo.d, told.dpo.gold, tint + 1, "DPO")
    panels[2] += _line(
        laws.get("dpo"), float(told.dpo.start.mean()), above, told.dpo.d.max(), tint + 1
    )
    panels[3] += _dots(
        told.dpo.d, told.deviations(capacity, told.dpo_count, told.dpo.proxy), tint + 1
    )
    labels = ("gold, best of n", "reward, best of n", "gold, RL and DPO", "reward, RL and DPO")
    drawn = tuple(Panel(tuple(p), label) for p, label in zip(panels, labels, strict=True))
    caption = "What answers are worth and what the reward model gives, as it is optimised further"
    return chart(drawn, "d = square root of the KL in nats an answer", caption, log_x=True)


def _dots(d: Floats, values: Floats, tint: int, label: str = "") -> list[Series]:
    """[P, K] values at [K] distances, with intervals over prompts."""
    keep = np.flatnonzero(d > SMALL)
    if not len(keep):
        return []
    y = tuple(mean_interval(values[:, k]) for k in keep)
    return [Series(label, tuple(map(float, d[keep])), y, tint, "points")]


def _run(run: Run, values: Floats, tint: int) -> list[Series]:
    """[T] values of a run, some iterations a dot."""
    order = np.argsort(run.d, kind="stable")
    order = order[run.d[order] > SMALL]
    if not len(order):
        return []
    groups = np.array_split(order, min(DOTS, len(order)))
    x = tuple(float(run.d[part].mean()) for part in groups)
    return [Series("", x, tuple(mean_interval(values[part]) for part in groups), tint, "points")]


def _run_line(run: Run, law: Fitted | None, above: float, tint: int) -> list[Series]:
    return _line(law, run.start, above, run.d.max(), tint)


def _line(law: Fitted | None, start: float, above: float, end: float, tint: int) -> list[Series]:
    if law is None or end <= max(above, SMALL):
        return []
    x = np.geomspace(max(above, SMALL), end, 40)
    y = tuple(Interval(float(r), math.nan, math.nan, 0) for r in start + law.law(x))
    return [Series("", tuple(map(float, x)), y, tint, "line")]
