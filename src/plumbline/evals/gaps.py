"""Identities against the clock: how much of a manifesto's effect, for how many seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from plumbline.core.stats import Interval
from plumbline.evals.compare import fmt
from plumbline.evals.figures import Figure, canvas_of, colour, svg
from plumbline.evals.folders import Run, number
from plumbline.evals.glossary import pretty

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.998)
"""Shares of the gap that the axis names; it is logarithmic in what is left."""


def seconds_of(run: Run) -> float:
    """From the manifesto to the adapter: the teacher's answers and the fit."""
    spent = run.results.get("seconds") or {}
    return number(spent.get("probes", 0)) + number(spent.get("train"))


def imprints(runs: Sequence[Run]) -> list[Run]:
    """The runs that are adapters of a manifesto with a gap to close."""
    made = [run for run in runs if run.results.get("command") == "imprint"]
    return [run for run in made if "gap_closed" in run.metrics and seconds_of(run) > 0]


def gap_against_seconds(runs: Sequence[Run], colours: Mapping[str, int]) -> Figure | None:
    """Share of the gap closed by the seconds it took; runs of one mode are joined. None where
    there are fewer than two."""
    shown = sorted(imprints(runs), key=seconds_of)
    if len(shown) < 2:
        return None
    canvas, axes = canvas_of(5.0, 3.0, (0.62, 0.35, 0.46, 0.12))
    for mode in dict.fromkeys(run.objective for run in shown):
        mine = [run for run in shown if run.objective == mode]
        line = [(seconds_of(run), left(run.metrics["gap_closed"].value)) for run in mine]
        axes.plot(*zip(*line, strict=True), color=colour(colours[mine[0].label]), lw=1.2)
    for run in shown:
        _point(axes, run, colour(colours[run.label]))
    _scales(axes, shown)
    words = [
        f"{pretty(run.label)} {fmt(run.metrics['gap_closed'].value)} in {seconds_of(run):.1f} s"
        for run in shown
    ]
    alt = "Share of the gap closed against seconds: " + "; ".join(words)
    caption = "How much of the prompt's effect is in the adapter, for how many seconds"
    return Figure(svg(canvas, alt), alt, caption)


def left(closed: float) -> float:
    """What is left of the gap, as the axis shows it."""
    return min(1.0, max(1 - closed, 5e-4))


def _point(axes: Axes, run: Run, tint: str) -> None:
    from matplotlib.transforms import ScaledTranslation

    found: Interval = run.metrics["gap_closed"]
    x, y = seconds_of(run), left(found.value)
    if found.known:
        axes.plot([x, x], [left(found.low), left(found.high)], color=tint, lw=2.4)
    axes.plot([x], [y], "o", color=tint, ms=7)
    beside = ScaledTranslation(0.09, 0.02, axes.figure.dpi_scale_trans)
    axes.text(x, y, pretty(run.label), fontsize=9.5, transform=axes.transData + beside)


def _scales(axes: Axes, shown: Sequence[Run]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_yaxis()
    spent = [seconds_of(run) for run in shown]
    low, high = min(spent) / 1.4, max(spent) * 2.2
    axes.set_xlim(low, high)
    marks = [s for e in range(-1, 6) for m in (1, 2, 5) if low <= (s := m * 10.0**e) <= high]
    axes.xaxis.set_major_locator(FixedLocator(marks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.yaxis.set_major_locator(FixedLocator([left(share) for share in TICKS]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{1 - y:.3g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("seconds from the manifesto to the adapter")
    axes.set_ylabel("share of the gap closed", fontsize=9)
