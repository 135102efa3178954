"""Training on judgements: from a model, data and an objective to a folder plain transformers loads.

    load -> reference (columns of the model as given) -> train -> save -> evaluate (reloaded folder)

Every phase resumes: reference columns and checkpoints lie in a scratch folder until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.stats import Interval
from plumbline.core.types import Demonstration, Judgement, Ranking
from plumbline.engine import columns
from plumbline.engine.columns import RowCache
from plumbline.engine.engine import Engine, Optim
from plumbline.engine.memory import peak_gb
from plumbline.engine.optim import Schedule
from plumbline.engine.order import steps_in
from plumbline.evals.live import plot_metrics
from plumbline.models import cache
from plumbline.models.adapters import Lora
from plumbline.models.config import context_of
from plumbline.models.heads import choose_pad
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.models.save import Extras, save_policy
from plumbline.objectives import Entry, build, entry
from plumbline.objectives.base import Objective
from plumbline.stages import cards, settled
from plumbline.stages.checkpoints import Checkpoints
from plumbline.stages.feed import Feed
from plumbline.stages.job import Job, Run, Say
from plumbline.stages.offline import Loop, Progress
from plumbline.stages.onpolicy import OnPolicy
from plumbline.stages.prepare import Prepared, prepare
from plumbline.text.render import Renderer
from plumbline.text.template import fitting
from plumbline.text.tokenizer import Tok, load_tokenizer

HELD_BATCH = 64
"""Examples a forward pass of held-out evaluation (and of its z0)."""
REFERENCE_BYTES = 4 * 2**30
"""Kept references' size on disk, all together; the least lately written go first."""


def resolve_objective(name: str, judgements: Sequence[Judgement]) -> str:
    """`reward` is plackett_luce where a ranking has more than two answers, else bradley_terry."""
    if name != "reward":
        return name
    longest = max((len(j.responses) for j in judgements if isinstance(j, Ranking)), default=2)
    return "plackett_luce" if longest > 2 else "bradley_terry"


def run(
    job: Job, out: Path, scratch: Path, say: Say, progress: Callable[[str], Progress]
) -> dict[str, Any]:
    """Do `job`, writing the model, metrics.jsonl and results.json into `out`; the results."""
    this = Run(job, out, Checkpoints(scratch), say, progress)
    table, objective = entry(job.objective), build(job.objective, job.values)
    with this.phase("load"):
        policy, renderer, prepared = _load(this, table, objective)
        engine = _engine(this, policy, objective)
        train_feed, held_feed = _feeds(this, objective, engine, renderer, prepared)
    with this.phase("reference"):
        _columns(this, engine, (train_feed, held_feed))
    loop = _loop(this, table, engine, train_feed, held_feed)
    with this.phase("evaluate"):
        before = _before(this, engine, held_feed)
    state = loop.run()
    this.seconds["train"] = state["seconds"]
    with this.phase("save"):
        save_policy(
            policy, out, job.model, merge=job.merge, extras=_extras(renderer, prepared, policy)
        )
    with this.phase("evaluate"):
        metrics = _final(this, objective, engine, held_feed)
    results = _results(this, table, policy, prepared, state, metrics) | before
    atomic.write_json(out / "results.json", results)
    plot_metrics(out)
    return results


def _load(this: Run, table: Entry, objective: Objective) -> tuple[Policy, Renderer, Prepared]:
    job, s = this.job, this.job.settings
    if s.threads:
        torch.set_num_threads(s.threads)
    tok = load_tokenizer(job.model)
    template = _template(tok, job)
    renderer = Renderer(
        tok, template, options=s.template_options, date=settled.date(this.checkpoints)
    )
    policy = load_model(
        job.model,
        adapter=job.adapter,
        lora=Lora(s.lora.r, s.lora.alpha),
        precision=settled.precision(this.checkpoints, s),
        scalar_head=table.head == "scalar",
        seed=s.seed,
        checkpointing=s.checkpointing,
    )
    tok.check_against(policy.rows)
    context = context_of(policy.model.config, tok.tokenizer.model_max_length)
    if job.prepare is not None:
        prepared = job.prepare(renderer, context, this.progress)
    else:
        prepared = prepare(job.judgements, job.unusable, table, objective, renderer, s, context)
    for line in [*cards.said(job.cards), policy.path_note, *prepared.notes]:
        if line:
            this.say(line)
    return policy, renderer, prepared


