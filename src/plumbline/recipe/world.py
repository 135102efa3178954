"""Stages that only the microcosm has: its demonstrations, its people, its gold value.

They stand here, above both, because the microcosm and the training stages do not know each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.core.settings import option
from plumbline.core.stats import Interval
from plumbline.core.types import Conversation, Demonstration, Message, Response, answer
from plumbline.evals.tasks import Task
from plumbline.store import Context, stage

if TYPE_CHECKING:
    from plumbline.microcosm.asks import Ask
    from plumbline.stages.answering import Answerer


@dataclass(frozen=True)
class Draw:
    """How much is drawn from the world, and by which seed."""

    n: int = option(400, help="how many")
    seed: int = option(0, help="another seed, another draw")
    spare: float = option(
        0.0, help="share of the prompts, by their text, never drawn, to be measured on"
    )


@dataclass(frozen=True)
class People:
    """Who ranks. `shuffled` permutes every ranking at random: the control."""

    seed: int = option(0, help="draws their noise")
    shuffled: bool = option(False, help="rankings without information")
    count: int = option(6, help="people who take turns; tired ones err more")


@dataclass(frozen=True)
class Measure:
    """Sampling for the gold value on held-out prompts.

    Either those with what no training ever had (phrasings, things, values, combinations), or, with
    `spare`, new ones of the kind that was trained on: those which `Draw.spare` left out.
    """

    n: int = option(300, help="held-out prompts")
    seed: int = option(0, help="draws prompts and answers")
    answers: int = option(2, help="answers a prompt")
    temperature: float = option(1.0, help="0 is greedy")
    spare: float = option(0.0, help="that share of the training prompts (0: what is held out)")


@dataclass(frozen=True)
class Best(Measure):
    """The same of best of n."""

    of: int = option(4, help="draws for each answer, of which a reward model picks one")


def draw_demonstrations(ctx: Context, settings: Draw, inputs: Mapping[str, Path]) -> None:
    from plumbline.data import write
    from plumbline.microcosm.data import demonstrations

    shown = demonstrations(settings.seed, settings.n, keep=_kept(settings))
    write(ctx.out / "data.jsonl", shown)


def draw_prompts(ctx: Context, settings: Draw, inputs: Mapping[str, Path]) -> None:
    from plumbline.data import write
    from plumbline.microcosm.data import prompts

    asked = prompts("train", settings.seed, settings.n, keep=_kept(settings))
    write(ctx.out / "data.jsonl", [Demonstration(one.conversation) for one in asked])


def _kept(settings: Draw) -> Callable[[Ask], bool]:
    from plumbline.microcosm.data import spared

    return lambda ask: not spared(ask, settings.spare)


def rank(ctx: Context, settings: People, inputs: Mapping[str, Path]) -> None:
    """The annotators, in turn, rank the answers of a `sample` stage."""
    from plumbline.data import write
    from plumbline.microcosm.annotators import people
    from plumbline.microcosm.data import rankings

    asked, answers = asked_and_said(inputs["answers"] / "answers.jsonl")
    staff = people(settings.count)
    found = rankings(
        asked, answers, seed=settings.seed, annotators=staff, shuffled=settings.shuffled
    )
    ctx.say(f"{len(found)} rankings of {len(asked)} prompts (equal answers are shown once)")
    write(ctx.out / "data.jsonl", found)


def asked_and_said(path: Path) -> tuple[list[Conversation], list[list[Response]]]:
    """Prompts and answers of a file of a `sample` stage."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    asked = [tuple(Message(m["role"], m["content"]) for m in row["prompt"]) for row in rows]
    return asked, [[answer(text) for text in row["responses"]] for row in rows]


def measure_gold(ctx: Context, settings: Measure, inputs: Mapping[str, Path]) -> None:
    """results.json and samples.jsonl of the gold task on one model."""
    from plumbline.stages.answering import Answerer

    _gold(ctx, settings, Answerer(inputs["model"]))


def measure_best(ctx: Context, settings: Best, inputs: Mapping[str, Path]) -> None:
    """The same of a model among whose draws a reward model picks."""
    from plumbline.stages.picking import Picker

    picker = Picker(inputs["model"])
    picker.by(inputs["reward"], settings.of, ctx.say, store=ctx.store)
    _gold(ctx, settings, picker)


def _gold(ctx: Context, settings: Measure, answerer: Answerer) -> None:
    from plumbline.microcosm.tasks import gold_task

    label = ctx.stage.rpartition("/")[2].removeprefix("gold-")
    s = settings
    task = gold_task(s.seed, s.n, s.temperature, s.answers, s.spare)
    gold = evaluated(ctx, task, answerer, label)["gold"]
    ctx.say(f"gold value {gold.value:.2f} [{gold.low:.2f}, {gold.high:.2f}], n={gold.n}")


def evaluated(ctx: Context, task: Task, answerer: Answerer, label: str) -> Mapping[str, Interval]:
    """A task on a model: results.json, and every answer in samples.jsonl; its metrics."""
    from plumbline.engine.memory import peak_gb
    from plumbline.evals.runner import run_task, write_results

    (ctx.out / "samples.jsonl").unlink(missing_ok=True)
    found = run_task(task, answerer, model=label, out=ctx.out)
    path = "forest" if answerer.policy.share else "rows"
    write_results(
        ctx.out, [found], command="evaluate", label=label, split="heldout", path=path,
        peak_gb=peak_gb(),
    )  # fmt: skip
    return found.metrics


def write_report(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """One page from every folder given."""
    from plumbline.evals.report import Section, build_report

    story = [Section("What was done", STORY)]
    build_report(list(inputs.values()), ctx.out / "report.html", TITLE, story)


TITLE = "plumbline on the microcosm"
STORY = (
    "The microcosm is a small generated world: invented people, beasts, plants and towns, true and "
    "false things said of them, chores, and dangerous requests beside harmless ones in the same "
    "words. What an answer is worth there is known exactly; that is its gold value.",
    "The base model has read that world's books and gossip. SFT imitates mediocre demonstrations. "
    "Simulated people with different values, noise and a taste for length and flattery then ranked "
    "SFT's answers; DPO and KTO were trained on these rankings, and PPO on its own answers as a "
    "reward model judges them that was trained on the rankings. The control is DPO on the same "
    "rankings after every one was shuffled: what it gains is owed to training as such, not to what "
    "people prefer.",
    "All values are measured on things and phrasings that appear in no demonstration and no "
    "ranking. It is a test of the machinery and says nothing on how real models behave.",
)


demonstrations = stage(
    "microcosm.demonstrations",
    version=1,
    settings=Draw,
    makes="data",
    function="plumbline.recipe.world:draw_demonstrations",
)
prompts = stage(
    "microcosm.prompts",
    version=1,
    settings=Draw,
    makes="data",
    function="plumbline.recipe.world:draw_prompts",
)
rankings = stage(
    "microcosm.rankings",
    version=1,
    settings=People,
    inputs={"answers": "samples"},
    makes="data",
    function="plumbline.recipe.world:rank",
)
gold = stage(
    "microcosm.gold",
    version=1,
    settings=Measure,
    inputs={"model": "model"},
    makes="results",
    function="plumbline.recipe.world:measure_gold",
)
best = stage(
    "microcosm.gold_of_best",
    version=1,
    settings=Best,
    inputs={"model": "model", "reward": "reward"},
    makes="results",
    function="plumbline.recipe.world:measure_best",
)
report = stage(
    "report",
    version=1,
    inputs={"*": "any"},
    makes="report",
    function="plumbline.recipe.world:write_report",
)
