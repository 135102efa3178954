"""`revise`: answers are criticised and mended by a model under a constitution.

Every step is a line of steps.jsonl once its batch is done, and is never asked for again: a process
that is killed, or an endpoint that goes away, loses at most the batch it was in, and the same
command goes on behind it. What is trained on (`revised`) is derived from the steps at the end.
metrics.jsonl has a line a batch with what it took; they add up to the cost of all attempts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from plumbline.core.appending import Lines
from plumbline.core.errors import UserError
from plumbline.core.settings import option, runtime
from plumbline.core.types import answer
from plumbline.data import fields as reading
from plumbline.data.bad import Bad
from plumbline.data.lines import dumped
from plumbline.feedback.endpoint.limits import Limits
from plumbline.feedback.judging.by_round import Scorer
from plumbline.feedback.judging.constitution import read_constitution
from plumbline.feedback.judging.judge import Cost, Judge
from plumbline.feedback.judging.parts import Marks, Part
from plumbline.feedback.judging.revising import Reviser, Revision, left
from plumbline.feedback.judging.steps import (
    TAKEN,
    Original,
    Step,
    now,
)
from plumbline.feedback.judging.template import read_template
from plumbline.stages import revised
from plumbline.stages.files import SAMPLES, objects
from plumbline.store import Context

STEPS, METRICS = "steps.jsonl", "metrics.jsonl"
TOGETHER = 64
"""Answers in a batch: what a kill may cost."""
Tick = Callable[[int, int, dict[str, float]], None]
"""Hears of rounds done, of how many, and what is to be shown beside."""


@dataclass(frozen=True)
class Revising(Revision):
    """How answers are revised, by whom, and what becomes data."""

    critic: str = option("", help="MODEL or address; in a recipe an address, or the input `critic`")
    constitution: str = option("", help="a file, or the name of a shipped constitution; in a recipe"
                               " that name, or the input `constitution`")  # fmt: skip
    template: str = option("plain", help="the same for the words in which the critic is asked")
    name: str = option("critic", help="a recipe: what its critic is called")
    data: Literal["sound", "revised", "all"] = option(
        "sound", help="answers that become data: those revised and those that nothing is wrong"
        " with; those revised; all, also where something was wrong and no revision was taken",
    )  # fmt: skip
    part: Part = option("all", help="what is revised of answers that reason first, between `marks`:"
                        " all, reasons or answer; critiques then point at it")  # fmt: skip
    reasoned: bool = option(
        False, help="data: critiques before the revision, as reasons between `marks`"
    )
    marks: tuple[str, str] = option(("<think>", "</think>"), help="before and behind reasons")
    pairs: bool = option(False, help="also write pairs.jsonl: last revision before first answer")
    draws: int = option(
        16, help="grades and verdicts of an address that gives no log-probabilities"
    )
    precision: Literal["auto", "fp32", "bf16"] = option("auto", help="of a critic that runs here")
    model_template: str = option(
        "auto", help="a local critic's own: auto (its chat template, else plain), plain or text"
    )
    template_options: dict[str, Any] = option(
        factory=dict, help='values for its chat template, say {"enable_thinking": false}'
    )
    key: str = runtime("", help="a recipe: the environment variable with an address's key")
    limits: Limits = field(default_factory=Limits)


def revise(
    ctx: Context, settings: Revising, inputs: Mapping[str, Path], scorer: Scorer | None = None
) -> None:
    """The stage of a recipe. `scorer` comes from above, for those who know what answers are worth:
    its values stand by round in results.json."""
    if ("critic" in inputs) == settings.critic.startswith("http"):
        fix = "give the input critic=MODEL, or set critic to an address"
        raise UserError("a recipe's revision takes one critic", where=settings.critic, fix=fix)
    spec = str(inputs["critic"]) if "critic" in inputs else settings.critic
    reviser = Reviser(
        critic_of(spec, settings, ctx.store, name=settings.name),
        read_constitution(named(inputs, "constitution", settings.constitution)),
        read_template(named(inputs, "template", settings.template)),
        settings,
    )
    answers = originals(inputs["answers"], ctx.say, settings)

    def tick(done: int, total: int, numbers: dict[str, float]) -> None:
        ctx.progress(done, total, unit="rounds", **numbers)

    run(answers, reviser, settings, ctx.out, tick, scorer=scorer)


def critic_of(spec: str, s: Revising, store: Path | None, key: str = "", name: str = "") -> Judge:
    """The critic, ready to be asked."""
    from plumbline.stages.judging.opening import judge_of  # which brings torch

    return judge_of(
        spec, store=store, key=key or s.key, precision=s.precision, draws=s.draws, limits=s.limits,
        template=s.model_template, options=s.template_options, name=name,
    )  # fmt: skip


def named(inputs: Mapping[str, Path], role: str, name: str) -> Path | str:
    """An input, or the name of what is shipped: a file of the disk would not count for the id."""
    if role in inputs:
        return inputs[role]
    if not name or Path(name).exists():
        fix = f"give {role}=source(FILE, {role!r}), or the name of one that is shipped"
        raise UserError(f"a recipe takes its {role} as an input", where=name, fix=fix)
    return name


def originals(path: Path, say: Callable[[str], None], how: Revising) -> list[Original]:
    """Every answer of a file (or of a stage's folder), or the part of it that is revised; UserError
    where there is none."""
    file = path / SAMPLES if path.is_dir() else path
    rows = [one for place, row in objects(file) for one in _originals(row, place, file.name)]
    found = [_part(one, how) for one in rows]
    worded = [one for one in found if one.text.strip()]
    if len(worded) < len(found):
        what = "answers are empty" if how.part == "all" else f"answers have no {how.part}"
        say(f"{len(found) - len(worded)} of {len(found)} {what} and are left out")
    if not worded:
        fix = "give prompts with responses, as plumbline sample writes them"
        raise UserError("no answers to revise", where=str(file), fix=fix)
    return worded


def _originals(row: Mapping[str, Any], place: str, name: str) -> list[Original]:
    """Their places are told by the file's own name: data do not hang on where it lies."""
    try:
        said = [reading.response(one, "responses") for one in reading.listed(row, "responses")]
        prompt = reading.prompt(row)
    except Bad as bad:
        raise UserError(bad.what, where=place, fix=bad.fix) from None
    where = f"{name}:{place.rpartition(':')[2]}"
    return [Original(prompt, one, where) for one in said]


def _part(one: Original, how: Revising) -> Original:
    """What is revised of an answer of one turn."""
    if how.part == "all" or len(one.answer) != 1:
        return one
    before, part, behind = Marks(*how.marks).cut(one.text, how.part)
    return replace(one, answer=answer(part), around=(before, behind))


def run(
    answers: Sequence[Original],
    reviser: Reviser,
    settings: Revising,
    out: Path,
    tick: Tick,
    *,
    facts: Mapping[str, Any] = {},
    scorer: Scorer | None = None,
) -> dict[str, Any]:
    """All steps that are not there yet, then all that is derived from them; its results.json.
    `facts` stand in it."""
    with Lines(out / STEPS) as log, Lines(out / METRICS) as metrics:
        steps = _known(log, len(answers))
        for start in range(0, len(answers), TOGETHER):
            places = range(start, min(start + TOGETHER, len(answers)))
            while asked := _next(places, steps, settings):
                spent = _Spent(reviser.critic)
                made = reviser.round(
                    asked[0][1], [(n, answers[n], now(answers[n], steps[n])) for n, _ in asked]
                )
                metrics.add([spent.line(made)])  # first: what is redone was paid for twice
                log.add(_line(step, answers[step.answer]) for step in made)
                for step in made:
                    steps[step.answer].append(step)
                tick(*_done(steps, settings))
    took = revised.took(out / METRICS)
    return revised.write(answers, steps, reviser, settings, out, took, facts=facts, scorer=scorer)


def _known(log: Lines, count: int) -> list[list[Step]]:
    """The steps of each answer so far, in order."""
    steps: list[list[Step]] = [[] for _ in range(count)]
    for line in log.found:
        row = json.loads(line)
        del row["where"]
        step = Step(**row)
        steps[step.answer].append(step)
    return steps


def _line(step: Step, one: Original) -> str:
    return dumped({"where": one.where, **asdict(step)}).decode("utf-8")


def _next(places: range, steps: Sequence[Sequence[Step]], how: Revision) -> list[tuple[int, int]]:
    """(answer, round) of what is to be asked together: the lowest round that is left."""
    todo = [(n, left(steps[n], how)) for n in places]
    lowest = min((number for _, number in todo if number), default=0)
    return [(n, number) for n, number in todo if number and number == lowest]


def _done(steps: Sequence[Sequence[Step]], how: Revision) -> tuple[int, int, dict[str, float]]:
    done = sum(len(own) if left(own, how) else how.rounds for own in steps)
    told = [step.outcome == TAKEN for own in steps for step in own]
    return done, len(steps) * how.rounds, {"revised": sum(told) / len(told)}


class _Spent:
    """What a critic was asked from here on."""

    def __init__(self, critic: Judge) -> None:
        self.critic, self.before = critic, asdict(critic.cost)
        self.start = time.perf_counter()

    def line(self, made: Sequence[Step]) -> str:
        """A line of metrics.jsonl."""
        after = asdict(self.critic.cost)
        cost = {one.name: after[one.name] - self.before[one.name] for one in fields(Cost)}
        taken = sum(step.outcome == TAKEN for step in made)
        row = {"round": made[0].round, "steps": len(made), "taken": taken, "cost": cost,
               "seconds": round(time.perf_counter() - self.start, 4)}  # fmt: skip
        return json.dumps(row)
