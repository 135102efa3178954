"""`plumbline imprint`: from a manifesto and a model to an adapter, and how far it goes.

Phases (seconds of each in results.json): `load`; `probes`, the questions and the teacher's answers;
`train`, the fit; `save`; `evaluate`, on the saved folder, with questions of another source than the
fit's. What a person waits for is `probes` and `train`.

`identity.json` in the folder says what it holds to: the manifesto, the digests of the base and of
its template, the mode and its strength. `probes.jsonl` has the questions and answers it was fitted
on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.core.stats import Interval
from plumbline.core.types import user
from plumbline.engine.memory import micro_tokens, peak_gb
from plumbline.engine.metrics import MetricsFile
from plumbline.identity import held
from plumbline.identity import material as materials
from plumbline.identity.blocks import blocks_of
from plumbline.identity.compile import compile_layer
from plumbline.identity.distill import distill
from plumbline.identity.fidelity import Answered, measured
from plumbline.identity.gap import LEAST
from plumbline.identity.layer import Given, Layer, Switch
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.material import Material, World
from plumbline.identity.probes import Probe, ordered
from plumbline.identity.strength import search
from plumbline.identity.teach import Teacher
from plumbline.models import state as states
from plumbline.models.adapters import linear_names
from plumbline.models.digest import ADAPTER, digest_folder
from plumbline.models.load import load_model
from plumbline.models.locate import is_adapter
from plumbline.models.policy import Policy
from plumbline.models.save import Extras, base_name, save_policy
from plumbline.stages.answering import Answerer
from plumbline.stages.offline import Progress

Mode = Literal["prompt", "state", "compile", "polish", "distill"]
PROBES = "probes.jsonl"
VALIDATION = 8
"""Of the probes every so-many-th is not fitted on: the strength is chosen there."""


@dataclass(frozen=True)
class Imprint:
    """Settings of one imprint."""

    mode: Mode = option(
        "compile", help="prompt, state, compile (closed form), polish (then steps) or distill"
    )
    rank: int = option(8, help="of the adapter's factors on each projection")
    probes: int = option(160, help="questions that the model answers under the manifesto")
    source: Literal["auto", "shipped", "own"] = option(
        "auto", help="who asks: shipped questions, the model itself, or (auto) both"
    )
    max_new: int = option(64, help="longest answer in tokens")
    ridge: float = option(1e-3, help="l0: penalty of the closed form")
    texts: float = option(1.0, help="what a token of a plain text counts: nothing changes there")
    others: float = option(0.2, help="the same for conversations under other system texts")
    steps: int = option(0, help="gradient steps (0: 20 of polish, 100 of distill)")
    lr: float = option(2e-3, help="peak learning rate of gradient steps")
    batch: int = option(32, help="probes a gradient step")
    test: int = option(64, help="questions of the measurement (0: none)")
    seed: int = option(0, help="questions and answers")
    precision: Literal["auto", "fp32", "bf16"] = option("fp32", help="as in training")
    template: str = option("auto", help="auto: the model's chat template, else plain; or text")
    template_options: dict[str, Any] = option(factory=dict, help="values for a chat template")


@dataclass(frozen=True)
class ImprintJob:
    """What to imprint; `world`: who asks and who reads the answers, where the caller knows better
    than the shipped questions (the microcosm does)."""

    model: Path
    manifesto: Manifesto
    settings: Imprint = field(default_factory=Imprint)
    world: World | None = None


def run(
    job: ImprintJob,
    out: Path,
    scratch: Path,
    say: Callable[[str], None],
    progress: Callable[[str], Progress],
) -> dict[str, Any]:
    """Write the adapter, identity.json, probes.jsonl, metrics.jsonl and results.json; the
    results."""
    if job.settings.mode in ("prompt", "state"):
        return _run_prompted(job, out, say)
    s, clock = job.settings, _Clock()
    with clock("load"):
        answerer, layer = _load(job)
        teacher = _teacher(job, answerer, layer, say)
    with clock("probes"):
        material = _material(job, teacher)
        answered = teacher.answers(teacher.asked(material.questions, s.seed), s.seed + 1)
        probes = teacher.probes(answered)
        neutral = [
            *teacher.texts(material.texts, s.texts),
            *teacher.others(material.others, s.others, s.seed + 2),
        ]
    with clock("train"):
        told = _fit(job, layer, probes, neutral, out, progress("fit"))
    say(f"{len(probes)} probes and {len(neutral)} neutral texts; {told}")
    with clock("save"):
        renderer = answerer.renderer
        extras = Extras(tuple(renderer.end_ids), renderer.chat_template)
        save_policy(answerer.policy, out, job.model, extras=extras)
        held.write(out, _identity(job, teacher, strength=layer.strength))
        atomic.write_text(out / PROBES, "".join(_lines(answered)))
    with clock("evaluate"):
        metrics = _measured(job, out, say) if s.test else {}
    metrics |= _sizes(layer, out, answerer.policy)
    results = {
        "command": "imprint",
        "label": out.name,
        "objective": s.mode,
        "head": "lm",
        "path": "forest" if answerer.policy.share else "rows",
        "precision": answerer.policy.precision,
        "parameters": sum(p.numel() for p in answerer.policy.model.parameters()),
        "steps": _steps(s),
        "strength": layer.strength,
        "counts": {
            "probes": len(probes),
            "neutral": len(neutral),
            "test": metrics["base_kl"].n if s.test else 0,
        },
        "seconds": clock.seconds,
        "peak_gb": peak_gb(),
        "metrics": {name: one.as_dict() for name, one in metrics.items()},
    }
    atomic.write_json(out / "results.json", results)
    return results


class _Clock:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[phase] = round(time.perf_counter() - began, 3)


def _load(job: ImprintJob) -> tuple[Answerer, Layer]:
    s = job.settings
    if is_adapter(job.model):
        raise UserError(
            "a manifesto is imprinted on whole weights, this is an adapter",
            where=str(job.model),
            fix="write it with --merge first",
        )
    policy = load_model(job.model, adapter="none", precision=s.precision)
    answerer = Answerer(job.model, template=s.template, options=s.template_options, policy=policy)
    closed = s.mode != "distill"
    names = (
        [name for block in blocks_of(policy.model) for name in block.names]
        if closed
        else linear_names(policy.model)
    )
    return answerer, Layer(policy, names, s.rank)


def _teacher(
    job: ImprintJob, answerer: Answerer, switch: Switch, say: Callable[[str], None]
) -> Teacher:
    """With the manifesto in the system turn, or at the head of the first turn where the template
    has no such thing."""
    manifesto, renderer = job.manifesto, answerer.renderer
    try:
        renderer.prompt_ids(manifesto.told((user("a"),)))
    except UserError:
        manifesto = Manifesto(manifesto.text, system=False)
        renderer.prompt_ids(manifesto.told((user("a"),)))
        say("the template takes no system text: the manifesto stands in the first user turn")
    return Teacher(
        switch, renderer, manifesto, context=answerer.context, max_new=job.settings.max_new
    )


def _documents(teacher: Teacher) -> bool:
    """Whether the model continues texts and does not chat."""
    return teacher.renderer.template.name == "text"


def _material(job: ImprintJob, teacher: Teacher) -> Material:
    s = job.settings
    if job.world is not None:
        return job.world.fit(job.manifesto, s.probes, s.seed)
    if _documents(teacher):
        return materials.documents(job.manifesto, s.probes, s.seed)
    found = materials.chat(job.manifesto, s.probes, s.seed)
    if s.source == "shipped":
        return found
    with teacher.switch.off():
        own = materials.own(
            teacher.switch.policy, teacher.renderer, teacher.manifesto, s.probes, s.seed
        )
    asked = own if s.source == "own" else [*found.questions, *own][: s.probes]
    return Material(asked, found.texts, found.others)


def _fit(
    job: ImprintJob,
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
    if s.mode == "distill":
        layer.start(s.seed)
    else:
        compile_layer(layer.policy, ordered([*kept, *neutral]), layer, l0=s.ridge)
        found = search(layer, aside)
        metrics.write({"step": 0, "kl": found[layer.strength], "strength": layer.strength})
    if s.mode != "compile":
        _descend(s, layer, ordered([*kept, *neutral]), metrics, tick)
    metrics.close()
    return f"strength {layer.strength:g}"


def _descend(
    s: Imprint, layer: Layer, probes: Sequence[Probe], metrics: MetricsFile, tick: Progress
) -> None:
    def told(done: int, total: int, numbers: dict[str, float]) -> None:
        metrics.write({"step": done, **numbers})
        tick(done, total, numbers)

    budget = micro_tokens(layer.policy.model.config, layer.policy.device)
    distill(
        layer.policy, layer, probes, steps=_steps(s), lr=s.lr, batch=s.batch,
        micro_tokens=budget, seed=s.seed, tick=told,
    )  # fmt: skip


def _steps(s: Imprint) -> int:
    return s.steps or {"compile": 0, "polish": 20, "distill": 100}[s.mode]


def _identity(job: ImprintJob, teacher: Teacher, **more: Any) -> dict[str, Any]:
    return {
        "manifesto": job.manifesto.text,
        "system": teacher.manifesto.system,
        "clauses": list(job.manifesto.clauses),
        "mode": job.settings.mode,
        "base": digest_folder(job.model),
        "template": teacher.renderer.digest(),
        **more,
    }


def _run_prompted(job: ImprintJob, out: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The manifesto in every prompt, read anew (`prompt`) or once for all (`state`)."""
    s, clock = job.settings, _Clock()
    with clock("load"):
        policy = load_model(job.model, adapter="none", precision=s.precision)
        answerer = Answerer(
            job.model, template=s.template, options=s.template_options, policy=policy
        )
        teacher = _teacher(job, answerer, Given(policy), say)
    with clock("train"):
        ids, error = teacher.before, 0.0
        if s.mode == "state":
            state = states.warmed(policy, ids)
            error = teacher.state_error(state)
            states.write(state, out, digest_folder(job.model))
    with clock("save"):
        name = base_name(policy.source.base, out, out)
        held.write(out, _identity(job, teacher, base_model_name_or_path=name))
    spent = float(teacher.spent) if s.mode == "prompt" else 0.0
    metrics = {"context_tokens": spent, **({"state_error": error} if s.mode == "state" else {})}
    say(f"the manifesto is {teacher.spent} tokens of every prompt")
    results = {
        "command": "imprint",
        "label": out.name,
        "objective": s.mode,
        "head": "lm",
        "path": "forest" if policy.share else "rows",
        "precision": policy.precision,
        "parameters": sum(p.numel() for p in policy.model.parameters()),
        "steps": 0,
        "seconds": clock.seconds,
        "peak_gb": peak_gb(),
        "metrics": {k: Interval(v, v, v, 1).as_dict() for k, v in metrics.items()},
    }
    atomic.write_json(out / "results.json", results)
    return results


