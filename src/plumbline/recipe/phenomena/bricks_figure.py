"""The picture of `bricks`: what each way has lost by what it upholds, from the base on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plumbline.core.stats import Interval
from plumbline.evals.charts import Panel, Series, chart
from plumbline.evals.figures import Figure

PANELS = {
    "facts": "facts not told",
    "facts.wrong": "told wrongly",
    "inference": "inference lost",
    "kl.texts": "KL on plain texts",
}
CAPTION = "What was lost against the base, by the share of answers that uphold the manifesto"


def figure(
    ways: Mapping[str, Sequence[str]], metrics: Mapping[str, Interval], names: Mapping[str, str]
) -> Figure:
    """A colour a way; its strengths are joined in their order, from the base on."""
    panels = []
    for axis, label in PANELS.items():
        series = [
            _series(models, axis, metrics, names[way], index)
            for index, (way, models) in enumerate(ways.items())
        ]
        panels.append(Panel(tuple(series), label))
    return chart(panels, "share upheld", CAPTION)


def _series(
    models: Sequence[str], axis: str, metrics: Mapping[str, Interval], name: str, index: int
) -> Series:
    """The base, then a way's models by strength."""
    start = (metrics["base.upheld"].value, Interval(0.0, 0.0, 0.0, 1))
    points = [(metrics[f"{m}.upheld"].value, metrics[f"{m}.{axis}"]) for m in models]
    x, y = zip(start, *points, strict=True)
    return Series(name, x, y, index, "path")