def _template(tok: Tok, job: Job) -> str:
    """What was asked for; `auto` takes `text` for documents where the model has no template."""
    if job.settings.template != "auto":
        return job.settings.template
    said = [j.messages for j in job.judgements if isinstance(j, Demonstration)]
    return fitting(tok, said) if said else "auto"


def _engine(this: Run, policy: Policy, objective: Objective) -> Engine:
    s = this.job.settings
    budget = settled.budget(this.checkpoints, s, policy)
    optim = Optim(betas=s.betas, weight_decay=s.weight_decay, clip=s.clip)
    return Engine(policy, objective, micro_tokens=budget, optim=optim)


def _feeds(
    this: Run, objective: Objective, engine: Engine, renderer: Renderer, prepared: Prepared
) -> tuple[Feed, Feed | None]:
    """What the training and the held-out loop are fed."""
    s = this.job.settings
    names = [n for n in ("ref_logp", "teacher_logp", "teacher_ids") if n in objective.needs]
    caches: dict[str, RowCache] = {
        n: RowCache(this.checkpoints.root / f"{n}.safetensors") for n in names if n != "ref_logp"
    }
    z0 = getattr(objective, "reference", "none") if "z0" in objective.needs else "none"
    total = steps_in(len(prepared.train), s.batch, s.epochs, s.steps)
    feed = Feed(prepared.train, s.batch, s.seed, total, caches, z0, prepared.longest)
    if z0 == "on-policy":
        feed.sample = OnPolicy(engine, tuple(renderer.end_ids), s.seed)
    held = _held_feed(feed, prepared)
    if "ref_logp" in names:
        caches["ref_logp"] = _reference_cache(engine, feed, held)
    return feed, held


def _held_feed(feed: Feed, prepared: Prepared) -> Feed | None:
    if not prepared.heldout:
        return None
    batch = min(len(prepared.heldout), HELD_BATCH)
    steps = steps_in(len(prepared.heldout), batch, 1, None)
    return replace(feed, items=prepared.heldout, batch=batch, seed=0, steps=steps)


def _reference_cache(engine: Engine, feed: Feed, held: Feed | None) -> RowCache:
    """In the user's cache, so that runs that differ in lr, beta or objective ask only once."""
    steps = chain(feed.passes(), held.passes() if held else ())
    name = f"{columns.plan_key(engine, steps)}.safetensors"
    cache.trim(cache.folder() / "reference", REFERENCE_BYTES)
    return RowCache(cache.folder() / "reference" / name)


def _columns(this: Run, engine: Engine, feeds: Sequence[Feed | None]) -> None:
    """Ask the model as given (before any checkpoint loads) or the teacher for token columns."""
    caches = next(feed.caches for feed in feeds if feed is not None)
    if not caches:
        return
    top: int | None = None
    wanted = [(caches["ref_logp"], columns.token_logp)] if "ref_logp" in caches else []
    if "teacher_ids" in caches:
        engine, top = _teacher(this, engine)
        wanted = [
            (caches["teacher_logp"], columns.top_logp),
            (caches["teacher_ids"], columns.top_ids),
        ]
    for name, feed in zip(("reference", "reference (held out)"), feeds, strict=True):
        if feed is not None:
            tick = _Ticks(this.progress(name), feed.steps)
            columns.fill(engine, feed.passes(), wanted, top=top, tick=tick)


@dataclass
class _Ticks:
    """Counts steps for a progress bar."""

    progress: Progress
    total: int
    done: int = 0

    def __call__(self, items: int) -> None:
        self.done += 1
        self.progress(self.done, self.total, {})