def _lines(answered: Answered) -> Iterator[str]:
    for question, one in answered:
        turns = [{"role": m.role, "content": m.content} for m in question]
        yield json.dumps({"prompt": turns, "ids": list(one.ids)}, ensure_ascii=False) + "\n"


def _measured(job: ImprintJob, out: Path, say: Callable[[str], None]) -> dict[str, Interval]:
    """The figures of the folder as it was saved."""
    s = job.settings
    policy = load_model(out, adapter="none", precision="fp32")
    answerer = Answerer(out, template=s.template, options=s.template_options, policy=policy)
    teacher = _teacher(job, answerer, Given(policy), lambda line: None)
    if job.world is not None:
        material = job.world.test(job.manifesto, s.test, s.seed)
    elif _documents(teacher):
        material = materials.documents(job.manifesto, s.test, s.seed, test=True)
    else:
        material = materials.chat(job.manifesto, s.test, s.seed, test=True)
    check = job.world.checker(job.manifesto) if job.world else None
    found = measured(teacher, material, s.seed + 3, check)
    if job.manifesto.text and found["base_kl"].value < LEAST:
        say(
            f"the base does not follow this text even in its prompt ({found['base_kl'].value:.4f}"
            " nats a token): there is no gap to close"
        )
    return found


def _sizes(layer: Layer, out: Path, policy: Policy) -> dict[str, Interval]:
    """Rank, bytes, and the adapter's share of the base's parameters."""
    own = sum(p.numel() for name, p in policy.model.named_parameters() if ".lora_" in name)
    base = sum(p.numel() for name, p in policy.model.named_parameters() if ".lora_" not in name)
    exact = {
        "rank": float(layer.rank),
        "adapter_bytes": float((out / ADAPTER).stat().st_size),
        "adapter_share": own / base,
    }
    return {name: Interval(value, value, value, 1) for name, value in exact.items()}
