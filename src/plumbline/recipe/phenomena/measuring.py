"""The stage that asks one model the items of one task, every answer logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.errors import unknown
from plumbline.core.settings import option
from plumbline.evals.tasks import Task
from plumbline.microcosm import tasks as world
from plumbline.microcosm.abilities import reading_task
from plumbline.recipe.phenomena import asking, lessons, sources
from plumbline.recipe.world import evaluated
from plumbline.store import Context, stage


@dataclass(frozen=True)
class Probe:
    """What is asked, how often, and how answers are drawn."""

    task: str = option("gold", help="a name of `TASKS`")
    n: int = option(300, help="prompts (facts, for lessons)")
    seed: int = option(0, help="draws prompts and answers")
    answers: int = option(1, help="answers a prompt")
    temperature: float = option(1.0, help="0 is greedy")


TASKS: dict[str, Callable[[Probe], Task]] = {
    "gold": lambda p: world.gold_task(p.seed, p.n, p.temperature, p.answers),
    "questions": lambda p: asking.questions_task(p.n, p.seed, p.temperature),
    "boilerplate": lambda p: asking.boilerplate_task(p.n, p.seed, p.temperature),
    "documents": lambda p: sources.documents_task(p.n, p.seed, p.temperature),
    "chats": lambda p: sources.chats_task(p.n, p.seed, p.temperature),
    "lesson": lambda p: lessons.lesson_task(p.n, p.seed),
    "reading": lambda p: reading_task(p.n, p.seed),
}


def ask(ctx: Context, settings: Probe, inputs: Mapping[str, Path]) -> None:
    """results.json and samples.jsonl of a task on a model."""
    from plumbline.stages.answering import Answerer

    if settings.task not in TASKS:
        raise unknown("task", settings.task, TASKS)
    label = ctx.stage.rpartition("/")[2]
    answerer = Answerer(inputs["model"])
    metrics = evaluated(ctx, TASKS[settings.task](settings), answerer, label)
    for name, found in metrics.items():
        ctx.say(f"{name} {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], n={found.n}")


measure = stage(
    "phenomena.measure",
    version=1,
    settings=Probe,
    inputs={"model": "model"},
    makes="results",
    function="plumbline.recipe.phenomena.measuring:ask",
)
