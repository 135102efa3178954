"""Figures for the page: Matplotlib's SVG, made to follow the page's own colours and fonts.

Each figure is drawn small (a phone's width) and scales as a vector. Colours are drawn as stand-ins
and then replaced by CSS variables, so that light and dark pages both read well; text stays text.
"""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plumbline.core.stats import Interval
from plumbline.evals.compare import Difference, fmt
from plumbline.evals.folders import Run, number
from plumbline.evals.glossary import meaning, pretty

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

COLOURS = 8
INK, GRID = "#0a0a0a", "#0a0a0b"
_STANDINS = {INK: "var(--ink)", GRID: "var(--line)"}
_STANDINS |= {f"#0b0b{i:02x}": f"var(--m{i})" for i in range(COLOURS)}


@dataclass(frozen=True)
class Figure:
    """An inline SVG, the words that stand for it (alt), and a caption."""

    svg: str
    alt: str
    caption: str = ""


def colour(index: int) -> str:
    """The stand-in for model number `index`; the page's CSS gives it its colour."""
    return f"#0b0b{index % COLOURS:02x}"


def dots(runs: Sequence[Run], metric: str, colours: Mapping[str, int]) -> Figure:
    """Value and 95 % interval of each run on one metric, one line a run."""
    shown = [run for run in runs if metric in run.metrics]
    title = meaning(metric).title
    rows = [(pretty(r.label), r.metrics[metric], colours[r.label]) for r in shown]
    alt = f"{title}: " + "; ".join(f"{name} {_words(i)}" for name, i, _ in rows)
    return Figure(_whiskers(rows, alt), alt, title)


def difference_dots(found: Sequence[Difference], colours: Mapping[str, int]) -> Figure:
    """Differences to one baseline with a line at 0: what does not touch it is a clear change."""
    first = found[0]
    other, title = pretty(first.baseline.label), meaning(first.metric).title
    rows = [(pretty(d.run.label), d.interval, colours[d.run.label]) for d in found]
    alt = f"Difference in {title} to {other}: "
    alt += "; ".join(f"{name} {_words(i, True)}" for name, i, _ in rows)
    svg = _whiskers(rows, alt, zero=True)
    return Figure(svg, alt, f"Difference to {other}")


CURVES = (
    ("loss", ("loss", "heldout_loss")),
    ("margin", ("margin", "reward_margin", "heldout_margin")),
    ("accuracy", ("accuracy", "heldout_accuracy")),
    ("log-probability of the chosen answer", ("chosen_logp",)),
    ("KL and reference point", ("kl", "z0")),
    ("reward", ("reward", "gold")),
)
"""Panels of a training run: a title, and the columns of metrics.jsonl that share it."""


def curves(run: Run, index: int) -> list[Figure]:
    """Small multiples of one training run, for the panels it has numbers for."""
    found = []
    for title, names in CURVES:
        series = {name: points(run.curves, name) for name in names}
        series = {name: xy for name, xy in series.items() if len(xy[0]) > 1}
        if series:
            found.append(_panel(run, title, series, index))
    return found


def points(curves: Sequence[Mapping[str, Any]], name: str) -> tuple[list[float], list[float]]:
    """Steps and values of one column, where it was logged; NaN stays and shows as a gap."""
    rows = [row for row in curves if name in row and "step" in row]
    return [number(row["step"]) for row in rows], [number(row[name]) for row in rows]


def _panel(
    run: Run, title: str, series: Mapping[str, tuple[list[float], list[float]]], index: int
) -> Figure:
    canvas, axes = canvas_of(3.5, 2.1, (0.5, 0.1, 0.42, 0.08))
    said = []
    for name, (x, y) in series.items():
        held = name.startswith("heldout")
        draw(axes, x, y, colour=INK if held else colour(index), held=held, label=words(name))
        said.append(f"{words(name)} from {fmt(y[0])} to {fmt(y[-1])}")
    axes.set_xlabel("step")
    if len(series) > 1:
        axes.legend(
            frameon=False, labelcolor=INK, fontsize=8.5, handlelength=1.4, borderpad=0, loc="best"
        )
    alt = f"{pretty(run.label)}, {title} over {_last_step(series)} steps: " + "; ".join(said)
    return Figure(svg(canvas, alt), alt, title)


def draw(
    axes: Axes, x: Sequence[float], y: Sequence[float], *, colour: str, held: bool, label: str
) -> None:
    """One series: held-out values as points joined, training values faint with a running mean."""
    if held or len(x) < 24:
        axes.plot(x, y, color=colour, lw=1.6, marker="o", ms=3 if held else 2.2, label=label)
        return
    axes.plot(x, y, color=colour, lw=0.8, alpha=0.35)
    axes.plot(x, smooth(y), color=colour, lw=1.8, label=label)


