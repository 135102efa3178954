"""The last stage: the gold value by round, as results.json and as one page.

A metric is named by method and round: `rloo.2.gold` is the value after round 2, `rloo.2-sft.gold`
and `rloo.2-1.gold` its change over SFT and over the round before, `rloo.3-once.gold` that over the
control. Changes are paired by prompt. `rloo.2.judge` is the reward model's accuracy on held-out
comparisons of all rounds so far, `rloo.2.kl` the KL to SFT in nats an answer (online methods). Of a
judge who compares: `judge_told`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plumbline.core.atomic import write_json
from plumbline.core.stats import Interval
from plumbline.evals.charts import Panel, Series, chart
from plumbline.evals.compare import Difference, claim, difference, evidence, fmt
from plumbline.evals.figures import Figure
from plumbline.evals.folders import Run, read_lines, read_runs
from plumbline.evals.glossary import pretty
from plumbline.evals.report import Section, build_report
from plumbline.recipe.phenomena.findings import seconds
from plumbline.recipe.rounds import judge_told
from plumbline.recipe.rounds.judge_told import Audited
from plumbline.recipe.rounds.settings import ONCE, SFT
from plumbline.store import Context, stage

GOLD = "gold"
SHOWN = 4
"""Prompts whose answers stand on the page, spread evenly over the held-out ones."""
COLOUR = {"better": "better", "worse": "worse"}
TITLE = "Rounds: judging what the newest policy says, and improving it"
LEAD = (
    "In each round the newest policy answers fresh prompts, its answers are compared, a new reward "
    "model is trained on the comparisons of all rounds so far, and the policy is improved. "
    "“In one round” is the control: the same prompts, all answered by SFT, as many comparisons, "
    "and as many updates at once. What rounds have over it, newer answers brought.",
)
HOW = (
    "The gold value is what answers are worth in this small made-up world, where that is known; "
    "all policies answer the same held-out prompts. Changes are paired by prompt, intervals are of "
    "95 %, clustered by topic, and hold other prompts, not other runs. The accuracy of a reward "
    "model is on held-out comparisons of its own rounds, which newer answers make harder.",
)


@dataclass(frozen=True)
class Turn:
    """A policy after a round ("1", "2" ..., or "once"): its answers, and what it was made from."""

    run: Run
    comparisons: int = 0
    judge: Interval | None = None
    kl: Interval | None = None

    @property
    def gold(self) -> Interval:
        return self.run.metrics[GOLD]


@dataclass(frozen=True)
class Method:
    """A method's rounds in order, and the control where there is one."""

    name: str
    sft: Turn
    turns: Mapping[str, Turn]

    @property
    def title(self) -> str:
        return pretty(self.name).replace("_", " ")

    @property
    def rounds(self) -> list[str]:
        return [name for name in self.turns if name != ONCE]

    def changes(self) -> Iterator[tuple[str, str, Difference]]:
        """(policy, baseline, change): over SFT, over the round before, over the control."""
        for name, turn in self.turns.items():
            yield name, SFT, difference(GOLD, turn.run, self.sft.run)
        for before, name in zip(self.rounds, self.rounds[1:], strict=False):
            yield name, before, difference(GOLD, self.turns[name].run, self.turns[before].run)
        if ONCE in self.turns:
            last = self.rounds[-1]
            yield last, ONCE, difference(GOLD, self.turns[last].run, self.turns[ONCE].run)


