"""Boilerplate in demonstrations spreads into the answers, and cleaning ends that (what "As an AI
language model" in public chats did to models trained on them; Taori et al. 2023 and others filter
it; `data/clean/boilerplate.toml` has the list for real text).

The same demonstrations with a growing share of boilerplate, a model tuned on each; and one tuned on
what is left of the worst of them after cleaning, which removes every demonstration that has any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.settings import option
from plumbline.core.stats import Interval
from plumbline.evals.charts import Panel, Series, chart
from plumbline.evals.figures import Figure
from plumbline.recipe.phenomena import findings
from plumbline.recipe.phenomena.arms import Common, change, grouped, measured, share, shown
from plumbline.recipe.phenomena.demonstrations import Shown, cleaned, demonstrations
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.measuring import Probe
from plumbline.store import Context, Handle

NAME, AXIS, CLEAN = "boilerplate", "boilerplate_rate", "cleaned"


@dataclass(frozen=True)
class Spread:
    demonstrations: int = option(400, help="demonstrations an arm is tuned on")
    shares: tuple[float, ...] = option((0.0, 0.1, 0.3, 0.6), help="shares that carry boilerplate")
    prompts: int = option(300, help="held-out requests")


finding = findings.declared(NAME)


def arm_of(share: float) -> str:
    """
    >>> arm_of(0.1)
    'share_10'
    """
    return f"share_{round(100 * share)}"


def planned(settings: Spread, common: Common) -> Handle:
    """A model for each share, and one for the largest after cleaning."""
    models: dict[str, list[Handle]] = {}
    for seed in common.seeds:
        for part in settings.shares:
            arm = arm_of(part)
            told = Shown(settings.demonstrations, "excellent", part, seed)
            data = demonstrations(told, label=f"{NAME}-shown-{arm}-{seed}")
            tuned = common.tuned(data, f"{NAME}-{arm}-{seed}", seed)
            models.setdefault(arm, []).append(tuned)
        left = cleaned(data=data, label=f"{NAME}-shown-{CLEAN}-{seed}")
        tuned = common.tuned(left, f"{NAME}-{CLEAN}-{seed}", seed)
        models.setdefault(CLEAN, []).append(tuned)
    probe = Probe("boilerplate", settings.prompts, common.seed)
    return finding(label=NAME, **measured(models, probe, NAME + "-rate"))


def find(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """The rate at each share, and after cleaning."""
    arms = grouped(inputs)
    rates = {arm: share(answers, AXIS) for arm, answers in arms.items()}
    parts = sorted(int(arm.removeprefix("share_")) for arm in arms if arm != CLEAN)
    worst = f"share_{parts[-1]}"
    metrics = {**rates, "removed": change(arms[worst], arms[CLEAN], AXIS)}
    how = (
        "Demonstrations are excellent otherwise. Cleaning removes those with boilerplate whole.",
    )
    chosen = {worst: f"{parts[-1]} % boilerplate", CLEAN: "after cleaning"}
    made = Finding(metrics, figure(rates, parts), how, shown(arms, chosen))
    findings.write(ctx, NAME, made, inputs)


def figure(rates: Mapping[str, Interval], parts: Sequence[int]) -> Figure:
    """Share of answers against share of demonstrations, with the line of equality."""
    x = tuple(part / 100 for part in parts)
    spread = tuple(rates[f"share_{part}"] for part in parts)
    equal = tuple(Interval(end, end, end, 0) for end in (x[0], x[-1]))
    series = (
        Series("if imitated exactly", (x[0], x[-1]), equal, 0, "line"),
        Series("tuned on them", x, spread, 2, "both"),
        Series(
            f"tuned on the last ({parts[-1]} %), cleaned", (x[-1],), (rates[CLEAN],), 3, "points"
        ),
    )
    caption = "Boilerplate in answers, by the share of demonstrations that had it"
    panel = Panel(series, "share of answers")
    return chart((panel,), "share of demonstrations", caption)