def smooth(y: Sequence[float]) -> list[float]:
    """Centred running mean over a twelfth of the run; missing values are left out of it."""
    half = max(1, len(y) // 24)
    out = []
    for i in range(len(y)):
        window = [v for v in y[max(0, i - half) : i + half + 1] if math.isfinite(v)]
        out.append(sum(window) / len(window) if window else math.nan)
    return out


def words(name: str) -> str:
    return name.replace("heldout_", "held-out ").replace("_", " ")


def _last_step(series: Mapping[str, tuple[list[float], list[float]]]) -> str:
    last = max(x[-1] for x, _ in series.values())
    return f"{last:.0f}" if math.isfinite(last) else "unknown"


def _words(i: Interval, signed: bool = False) -> str:
    if not i.known:
        return f"{fmt(i.value, signed)} (no interval)"
    return f"{fmt(i.value, signed)} ({fmt(i.low, signed)} to {fmt(i.high, signed)})"


def bars(rows: Sequence[tuple[str, Interval | None, int]], caption: str) -> Figure:
    """A bar from 0 to each value, with its interval; a row without an interval is a heading."""
    alt = f"{caption}: " + "; ".join(
        f"{name} {_words(i)}" if i else f"{name}:" for name, i, _ in rows
    )
    return Figure(_whiskers(rows, alt, bar=True, width=5.0, most=30), alt, caption)


def _whiskers(
    rows: Sequence[tuple[str, Interval | None, int]],
    alt: str,
    *,
    zero: bool = False,
    bar: bool = False,
    width: float = 3.7,
    most: int = 16,
) -> str:
    """A line a row: value, interval, number. zero: differences, signed; bar: filled from 0."""
    names = [_short(name, most) for name, _, _ in rows]
    left = 0.16 + 0.088 * max(map(len, names), default=0)  # inches: labels at 10.5 points
    canvas, axes = canvas_of(width, 0.42 + 0.36 * len(rows), (left, 0.7, 0.3, 0.06))
    axes.locator_params(axis="x", nbins=5 if left < 1 or width > 4 else 3)
    if zero or bar:
        axes.axvline(0, color=INK, lw=1)
    for y, (_, i, index) in enumerate(rows):
        if i is not None:
            _whisker(axes, y, i, colour(index), zero, bar)
    axes.set_yticks(range(len(rows)), names, fontsize=10.5)
    for text, (_, i, _) in zip(axes.get_yticklabels(), rows, strict=True):
        text.set_fontweight("normal" if i is not None else "bold")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.margins(x=0.08)
    return svg(canvas, alt)


def _whisker(axes: Axes, y: int, i: Interval, tint: str, signed: bool, bar: bool) -> None:
    if bar and math.isfinite(i.value):
        axes.barh(y, i.value, height=0.62, color=tint, alpha=0.3, lw=0)
    if i.known:
        axes.plot([i.low, i.high], [y, y], color=tint, lw=2.6, solid_capstyle="round")
    if math.isfinite(i.value):
        axes.plot([i.value], [y], "o", color=tint, ms=7)
    text = fmt(i.value, signed) + ("" if i.known or not math.isfinite(i.value) else " ?")
    axes.annotate(
        text,
        (1.02, y),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=10,
        color=INK,
        annotation_clip=False,
    )


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def canvas_of(
    width: float, height: float, margins: tuple[float, float, float, float]
) -> tuple[Canvas, Axes]:
    """An empty plot of this size in inches, with (left, right, bottom, top) margins in inches:
    laying out by Matplotlib would draw everything twice."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(
        figsize=(width, height),
    )
    left, right, bottom, top = margins
    canvas.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)
    axes = canvas.add_subplot()
    dress(axes)
    return canvas, axes


def dress(axes: Axes) -> None:
    """Axes as the page wants them: no frame, few ticks, faint lines across."""
    axes.set_facecolor("none")
    axes.locator_params(axis="x", nbins=5)
    axes.locator_params(axis="y", nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.tick_params(colors=INK, labelsize=9, length=2.5)
    axes.xaxis.label.set(color=INK, fontsize=9)
    axes.grid(axis="y", color=GRID, lw=0.6)
    axes.set_axisbelow(True)


def svg(canvas: Canvas, alt: str) -> str:
    """The figure as SVG to stand in a page: no XML header, no metadata, colours by variable."""
    import matplotlib

    buffer = io.StringIO()
    # Model labels are untrusted text: "$" must not start a formula.
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": alt, "text.parse_math": False}
    with matplotlib.rc_context(settings):
        for text in canvas.findobj(matplotlib.text.Text):
            text.set_parse_math(False)
        canvas.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r"font: (?:(\w+) )?([\d.]+)px [^;\"]*", _font, svg)
    for standin, variable in _STANDINS.items():
        svg = svg.replace(standin, variable)
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box, "matplotlib's SVG has a view box"
    label = html.escape(alt, quote=True)
    return re.sub(
        r"<svg[^>]*>", lambda _: f'<svg role="img" aria-label="{label}" {box[0]}>', svg, count=1
    )


def _font(found: re.Match[str]) -> str:
    """Size and weight of a text; the family is the page's."""
    return (f"font-weight: {found[1]}; " if found[1] else "") + f"font-size: {found[2]}px"
