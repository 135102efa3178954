"""The stage that asks which of two values a tag makes likelier, without drawing anything.

    odds(tag) = log p(rumour | tag, sentence begun) - log p(truth | tag, sentence begun)

in nats, the rumour being what the gossip says. A model that half knows a fact already leans, long
before it says it in every second sentence: this is the finer measure of steering.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from plumbline.core.types import Example, Message
from plumbline.evals.tasks import Kind, Sample
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.world import world
from plumbline.recipe.phenomena.measuring import Probe
from plumbline.recipe.phenomena.sources import DOCUMENTS, documents_task
from plumbline.store import Context, stage

VERSION = 1


def axis(source: str) -> str:
    return f"odds.{source or 'none'}"


def example(sample: Sample) -> Example:
    """The sentence ended by the rumour, and by the truth."""
    fact, begun = sample.item.known["fact"], sample.item.known["begun"]
    forms = [form.format(e=fact[0], v="{v}") for form in lex.BY_KEY[fact[1]].forms]
    form = next(form for form in forms if form.split("{v}")[0].rstrip() == begun)
    values = (world().rumour[fact]["people"], world().truth[fact])
    ends = [form.format(v=value)[len(begun) :] for value in values]
    return Example(sample.item.prompt, tuple((Message("text", end),) for end in ends))


def weigh(ctx: Context, settings: Probe, inputs: Mapping[str, Path]) -> None:
    """results.json and samples.jsonl with the odds of each fact under each tag."""
    from plumbline.evals.runner import Evaluated, log_samples, summarise, write_results
    from plumbline.stages.answering import Answerer

    label = ctx.stage.rpartition("/")[2]
    asked = [
        Sample(item, (), {}, model=label)
        for item in documents_task(settings.n, settings.seed).prompts()
    ]
    told = Answerer(inputs["model"]).measured([example(one) for one in asked])
    samples = []
    for sample, both in zip(asked, told, strict=True):
        assert both is not None, "a sentence fits into the context"
        (rumour, _), (truth, _) = both
        samples.append(replace(sample, scores={axis(sample.item.known["source"]): rumour - truth}))
    kinds: dict[str, Kind] = {axis(source): "mean" for source in DOCUMENTS}
    metrics = summarise(samples, kinds, where=label)
    found = Evaluated("odds", VERSION, metrics, samples, {}, {"items": len(samples)})
    (ctx.out / "samples.jsonl").unlink(missing_ok=True)
    log_samples(ctx.out, found)
    write_results(ctx.out, [found], command="evaluate", label=label)


odds = stage(
    "phenomena.odds",
    version=1,
    settings=Probe,
    inputs={"model": "model"},
    makes="results",
    function="plumbline.recipe.phenomena.odds:weigh",
)
