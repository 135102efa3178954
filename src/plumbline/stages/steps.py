"""The functions behind `stages.table`: a recipe's folders in, a folder out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.views import prompts
from plumbline.data import read, write
from plumbline.stages import cards, rl
from plumbline.stages import train as training
from plumbline.stages.answering import Answerer
from plumbline.stages.files import DATA, SAMPLES, data_file, rows
from plumbline.stages.judging.grading import JUDGE
from plumbline.stages.offline import Progress
from plumbline.stages.online_settings import Onlining, Rewarding
from plumbline.stages.picking import Picker
from plumbline.stages.sample import write_answers
from plumbline.stages.settings import Picking, Sampling, Training
from plumbline.store import Context


def train(ctx: Context, settings: Training, inputs: Mapping[str, Path]) -> None:
    """Any objective of the table, resuming from the stage's own scratch folder."""
    atomic.sweep(ctx.scratch)
    data = data_file(inputs["data"])
    loaded = read(data)
    job = training.Job(
        training.resolve_objective(settings.objective, loaded.judgements),
        inputs["model"],
        loaded.judgements,
        loaded.dropped,
        settings.adapter,
        settings.train,
        settings.values,
        settings.merge,
        inputs.get("teacher"),
        label=ctx.stage,
        cards=cards.inherited([data], [inputs["model"], inputs.get("teacher")]),
    )
    training.run(job, ctx.out, ctx.scratch, ctx.say, lambda phase: ticks(ctx, phase))


def online(ctx: Context, settings: Onlining, inputs: Mapping[str, Path]) -> None:
    """An online training; inputs beside those of `OTHERS` are reward models and graders."""
    atomic.sweep(ctx.scratch)
    if any(one.startswith(JUDGE) for one in settings.rewards):
        fix = "give a stage's output: reward=table.grader(settings, judge=MODEL)"
        raise UserError("a recipe takes its judge as an input", where="rewards", fix=fix)
    models = [path for role, path in sorted(inputs.items()) if role not in OTHERS]
    mix = rows(data_file(inputs["mix"]), ctx.say) if "mix" in inputs else ()
    job = rl.OnlineJob(
        settings.method,
        inputs["model"],
        (*models, *settings.rewards),
        rl.asked_of(rows(data_file(inputs["prompts"]), ctx.say)),
        settings.adapter,
        settings.train,
        settings.values,
        settings.merge,
        label=ctx.stage,
        mix=mix,
        reference=inputs.get("reference"),
        cards=cards.inherited(
            [data_file(inputs["mix"])] if "mix" in inputs else [], [inputs["model"], *models]
        ),
        store=ctx.store,
    )
    rl.run(job, ctx.out, ctx.scratch, ctx.say, lambda phase: ticks(ctx, phase))


OTHERS = ("model", "prompts", "mix", "reference")
SHOWN = ("loss", "accuracy", "margin", "reward", "kl", "length")
"""Of a phase's numbers, those that stand beside its progress."""


def ticks(ctx: Context, phase: str) -> Progress:
    """A phase's progress as the stage's."""

    def tick(done: int, total: int, numbers: dict[str, float]) -> None:
        shown = {k: numbers[k] for k in SHOWN if k in numbers}
        ctx.progress(done, total, unit=phase, **shown)

    return tick


def sample(ctx: Context, settings: Sampling, inputs: Mapping[str, Path]) -> None:
    """Answers to the prompts of a data file, in `answers.jsonl`."""
    _answer(ctx, settings, inputs["prompts"], Answerer.under(inputs["model"], settings))


def pick(ctx: Context, settings: Picking, inputs: Mapping[str, Path]) -> None:
    """The same, each answer the best of several draws by a reward model or a grader."""
    how = Rewarding(key=settings.key, limits=settings.limits)
    picker = Picker.under(inputs["model"], settings)
    picker.by(inputs["reward"], settings.of, ctx.say, how, ctx.store)
    _answer(ctx, settings, inputs["prompts"], picker)


def _answer(ctx: Context, settings: Sampling, data: Path, answerer: Answerer) -> None:
    asked = prompts(rows(data_file(data), ctx.say))
    done = 0

    def tick(prompts_done: int) -> None:
        nonlocal done
        done += prompts_done
        ctx.progress(done, len(asked), unit="prompts")

    write_answers(answerer, asked, settings.generation(), ctx.out / SAMPLES, tick)


def join(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """All judgements of all inputs in one file; rows that cannot be used are left out and said."""
    files = [data_file(path) for _, path in sorted(inputs.items())]
    parts = [read(file) for file in files]
    lost = sum(len(part.dropped) for part in parts)
    count = write(ctx.out / DATA, [one for part in parts for one in part.judgements])
    cards.carry(files, ctx.out / DATA)
    left_out = f", {lost} rows left out that cannot be used" if lost else ""
    ctx.say(f"{count} judgements of {len(parts)} inputs{left_out}")
