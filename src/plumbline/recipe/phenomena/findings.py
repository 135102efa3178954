"""A finding: the numbers of one phenomenon, its figure, and how they came about.

It lies in its stage's folder as `results.json` in the usual form, so that `plumbline report` reads
it too, with the figure beside the numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plumbline.core.atomic import write_json
from plumbline.core.stats import Interval
from plumbline.evals.figures import Figure
from plumbline.store import Context, Stage, stage

HERE = "plumbline.recipe.phenomena."


@dataclass(frozen=True)
class Finding:
    """`how`: sentences on what was done. `answers`: (asked, who, said) for a reader to see."""

    metrics: Mapping[str, Interval]
    figure: Figure | None = None
    how: tuple[str, ...] = ()
    answers: tuple[tuple[str, str, str], ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)


def declared(name: str, settings: type | None = None, version: int = 1) -> Stage:
    """The stage that finds one phenomenon: `find` of the module of that name."""
    return stage(
        f"phenomena.{name}",
        version=version,
        settings=settings,
        inputs={"*": "any"},
        makes="results",
        function=f"{HERE}{name}:find",
    )


def write(ctx: Context, name: str, found: Finding, inputs: Mapping[str, Path]) -> None:
    """results.json in the stage's folder; seconds are those of all inputs together, each once."""
    figure = found.figure
    results = {
        "command": "phenomena",
        "label": name,
        "seconds": seconds(inputs),
        "peak_gb": None,
        "metrics": {metric: i.as_dict() for metric, i in found.metrics.items()},
        "figure": None
        if figure is None
        else {"svg": figure.svg, "alt": figure.alt, "caption": figure.caption},
        "how": list(found.how),
        "shown": [list(one) for one in found.answers],
        "answers": "the answers lie in the folders of the measurements",
    }
    write_json(ctx.out / "results.json", results)
    for metric, i in found.metrics.items():
        ctx.say(f"{name}: {metric} {i.value:.4g} [{i.low:.4g}, {i.high:.4g}] n={i.n}")


def read(folder: Path) -> Finding:
    """What `write` wrote."""
    told = json.loads((folder / "results.json").read_text("utf-8"))
    return Finding(
        {metric: _interval(one) for metric, one in told["metrics"].items()},
        Figure(**told["figure"]) if told["figure"] else None,
        tuple(told["how"]),
        tuple((asked, who, said) for asked, who, said in told["shown"]),
        told["seconds"],
    )


def _interval(told: Mapping[str, Any]) -> Interval:
    """null in JSON is what was not known."""
    value, low, high = (
        float("nan") if told[end] is None else float(told[end]) for end in ("value", "low", "high")
    )
    return Interval(value, low, high, int(told["n"]))


def seconds(inputs: Mapping[str, Path]) -> dict[str, float]:
    total: dict[str, float] = {}
    for folder in dict.fromkeys(inputs.values()):
        if (folder / "results.json").is_file():
            told = json.loads((folder / "results.json").read_text("utf-8"))
            for phase, spent in (told.get("seconds") or {}).items():
                total[phase] = total.get(phase, 0.0) + float(spent)
    return {phase: round(spent, 3) for phase, spent in total.items()}