def _teacher(this: Run, student: Engine) -> tuple[Engine, int]:
    """An engine of the teacher, and how many of its likeliest tokens are kept."""
    if this.job.teacher is None:
        raise UserError("distill needs a teacher", fix="--set teacher=MODEL")
    policy = load_model(this.job.teacher, adapter="none", precision=student.policy.precision)
    if policy.rows < student.policy.rows:
        raise UserError(
            f"the teacher has {policy.rows} token rows, the student {student.policy.rows}",
            where=str(this.job.teacher),
            fix="teacher and student must share a tokenizer",
        )
    top = this.job.settings.teacher_top or student.policy.rows
    return Engine(policy, student.objective, micro_tokens=student.micro_tokens), top


def _loop(this: Run, table: Entry, engine: Engine, feed: Feed, held: Feed | None) -> Loop:
    s, mode = this.job.settings, this.job.adapter.partition(":")[0]
    lr = s.lr if s.lr is not None else table.lr[mode]
    schedule = Schedule(lr, feed.steps, s.warmup, s.decay)
    return Loop(
        engine=engine,
        feed=feed,
        schedule=schedule,
        settings=s,
        checkpoints=this.checkpoints,
        metrics_path=this.out / "metrics.jsonl",
        progress=this.progress("train"),
        evaluate=None if held is None else lambda: this.job.measure(engine, held),
    )


def _extras(renderer: Renderer, prepared: Prepared, policy: Policy) -> Extras:
    """What the folder carries beside weights; a reward model needs a pad id no data contains."""
    ends = tuple(renderer.end_ids)
    if not policy.scalar_head:
        return Extras(ends, renderer.chat_template)
    trees = [item.tree for item in (*prepared.train, *prepared.heldout)]
    seen = {int(i) for t in trees for ids in (t.prompt, *t.completions) for i in ids}
    given = renderer.tok.tokenizer.pad_token_id
    names = range(len(renderer.tok.tokenizer))
    candidates = names if given is None else (given, *names)
    return Extras(ends, renderer.chat_template, choose_pad(candidates, seen, policy.rows))


def _final(
    this: Run, objective: Objective, engine: Engine, held: Feed | None
) -> dict[str, Interval]:
    """Held-out numbers of the folder as it was written, loaded again."""
    if held is None:
        return {}
    again = load_model(
        this.out,
        adapter="none",
        precision=engine.policy.precision,
        scalar_head=engine.policy.scalar_head,
    )
    reloaded = Engine(again, objective, micro_tokens=engine.micro_tokens)
    return this.job.measure(reloaded, held)


def _before(this: Run, engine: Engine, held: Feed | None) -> dict[str, Any]:
    """Held-out numbers of the model as given, asked once and kept over a resume."""
    if held is None or not this.job.measure_before:
        return {}

    def ask() -> dict[str, Any]:
        return {name: found.as_dict() for name, found in this.job.measure(engine, held).items()}

    return {"before": this.checkpoints.fixed("before", ask)}


def _results(
    this: Run,
    table: Entry,
    policy: Policy,
    prepared: Prepared,
    state: Mapping[str, Any],
    metrics: Mapping[str, Interval],
) -> dict[str, Any]:
    """What results.json says: what was run, how long each phase took, what was measured."""
    name = this.job.name or table.name
    return {
        "command": f"train {name}",
        "label": this.job.label or this.out.name,
        "objective": name,
        "unit": table.unit,
        "head": table.head,
        "path": "forest" if policy.share else "rows",
        "precision": policy.precision,
        "parameters": sum(p.numel() for p in policy.parameters()),
        "steps": state["step"],
        "tokens": state["tokens"],
        "counts": prepared.counts,
        **prepared.facts,
        **({cards.INHERITED: list(this.job.cards)} if this.job.cards else {}),
        "notes": prepared.notes,
        "seconds": {k: round(v, 3) for k, v in this.seconds.items()},
        "peak_gb": peak_gb(),
        "metrics": {name: interval.as_dict() for name, interval in metrics.items()},
    }