def tell(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """results.json and report.html; inputs are named METHOD.ROUND.PART, and sft.gold."""
    methods, judge = read(inputs), judge_told.read(inputs)
    write_json(ctx.out / "results.json", results(methods, judge, inputs))
    short = Section("In short", LEAD, said=(*_said(methods), *judge_told.warnings(judge)))
    for _, text, proof in short.said:
        ctx.say(f"{text} {proof}")
    numbers, words = story(methods)
    parts = [numbers, *judge_told.sections(judge), words]
    build_report([ctx.out], ctx.out / "report.html", TITLE, parts, short=short)


def read(inputs: Mapping[str, Path]) -> list[Method]:
    """The methods as the inputs' names list them, the control last."""
    sft = Turn(labelled(inputs[f"{SFT}.gold"], "SFT"))
    names: dict[str, list[str]] = {}
    for role in inputs:
        method, turn, part = [*role.split("."), ""][:3]
        if part == GOLD:
            names.setdefault(method, []).append(turn)
    return [_method(name, turns, sft, inputs) for name, turns in names.items()]


def _method(name: str, turns: Sequence[str], sft: Turn, inputs: Mapping[str, Path]) -> Method:
    ordered = sorted(turns, key=lambda turn: (turn == ONCE, len(turn), turn))
    found = Method(name, sft, {})
    return replace(found, turns={turn: _turn(found, turn, inputs) for turn in ordered})


def _turn(method: Method, name: str, inputs: Mapping[str, Path]) -> Turn:
    from plumbline.stages.files import data_file

    role = f"{method.name}.{name}"
    when = "in one round" if name == ONCE else f"after round {name}"
    return Turn(
        labelled(inputs[f"{role}.gold"], f"{method.title} {when}"),
        len(read_lines(data_file(inputs[f"{role}.data"]))),
        _metric(inputs.get(f"{role}.reward"), "heldout_accuracy"),
        _metric(inputs.get(f"{role}.model"), "kl"),
    )


def labelled(folder: Path, label: str) -> Run:
    """The one run of a folder, called so."""
    (found,) = read_runs([folder])
    return replace(found, label=label)


def _metric(folder: Path | None, name: str) -> Interval | None:
    return read_runs([folder])[0].metrics.get(name) if folder else None


def results(
    methods: Sequence[Method], judge: Sequence[Audited], inputs: Mapping[str, Path]
) -> dict[str, Any]:
    """results.json in its usual form."""
    found = {f"{SFT}.{GOLD}": methods[0].sft.gold}
    for one in methods:
        for name, turn in one.turns.items():
            facts = {GOLD: turn.gold, "judge": turn.judge, "kl": turn.kl}
            found |= {f"{one.name}.{name}.{key}": i for key, i in facts.items() if i}
        found |= {f"{one.name}.{a}-{b}.{GOLD}": d.interval for a, b, d in one.changes()}
    found |= judge_told.metrics(judge)
    return {
        "command": "rounds",
        "label": "rounds",
        "seconds": seconds(inputs),
        "peak_gb": None,
        "metrics": {name: i.as_dict() for name, i in found.items()},
        "comparisons": {
            one.name: {name: turn.comparisons for name, turn in one.turns.items()}
            for one in methods
        },
        "audits": judge_told.facts(judge),
        "answers": "the answers lie in the folders of the measurements",
    }


def _said(methods: Sequence[Method]) -> Iterator[tuple[str, str, str]]:
    """The last round over SFT, over the round before, over the control."""
    for one in methods:
        for name, _, d in one.changes():
            if name == one.rounds[-1]:
                yield COLOUR.get(d.verdict, ""), claim(d), evidence(d)


def story(methods: Sequence[Method]) -> list[Section]:
    """The numbers with their figure, and the answers."""
    head = ("policy", "comparisons", "reward model right", "KL to SFT", "gold value", "over SFT",
            "over the round before")  # fmt: skip
    rows: list[tuple[str, ...]] = [("SFT", "", "", "", number(methods[0].sft.gold), "", "")]
    for one in methods:
        rows += _rows(one)
    asked = ("asked", "who", "said")
    what = f"{SHOWN} of the held-out prompts, the same for all, not chosen; each first answer."
    return [
        Section("The gold value by round", HOW, head, tuple(rows), (figure(methods),)),
        Section("In words", (what,), asked, tuple(_answers(methods))),
    ]


def _rows(one: Method) -> Iterator[tuple[str, ...]]:
    changes = {(a, b): number(d.interval, True) for a, b, d in one.changes()}
    for name, turn in one.turns.items():
        before = str(int(name) - 1) if name != ONCE else ""
        yield (
            turn.run.label, f"{turn.comparisons:,}", number(turn.judge), number(turn.kl),
            number(turn.gold), changes[name, SFT], changes.get((name, before), ""),
        )  # fmt: skip


def number(found: Interval | None, signed: bool = False) -> str:
    """A value with its interval; nothing where it was not measured."""
    if found is None:
        return ""
    ends = f" ({fmt(found.low, signed)} to {fmt(found.high, signed)})" if found.known else ""
    return fmt(found.value, signed) + ends


def _answers(methods: Sequence[Method]) -> Iterator[tuple[str, str, str]]:
    """(asked, who, said): the first answer of every policy to a few prompts."""
    runs = [methods[0].sft.run, *(turn.run for one in methods for turn in one.turns.values())]
    prompts = list(dict.fromkeys(row.group for row in runs[0].rows))
    for group in prompts[:: max(1, len(prompts) // SHOWN)][:SHOWN]:
        for run in runs:
            row = next(one for one in run.rows if one.group == group)
            asked = " / ".join(text for _, text in row.prompt)
            yield asked, run.label, row.response or "(nothing)"


CAPTION = "Gold value of answers to held-out prompts by round"
ASIDE = "; on the right, in the same colours, the controls in one round"


def figure(methods: Sequence[Method]) -> Figure:
    """Gold value against rounds, a line a method from SFT on; its control stands alone."""
    series = []
    for index, one in enumerate(methods, start=1):
        values = (one.sft.gold, *(one.turns[name].gold for name in one.rounds))
        aside = 0.05 * (index - 1)  # so that no interval hides another
        places = tuple(turn + aside for turn in range(len(values)))
        joined = tuple(Interval(i.value, math.nan, math.nan, i.n) for i in values)
        series.append(Series("", places, joined, index, "line"))
        series.append(Series(one.title, places, values, index, "points"))
        if ONCE in one.turns:
            at, once = (places[-1] + 0.4,), (one.turns[ONCE].gold,)
            series.append(Series("", at, once, index, "points"))
    panel = Panel(tuple(series), "gold value")
    caption = CAPTION + ASIDE * any(ONCE in one.turns for one in methods)
    return chart((panel,), "rounds (0: SFT)", caption)


report = stage(
    "rounds.report",
    version=1,
    inputs={"*": "any"},
    makes="report",
    function="plumbline.recipe.rounds.told:tell",
)
