"""The last stage: what each form gained over SFT, in all and by the hour, as numbers and a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.core.atomic import write_json
from plumbline.core.stats import Interval
from plumbline.evals.compare import Difference, claim, difference, evidence
from plumbline.evals.figures import bars
from plumbline.evals.folders import Run
from plumbline.evals.report import Section, build_report
from plumbline.recipe.phenomena.findings import seconds
from plumbline.recipe.rounds.told import labelled, number
from plumbline.store import Context, stage

GOLD, SFT = "gold", "sft"
TITLE = "What a form is worth"
LEAD = (
    "The same simulated people spent the same minutes on each way of asking, in a real studio. "
    "What they said was trained on, from the same SFT model. The gold value is what answers are "
    "worth in this small made-up world, where that is known.",
)
HOW = (
    "Seconds are those of a careful reader and typist by assumption: 0.25 for a word read, 2 for a "
    "decision, 1.5 for a word written. Differences are paired by prompt; intervals are of 95 % and "
    "hold other prompts, not other runs. People who write here write the best answer there is, "
    "which real people do not always.",
)


@dataclass(frozen=True)
class Worth:
    """One form: judgements, minutes, and the gold value gained over SFT."""

    form: str
    judgements: int
    minutes: float
    gold: Interval
    change: Difference

    @property
    def hourly(self) -> Interval:
        """Gold value gained by an hour of people's time."""
        share, i = 60 / self.minutes, self.change.interval
        return Interval(share * i.value, share * i.low, share * i.high, i.n)


def tell(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """results.json and report.html; inputs are named FORM.said, FORM.gold, and sft.gold."""
    sft = labelled(inputs[f"{SFT}.{GOLD}"], "SFT")
    forms = [name.removesuffix(".said") for name in inputs if name.endswith(".said")]
    found = sorted((_worth(form, inputs, sft) for form in forms), key=lambda one: -one.hourly.value)
    write_json(ctx.out / "results.json", _results(found, sft, inputs))
    said = tuple((one.change.verdict, claim(one.change), evidence(one.change)) for one in found)
    short = Section("In short", LEAD, said=said)
    for _, text, proof in said:
        ctx.say(f"{text} {proof}")
    build_report([ctx.out], ctx.out / "report.html", TITLE, [_section(found)], short=short)


worth = stage(
    "forms.worth",
    version=1,
    inputs={"*": "any"},
    makes="report",
    function="plumbline.recipe.forms.worth:tell",
)


def _worth(form: str, inputs: Mapping[str, Path], sft: Run) -> Worth:
    run = labelled(inputs[f"{form}.{GOLD}"], form)
    told = json.loads((inputs[f"{form}.said"] / "people.json").read_text("utf-8"))
    change = difference(GOLD, run, sft)
    return Worth(form, told["judgements"], told["minutes"], run.metrics[GOLD], change)


def _results(found: Sequence[Worth], sft: Run, inputs: Mapping[str, Path]) -> dict[str, Any]:
    metrics = {f"{SFT}.{GOLD}": sft.metrics[GOLD]}
    for one in found:
        metrics |= {
            f"{one.form}.{GOLD}": one.gold,
            f"{one.form}.gained": one.change.interval,
            f"{one.form}.hourly": one.hourly,
        }
    return {
        "command": "forms",
        "label": "forms",
        "seconds": seconds(inputs),
        "peak_gb": None,
        "metrics": {name: i.as_dict() for name, i in metrics.items()},
        "people": {
            one.form: {"judgements": one.judgements, "minutes": one.minutes} for one in found
        },
    }


def _section(found: Sequence[Worth]) -> Section:
    head = ("form", "judgements", "minutes", "gold value", "gained over SFT", "gained an hour")
    rows = tuple(
        (
            one.form, f"{one.judgements:,}", f"{one.minutes:.0f}", number(one.gold),
            number(one.change.interval, True), number(one.hourly, True),
        )
        for one in found
    )  # fmt: skip
    shown = [(one.form, one.hourly, n + 1) for n, one in enumerate(found)]
    figure = bars(shown, "gold value gained by an hour of people's time")
    return Section("By form", HOW, head, rows, (figure,))
