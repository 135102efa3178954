"""A base model continues a question with a question, and instruction tuning ends that (Ouyang et
al. 2022, arXiv:2203.02155; what a base model has read decides how it goes on).

    base        as it comes from pretraining
    tuned       on demonstrations that answer
    poor        the control: as many demonstrations, three in ten of which ask back

If tuning as such ended it, the control would end it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.settings import option
from plumbline.evals.figures import bars
from plumbline.microcosm.data import Quality
from plumbline.recipe.phenomena import findings
from plumbline.recipe.phenomena.arms import Common, change, grouped, measured, share, shown
from plumbline.recipe.phenomena.demonstrations import Shown, demonstrations
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.measuring import Probe
from plumbline.store import Context, Handle

NAME, AXIS = "question_back", "question_back_rate"
TUNED: dict[str, Quality] = {"tuned": "mediocre", "poor": "poor"}
ARMS = {
    "base": "the base model",
    "tuned": "shown answers",
    "poor": "shown questions too",
}


@dataclass(frozen=True)
class Asking:
    demonstrations: int = option(400, help="demonstrations an arm is tuned on")
    prompts: int = option(600, help="held-out requests")


finding = findings.declared(NAME)


def planned(settings: Asking, common: Common) -> Handle:
    """The base and both tuned arms under one probe."""
    models: dict[str, list[Handle]] = {"base": [common.base]}
    for arm, quality in TUNED.items():
        models[arm] = [
            common.tuned(
                demonstrations(
                    Shown(settings.demonstrations, quality, seed=seed),
                    label=f"shown-{quality}-{seed}",
                ),
                f"{NAME}-{arm}-{seed}", seed,
            )
            for seed in common.seeds
        ]  # fmt: skip
    probe = Probe("questions", settings.prompts, common.seed)
    return finding(label=NAME, **measured(models, probe, f"asked-{NAME}"))


def find(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Rates, and differences by prompt."""
    arms = grouped(inputs)
    rates = {arm: share(arms[arm], AXIS) for arm in ARMS}
    metrics = {
        **rates,
        "drop": change(arms["base"], arms["tuned"], AXIS),
        "copied": change(arms["poor"], arms["tuned"], AXIS),
    }
    rows = [(name, rates[arm], i) for i, (arm, name) in enumerate(ARMS.items())]
    caption = "Share of answers to plain requests that ask something back"
    prompts = len({row.group for row in arms["base"]})
    how = (f"{prompts} held-out requests for a fact, a chore or a harmless deed.",)
    made = Finding(metrics, bars(rows, caption), how, shown(arms, ARMS))
    findings.write(ctx, NAME, made, inputs)
