"""The stage that scores right answers: exact match of a greedy answer beside its log-probability.

A line of samples.jsonl is an item with two numbers: `NAME.exact` (the answer is right) and
`NAME.logp` (nats a token that the model gives to the right answer, end token included).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.core.settings import option
from plumbline.core.types import Example, Response, answer, text_of
from plumbline.evals.tasks import Generation, Item, Kind, Scored, Task
from plumbline.recipe.phenomena.answerkeys import KEYS, Key, keys
from plumbline.store import Context, stage

if TYPE_CHECKING:
    from plumbline.evals.runner import Evaluated
    from plumbline.stages.answering import Answerer

VERSION, MAX_NEW = 1, 48


@dataclass(frozen=True)
class Keys:
    """How many items an ability."""

    n: int = option(100, help="items of each ability")
    seed: int = option(0, help="another seed, other items")


def score(ctx: Context, settings: Keys, inputs: Mapping[str, Path]) -> None:
    """results.json and samples.jsonl of all abilities on one model."""
    from plumbline.engine.memory import peak_gb
    from plumbline.evals.runner import log_samples, write_results
    from plumbline.stages.answering import Answerer

    answerer = Answerer(inputs["model"])
    (ctx.out / "samples.jsonl").unlink(missing_ok=True)
    label = ctx.stage.rpartition("/")[2]
    done = [both(answerer, name, keys(name, settings.n, settings.seed), label) for name in KEYS]
    for one in done:
        log_samples(ctx.out, one)
    path = "forest" if answerer.policy.share else "rows"
    write_results(
        ctx.out, done, command="evaluate", label=label, split="heldout", path=path,
        peak_gb=peak_gb(),
    )  # fmt: skip


def both(answerer: Answerer, name: str, asked: Sequence[Key], model: str) -> Evaluated:
    """Exact match and log-probability of each item."""
    from plumbline.evals.runner import run_task, summarise

    said = run_task(_task(name, asked), answerer, model=model)
    told = answerer.measured([Example(key.prompt, (answer(key.right),)) for key in asked])
    samples = []
    for sample, one in zip(said.samples, told, strict=True):
        assert one is not None, "every right answer fits into the context"
        (nats, tokens) = one[0]
        samples.append(replace(sample, scores={**sample.scores, f"{name}.logp": nats / tokens}))
    kinds: dict[str, Kind] = {f"{name}.exact": "share", f"{name}.logp": "mean"}
    return replace(said, samples=samples, metrics=summarise(samples, kinds, where=name))


def _task(name: str, asked: Sequence[Key]) -> Task:
    items = [Item(key.prompt, str(i), key.cluster, {"key": key}) for i, key in enumerate(asked)]

    def exact(item: Item, response: Response) -> Scored:
        key = item.known["key"]
        return Scored({f"{name}.exact": float(key.exact(text_of(response)))}, (key.right,))

    return Task(
        name, VERSION, lambda: items, exact, {f"{name}.exact": "share"}, Generation(1, MAX_NEW),
        "Right answers, to the letter.",
    )  # fmt: skip


scored = stage(
    "phenomena.scored",
    version=1,
    settings=Keys,
    inputs={"model": "model"},
    makes="results",
    function="plumbline.recipe.phenomena.scored:score",
)
