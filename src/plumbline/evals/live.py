"""`loss.png` and its like beside `metrics.jsonl`: what a stage did, to look at when it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.evals.figures import CURVES, draw, points, words
from plumbline.evals.folders import read_lines

FILES = dict(
    zip(
        [title for title, _ in CURVES],
        ("loss", "margin", "accuracy", "chosen_logp", "kl", "reward"),
        strict=True,
    )
)
TRAIN, HELD = "#0072b2", "#222222"


def plot_metrics(folder: Path) -> list[Path]:
    """Draw the curves of `folder/metrics.jsonl` as PNG files in it; returns their paths.

    A column that was never logged makes no file. UserError where there is no metrics.jsonl.
    """
    path = Path(folder) / "metrics.jsonl"
    if not path.is_file():
        raise UserError(
            "no metrics.jsonl in this folder", where=str(folder), fix="name a training run's --out"
        )
    rows = read_lines(path)
    made = []
    for title, names in CURVES:
        series = {name: points(rows, name) for name in names}
        if any(xy[0] for xy in series.values()):
            made.append(_plot(Path(folder) / f"{FILES[title]}.png", title, series))
    return made


def _plot(
    path: Path, title: str, series: Mapping[str, tuple[Sequence[float], Sequence[float]]]
) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.4), dpi=110)
    FigureCanvasAgg(figure)
    axes: Any = figure.add_subplot()
    for name, (x, y) in series.items():
        if x:
            held = name.startswith("heldout")
            draw(axes, x, y, colour=HELD if held else TRAIN, held=held, label=words(name))
    axes.set(title=title, xlabel="step")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.subplots_adjust(left=0.12, right=0.97, bottom=0.15, top=0.9)
    figure.savefig(path)
    return path
