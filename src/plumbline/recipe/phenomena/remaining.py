"""The stage that says what of a model is left beside what it upholds; `losable` has the questions.

    upheld          share of drawn answers that uphold the manifesto, on held-out requests
    facts, inference, unseen            share told right, greedily; NAME.share in nats
    nats, nats.SOURCE   nats of a document, of any source and of one; `tokens` beside it
    kl.texts, kl.chats                  KL(base || model) over the vocabulary, summed, `tokens`
                                        beside it: plain texts, and the base's own answers to
                                        requests on which no value acts

Every number is a line of samples.jsonl, so that models are compared item by item. With `told` the
manifesto stands before every request (and before no document).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plumbline.core.settings import option
from plumbline.core.types import Conversation, Message, Response, text_of
from plumbline.evals.tasks import Generation, Item, Kind, Sample, Sampler, Scored, Task
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe.phenomena import losable, upheld
from plumbline.recipe.phenomena.losable import Known
from plumbline.store import Context, stage

if TYPE_CHECKING:
    from plumbline.evals.runner import Evaluated
    from plumbline.identity.gap import Side
    from plumbline.identity.probes import Probe
    from plumbline.identity.teach import Teacher
    from plumbline.stages.answering import Answerer

VERSION = 1
MEASURES = ("facts", "inference", "unseen")


@dataclass(frozen=True)
class Left:
    """How much is asked."""

    requests: int = option(400, help="held-out requests on which a value acts")
    facts: int = option(240, help="facts asked")
    guesses: int = option(240, help="inferences asked")
    documents: int = option(24, help="documents of each source")
    chats: int = option(100, help="requests on which no value acts")
    temperature: float = option(1.0, help="at which answers to the requests are drawn")
    seed: int = option(0, help="draws questions and answers")
    told: bool = option(False, help="with the manifesto in the system turn")


def measure(ctx: Context, settings: Left, inputs: Mapping[str, Path]) -> None:
    """results.json and samples.jsonl of one model; `base` is what it is compared with."""
    from plumbline.engine.memory import peak_gb
    from plumbline.evals.runner import log_samples, run_task, write_results
    from plumbline.stages.answering import Answerer

    s, label = settings, ctx.stage.rpartition("/")[2]
    model = Answerer(inputs["model"])
    ask = behind(model, s.told)
    (ctx.out / "samples.jsonl").unlink(missing_ok=True)
    done = [run_task(task(s), ask, model=label)]
    for name, asked in questions(s).items():
        done += [run_task(losable.recall(name, asked), ask, model=label)]
        done += [shares(name, asked, model, s.told, label)]
    done += [surprise(losable.documents(s.documents, s.seed), model, label)]
    done += list(moved(Answerer(inputs["base"]), model, s, label))
    for one in done:
        log_samples(ctx.out, one)
    write_results(ctx.out, done, command="evaluate", label=label, split="heldout",
                  peak_gb=peak_gb())  # fmt: skip


def behind(model: Answerer, told: bool) -> Sampler:
    """The model, with the manifesto before each prompt where it is told."""

    def sample(
        prompts: Sequence[Conversation], generation: Generation
    ) -> Sequence[Sequence[Response]]:
        return model([upheld.MANIFESTO.told(p) for p in prompts] if told else prompts, generation)

    return sample


def questions(settings: Left) -> dict[str, list[Known]]:
    s = settings
    return {
        "facts": losable.facts(s.facts, s.seed),
        "inference": losable.inference(s.guesses, s.seed),
        "unseen": losable.unseen(),
    }


def task(settings: Left) -> Task:
    """`upheld` in all, and `upheld.VALUE`."""
    asked = upheld.heldout(settings.requests, settings.seed)
    items = [
        Item(ask.conversation, str(i), ask.topic, {"ask": ask, "value": value})
        for i, (value, ask) in enumerate(asked)
    ]

    def score(item: Item, response: Response) -> Scored:
        kept = float(upheld.upheld(item.known["ask"], text_of(response).strip()))
        return Scored({"upheld": kept, f"upheld.{item.known['value']}": kept})

    kinds: dict[str, Kind] = {"upheld": "share"}
    kinds |= {f"upheld.{value}": "share" for value, _ in asked}
    return Task(
        "upheld", VERSION, lambda: items, score, kinds,
        Generation(1, MAX_NEW, settings.temperature, seed=settings.seed),
        "Share of answers that uphold the manifesto, on requests on which one of its values acts.",
    )  # fmt: skip


def shares(name: str, asked: Sequence[Known], model: Answerer, told: bool, who: str) -> Evaluated:
    """The log of the right value's share among all values of its attribute, in nats."""
    put = [one.wordings for one in asked]
    if told:
        put = [replace(one, prompt=upheld.MANIFESTO.told(one.prompt)) for one in put]
    samples = []
    for i, (known, said) in enumerate(zip(asked, model.measured(put), strict=True)):
        assert said is not None, "every wording fits into the context"
        nats = np.array([value for value, _ in said])
        share = float(nats[known.place] - np.logaddexp.reduce(nats))
        item = Item(known.ask.conversation, str(i), known.cluster)
        samples.append(Sample(item, (), {f"{name}.share": share}, (known.value,), model=who))
    return _told(name + ".share", samples, {f"{name}.share": "mean"})


