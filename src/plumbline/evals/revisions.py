"""The effect of critique and revision by round, as a table and a figure of the page.

Both are read from the `by_round` of a results.json, so that a recipe shows the same with its own
scorer's values beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plumbline.core.stats import Interval
from plumbline.evals.charts import Panel, Series, chart
from plumbline.evals.compare import fmt
from plumbline.evals.figures import Figure
from plumbline.evals.folders import Run, interval_of
from plumbline.evals.glossary import meaning

HOW = (
    "Round 0 are the first answers. Every round is summed up over all of them, also those whose "
    "rounds had ended. What is fine, faulty or no better is so by the critic's own word, which "
    "nobody has checked."
)
BETTER = (
    "Whether the revised answers are better than the first ones, this page cannot say: let a judge "
    "compare them (plumbline label first=ANSWERS revised=THIS_FOLDER ...) and people check the "
    "judge (plumbline audit). The win rate that comes of it is corrected by what they said."
)
CHANGED = "answers that changed"


@dataclass(frozen=True)
class Revised:
    """What a section of the page is made of."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figure: Figure


def revisions(runs: Sequence[Run]) -> list[tuple[Run, Revised]]:
    """Of the runs that revised something."""
    return [(run, revised(run.results)) for run in runs if run.results.get("by_round")]


def revised(results: Mapping[str, Any]) -> Revised:
    """The effect by round of one results.json."""
    rounds = results["by_round"]
    names = list(dict.fromkeys(name for one in rounds for name in one["scores"]))
    header = ("round", CHANGED, "characters", *(meaning(name).title for name in names),
              "what came of it")  # fmt: skip
    return Revised(header, tuple(_row(one, names) for one in rounds), _figure(rounds, names))


def _row(one: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    came = ", ".join(f"{what} {n:,}" for what, n in one["outcomes"].items())
    scores = (_said(_interval(one["scores"].get(name))) for name in names)
    changed, length = _interval(one["changed"]), _interval(one["length"])
    return (str(one["round"]), _said(changed), f"{length.value:.0f}", *scores, came or "–")


def _figure(rounds: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Figure:
    """Shares and scores against rounds, a panel each: they have units of their own."""
    x = tuple(float(one["round"]) for one in rounds)
    values = {CHANGED: [_interval(one["changed"]) for one in rounds]}
    values |= {name: [_interval(one["scores"].get(name)) for one in rounds] for name in names}
    panels = [
        Panel((Series("all answers", x, tuple(found), index),), meaning(name).title)
        for index, (name, found) in enumerate(values.items(), start=1)
    ]
    return chart(panels, "rounds (0: first answers)", "The effect of revision by round")


def _interval(value: Any) -> Interval:
    return interval_of(value, "by_round")


def _said(found: Interval) -> str:
    ends = f" ({fmt(found.low)} to {fmt(found.high)})" if found.known else ""
    return f"{fmt(found.value)}{ends}"
