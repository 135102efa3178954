"""From a manifesto and a model to an adapter, and how far it goes.

Phases (seconds of each in results.json): `load`; `probes`, the questions and the teacher's answers;
`train`, the fit; `save`; `evaluate`, on the saved folder, with questions of another source than the
fit's. What a person waits for is `probes` and `train`.

`identity.json` in the folder says what it holds to: the manifesto, the digests of the base and of
its template, the mode and its strength. `probes.jsonl` has the questions and answers it was fitted
on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.engine.memory import micro_tokens
from plumbline.engine.metrics import MetricsFile
from plumbline.identity import compose, held
from plumbline.identity.blocks import projections
from plumbline.identity.compile import compile_layer
from plumbline.identity.distill import distill
from plumbline.identity.layer import Layer
from plumbline.identity.probes import Probe, ordered
from plumbline.identity.strength import search
from plumbline.models.adapters import linear_names
from plumbline.models.load import load_model
from plumbline.models.save import save_policy
from plumbline.stages.answering import Answerer
from plumbline.stages.imprint import prompted, written
from plumbline.stages.imprint.finishing import finish
from plumbline.stages.imprint.opening import Say, fitted_on, opened, teacher_for
from plumbline.stages.imprint.record import Clock, steps_of
from plumbline.stages.imprint.settings import Imprint, ImprintJob, Sum
from plumbline.stages.offline import Progress

VALIDATION = 8
"""Of the probes every so-many-th is not fitted on: the strength is chosen there."""


def run(
    job: ImprintJob, out: Path, scratch: Path, say: Say, progress: Callable[[str], Progress]
) -> dict[str, Any]:
    """Write the adapter, identity.json, probes.jsonl, metrics.jsonl and results.json; the
    results."""
    if job.settings.mode in ("prompt", "state"):
        return prompted.run(job, out, say)
    if job.settings.mode == "hyper" and job.sum is None:
        return written.run(job, out, say)
    s, clock = job.settings, Clock()
    if s.refit and (s.mode != "compile" or job.sum is not None):
        raise UserError(
            "a refit is a second fit in closed form", fix="use --mode compile, or leave refit out"
        )
    if job.sum is not None and job.sum.chained:
        with clock("train"):
            job = replace(job, sum=_chain(job, job.sum, scratch))
    with clock("load"):
        answerer = opened(job)
        whole = compose.added(_parts(job.sum)) if job.sum else {}
        layer = Layer(answerer.policy, list(whole) or _names(job, answerer), s.rank)
        teacher = teacher_for(answerer, layer, job.manifesto, s, say)
    with clock("probes"):
        material = fitted_on(job, teacher)
        # Questions that were asked before have their second turns already.
        ask = partial(teacher.asked, seed=s.seed) if job.questions is None else teacher.fitting
        asked = ask(material.questions)
        said, others = teacher.both(asked, material.others, s.seed + 1)
        answered = [*held.spread(job.kept, 2 * s.probes), *said]
        probes = teacher.probes(answered)
        neutral = [*teacher.texts(material.texts, s.texts), *teacher.others(others, s.others)]
    with clock("train"):
        told = _fit(job, whole, layer, probes, neutral, out, progress("fit"))
        if s.refit and job.manifesto.text:
            own = teacher.answers(held.spread(asked, s.refit), s.seed + 2, "student")
            probes = teacher.probes([*answered, *own])
            told = _fit(job, whole, layer, probes, neutral, out, progress("refit"))
    say(f"{len(probes)} probes and {len(neutral)} neutral texts; {told}")
    with clock("save"):
        held.write_probes(out, [*job.kept, *said])
    counts = {"probes": len(probes), "neutral": len(neutral)}
    return finish(job, teacher, layer, out, clock, say, counts)


def _names(job: ImprintJob, answerer: Answerer) -> list[str]:
    """The projections that get a layer."""
    model = answerer.policy.model
    if job.settings.mode == "distill":
        return linear_names(model)
    return projections(model)


def _fit(
    job: ImprintJob,
    whole: compose.Parts,
    layer: Layer,
    probes: Sequence[Probe],
    neutral: Sequence[Probe],
    out: Path,
    tick: Progress,
) -> str:
    """Fit the layer as the mode says; a line about it. Steps go to metrics.jsonl."""
    s, metrics = job.settings, MetricsFile(out / "metrics.jsonl")
    if not job.manifesto.text:
        layer.clear()
        return "the manifesto is empty, and so is the adapter"
    kept = [one for i, one in enumerate(probes) if i % VALIDATION]
    aside = [one for i, one in enumerate(probes) if not i % VALIDATION] or kept
    fitted = ordered([*kept, *neutral])
    if whole:
        _add_up(job, whole, layer, fitted)
    elif s.mode == "distill":
        layer.start(s.seed)
    else:
        before = _factors_in(job.before) if job.before else None
        compile_layer(layer.policy, fitted, layer, l0=s.ridge, before=before)
        found = search(layer, aside)
        metrics.write({"step": 0, "kl": found[layer.strength], "strength": layer.strength})
    if steps_of(s):
        _descend(s, layer, fitted, metrics, tick)
    metrics.close()
    return f"strength {layer.strength:g}"


def _chain(job: ImprintJob, given: Sum, scratch: Path) -> Sum:
    """The second manifesto imprinted on the base with the first one's adapter merged in."""
    first, second = given.parts
    merged, on_top = scratch / "merged", scratch / "on_top"
    policy = load_model(first, adapter="none", precision="fp32")
    save_policy(policy, merged, first, merge=True)
    words = held.manifesto_of(held.told_in(second))
    settings = replace(job.settings, test=0)
    part = ImprintJob(merged, words, settings, job.world, questions=job.questions)
    run(part, on_top, scratch, lambda line: None, lambda phase: lambda *numbers: None)
    return Sum((first, on_top), given.strengths)


def _add_up(job: ImprintJob, whole: compose.Parts, layer: Layer, probes: Sequence[Probe]) -> None:
    bare = load_model(job.model, adapter="none", precision="fp32")
    compose.narrow(compose.laid(bare, whole), layer, probes)


def _parts(given: Sum) -> list[tuple[compose.Parts, float]]:
    return list(zip(map(_factors_in, given.parts), given.strengths, strict=True))


def _factors_in(folder: Path) -> compose.Parts:
    """What the adapter of a folder adds."""
    return compose.factors_of(load_model(folder, adapter="none", precision="fp32"))


def _descend(
    s: Imprint, layer: Layer, probes: Sequence[Probe], metrics: MetricsFile, tick: Progress
) -> None:
    def told(done: int, total: int, numbers: dict[str, float]) -> None:
        metrics.write({"step": done, **numbers})
        tick(done, total, numbers)

    budget = micro_tokens(layer.policy.model.config, layer.policy.device)
    # Few large steps are what a layer that is nearly there needs; from zero, many small ones.
    batch = s.batch or (32 if s.mode == "distill" else 96)
    distill(
        layer.policy, layer, probes, steps=steps_of(s), lr=s.lr, batch=batch,
        micro_tokens=budget, seed=s.seed, tick=told,
    )  # fmt: skip