def surprise(texts: Sequence[tuple[str, str]], model: Answerer, who: str) -> Evaluated:
    """Nats of each document, by its source; metrics are nats a token."""
    from plumbline.core.stats import ratio_interval
    from plumbline.core.types import Example
    from plumbline.evals.runner import Evaluated

    asked = [Example((), ((Message("text", text),),)) for _, text in texts]
    samples = []
    for (source, text), said in zip(texts, model.measured(asked), strict=True):
        assert said is not None, "documents are read in pieces where they are long"
        (logp, tokens) = said[0]
        item = Item((Message("text", text),), cluster=text)
        scores = {"nats": -logp, f"nats.{source}": -logp, "tokens": float(tokens)}
        samples.append(Sample(item, (), scores, model=who))
    metrics = {}
    for axis in dict.fromkeys(["nats", *(f"nats.{source}" for source, _ in texts)]):
        mine = [one.scores for one in samples if axis in one.scores]
        metrics[axis] = ratio_interval([m[axis] for m in mine], [m["tokens"] for m in mine])
    return Evaluated("documents", VERSION, metrics, samples)


def moved(base: Answerer, model: Answerer, settings: Left, who: str) -> Iterator[Evaluated]:
    """KL to the base on plain texts and on the base's own answers."""
    from plumbline.identity.layer import Given
    from plumbline.identity.teach import Teacher

    s = settings
    teacher = Teacher(
        Given(base.policy), base.renderer, upheld.MANIFESTO, context=base.context, max_new=MAX_NEW
    )
    texts = [text for _, text in losable.documents(s.documents, s.seed)]
    said = teacher.answers(teacher.fitting(upheld.neutral(s.chats, s.seed)), s.seed, "base")
    yield _apart("kl.texts", teacher, model, teacher.texts(texts, 1.0), "student", who)
    side: Side = "told" if s.told else "student"
    yield _apart("kl.chats", teacher, model, teacher.probes(said), side, who)


def _apart(
    axis: str, teacher: Teacher, model: Answerer, probes: Sequence[Probe], side: Side, who: str
) -> Evaluated:
    """KL(base || model) of each probe, which the model reads as `side` says."""
    from plumbline.core.stats import ratio_interval
    from plumbline.evals.runner import Evaluated
    from plumbline.identity.gap import apart
    from plumbline.identity.layer import Given

    found = apart(teacher.switch, probes, "student", side, Given(model.policy))
    samples = [
        Sample(
            Item((Message("text", f"{axis} {i}"),)), (),
            {axis: float(row.sum()), "tokens": float(len(row))}, model=who,
        )
        for i, row in enumerate(found.rows)
    ]  # fmt: skip
    metrics = {axis: ratio_interval(found.sums, found.sizes)}
    return Evaluated(axis, VERSION, metrics, samples)


def _told(name: str, samples: Sequence[Sample], kinds: Mapping[str, Kind]) -> Evaluated:
    from plumbline.evals.runner import Evaluated, summarise

    return Evaluated(name, VERSION, summarise(samples, kinds, where=name), samples)


remaining = stage(
    "phenomena.remaining",
    version=1,
    settings=Left,
    inputs={"model": "model", "base": "model"},
    makes="results",
    function="plumbline.recipe.phenomena.remaining:measure",
)
