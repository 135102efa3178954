"""Charts of numbers against a quantity: points with intervals, lines with bands, panels on one x.

They follow the page as `figures` does (its colours, its fonts, an alt text that says the numbers).
Axes may be logarithmic; ticks are then 1, 2 and 5 times powers of ten, in words ("200 k").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from plumbline.core.stats import Interval
from plumbline.evals.compare import fmt
from plumbline.evals.figures import INK, Figure, colour, dress, svg

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 5.0, 2.6
"""Inches of a panel."""
LISTED, COLUMNS = 5, 3
"""Names that find room among the curves, and columns of the list of more."""
UNITS = ((1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"))


@dataclass(frozen=True)
class Series:
    """Values at `x`. An interval that is not known draws nothing around its value.

    points: each with its interval; line: joined, with a band; both; path: points that are joined in
    their order, for curves that may turn back. One without a name is not listed.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[Interval, ...]
    index: int = 1
    style: Literal["points", "line", "both", "path"] = "both"


@dataclass(frozen=True)
class Panel:
    """Series over one y axis."""

    series: tuple[Series, ...]
    label: str
    log: bool = False


def chart(panels: Sequence[Panel], x_label: str, caption: str, *, log_x: bool = False) -> Figure:
    """Panels below each other on one x axis, the first with the names of all series."""
    from matplotlib.figure import Figure as Canvas

    names = {one.name for panel in panels for one in panel.series if one.name}
    # Many names would cover the curves, so they stand above them.
    many = len(names) > LISTED
    head = 0.1 + (0.2 * -(-len(names) // COLUMNS) if many else 0)
    height = HEIGHT * (1 if len(panels) == 1 else 0.8 * len(panels)) + 0.4 + head
    canvas = Canvas(figsize=(WIDTH, height))
    canvas.subplots_adjust(
        0.72 / WIDTH, 0.46 / height, 1 - 0.12 / WIDTH, 1 - head / height, 0, 0.12
    )
    drawn = canvas.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(drawn, panels, strict=True):
        dress(axes)
        for one in panel.series:
            _draw(axes, one)
        axes.set_ylabel(panel.label, color=INK, fontsize=9)
        _scale(axes, "y", panel.log)
        if log_x:
            _scale(axes, "x", True)
    drawn[-1].set_xlabel(x_label)
    # One legend tells the names of all panels, each once.
    told: dict[str, Artist] = {}
    for axes in drawn:
        marks, labels = axes.get_legend_handles_labels()
        told |= dict(zip(labels, marks, strict=True))
    if len(told) > 1:
        above = {"loc": "lower left", "bbox_to_anchor": (-0.19, 1.0), "ncols": COLUMNS}
        where = above if many else {"loc": "best"}
        drawn[0].legend(
            list(told.values()), list(told), frameon=False, labelcolor=INK, fontsize=8.5,
            handlelength=1.4, columnspacing=1.0, **where,
        )  # fmt: skip
    alt = f"{caption}. " + " ".join(_told(panel) for panel in panels)
    return Figure(svg(canvas, alt), alt, caption)


def short(x: float) -> str:
    """
    >>> short(621408), short(1e12), short(40)
    ('621 k', '1 T', '40')
    """
    for size, unit in UNITS:
        if abs(x) >= size:
            return f"{x / size:.3g}{unit}"
    return f"{x:.3g}"


def _draw(axes: Axes, one: Series) -> None:
    tint = colour(one.index)
    values = [i.value for i in one.y]
    listed = one.name or None
    if one.style != "points":
        axes.plot(one.x, values, color=tint, lw=1.6, label=listed if one.style == "line" else None)
    if one.style in ("line", "both"):
        low = [i.low if i.known else i.value for i in one.y]
        high = [i.high if i.known else i.value for i in one.y]
        axes.fill_between(one.x, low, high, color=tint, alpha=0.18, lw=0)
    if one.style != "line":
        for x, i in zip(one.x, one.y, strict=True):
            if i.known:
                axes.plot([x, x], [i.low, i.high], color=tint, lw=1.6, solid_capstyle="round")
        axes.plot(one.x, values, "o", color=tint, ms=5, label=listed)


def _scale(axes: Axes, which: Literal["x", "y"], log: bool) -> None:
    """A logarithmic axis with ticks that people read."""
    if not log:
        return
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    found = ticks(low, high)
    axis.set_ticks(found, [short(tick) for tick in found])
    axis.set_ticks([], minor=True)


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """1, 2 and 5 times powers of ten between both ends; powers alone where these are many.

    >>> ticks(150, 2500)
    [200.0, 500.0, 1000.0, 2000.0]
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [m * 10.0**p for p in powers for m in (1, 1.5, 2, 3, 4, 5, 7)]
    for steps in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1,)):
        found = [t for t in fine if low <= t <= high and _lead(t) in steps]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def _lead(x: float) -> float:
    """The first digits of a number: 1.5 of 15,000."""
    return round(x / 10.0 ** math.floor(math.log10(x) + 1e-9), 6)


def _told(panel: Panel) -> str:
    """A panel in words: each listed series at its ends."""
    parts = []
    for one in panel.series:
        if one.name and one.x:
            ends = f"{fmt(one.y[0].value)} at {short(one.x[0])}"
            if len(one.x) > 1:
                ends += f" to {fmt(one.y[-1].value)} at {short(one.x[-1])}"
            parts.append(f"{one.name} {ends}")
    return f"{panel.label}: {'; '.join(parts)}."
