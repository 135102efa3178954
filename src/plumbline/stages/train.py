"""Training on judgements: from a model, data and an objective to a folder plain transformers loads.

    load -> reference (columns of the model as given) -> train -> save -> evaluate (reloaded folder)

Every phase resumes: reference columns and checkpoints lie in a scratch folder until the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.settings import Values, describe, overlay
from plumbline.core.stats import Interval
from plumbline.core.types import Judgement, Ranking
from plumbline.engine import columns
from plumbline.engine.columns import RowCache
from plumbline.engine.engine import Engine, Optim
from plumbline.engine.memory import micro_tokens, peak_gb
from plumbline.engine.optim import Schedule
from plumbline.engine.order import steps_in
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.models.save import save_policy
from plumbline.objectives import Entry, build, entry
from plumbline.objectives.base import Objective
from plumbline.stages import heldout
from plumbline.stages.checkpoints import Checkpoints
from plumbline.stages.feed import Feed
from plumbline.stages.offline import Loop, Progress
from plumbline.stages.prepare import Prepared, prepare
from plumbline.stages.settings import Train
from plumbline.text.render import Renderer
from plumbline.text.tokenizer import load_tokenizer

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """What to train. `model` is a local folder; `values` overlay the objective's own settings."""

    objective: str
    model: Path
    judgements: Sequence[Judgement]
    adapter: str = "lora"
    settings: Train = field(default_factory=Train)
    values: Mapping[str, Any] = field(default_factory=dict)
    merge: bool = False
    teacher: Path | None = None


@dataclass
class Run:
    """A job under way: where it writes, whom it tells, and how long each phase took."""

    job: Job
    out: Path
    checkpoints: Checkpoints
    say: Say
    progress: Callable[[str], Progress]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def split_values(objective: str, sets: Mapping[str, Any]) -> tuple[Train, Values]:
    """Training settings and the objective's own, told apart by name; UserError for neither."""
    from importlib import import_module

    module, _, kind = entry(objective).path.partition(":")
    own = {f.name for f in fields(getattr(import_module(module), kind))}
    places = getattr(sets, "places", {})
    mine = Values({k: v for k, v in sets.items() if k.partition(".")[0] in own}, places)
    rest = Values({k: v for k, v in sets.items() if k not in mine}, places)
    try:
        return overlay(Train(), rest), mine
    except UserError as error:
        raise _with_objective(error, own, describe(Train)) from error


def _with_objective(error: UserError, own: set[str], known: Sequence[Any]) -> UserError:
    """An unknown key's message also names what the objective takes."""
    extra = f"; this objective also takes: {', '.join(sorted(own)) or 'nothing of its own'}"
    return UserError(error.what, where=error.where, fix=f"{error.fix}{extra}")


def resolve_objective(name: str, judgements: Sequence[Judgement]) -> str:
    """`reward` is plackett_luce where a ranking has more than two answers, else bradley_terry."""
    if name != "reward":
        return name
    longest = max((len(j.responses) for j in judgements if isinstance(j, Ranking)), default=2)
    return "plackett_luce" if longest > 2 else "bradley_terry"


def run(job: Job, out: Path, scratch: Path, say: Say, progress: Callable[[str], Progress]) -> dict[str, Any]:
    """Do `job`, writing the model, metrics.jsonl and results.json into `out`; the results."""
    this = Run(job, out, Checkpoints(scratch), say, progress)
    table, objective = entry(job.objective), build(job.objective, job.values)
    with this.phase("load"):
        policy, renderer, prepared = _load(this, table, objective)
        engine = _engine(this, policy, objective)
        train_feed, held_feed = _feeds(this, table, objective, engine, prepared)
    with this.phase("reference"):
        _columns(this, engine, (train_feed, held_feed))
    loop = _loop(this, table, engine, train_feed, held_feed)
    with this.phase("train"):
        state = loop.run()
    with this.phase("save"):
        renderer.save(save_policy(policy, out, merge=job.merge, end_ids=renderer.end_ids))
    with this.phase("evaluate"):
        metrics = _final(this, objective, engine, held_feed)
    return _results(this, table, policy, prepared, state, metrics)


def _load(this: Run, table: Entry, objective: Objective) -> tuple[Policy, Renderer, Prepared]:
    job, s = this.job, this.job.settings
    tok = load_tokenizer(job.model)
    renderer = Renderer(tok, template=s.template)
    policy = load_model(
        job.model,
        adapter=job.adapter,
        r=s.lora.r,
        alpha=s.lora.alpha,
        precision=this.checkpoints.fixed("precision", lambda: _precision(s.precision)),
        scalar_head=table.head == "scalar",
        seed=s.seed,
        checkpointing=s.checkpointing,
    )
    tok.check_against(policy.rows)
    prepared = prepare(job.judgements, table, objective, renderer, s, policy.context)
    for line in [policy.path_note, *prepared.notes]:
        if line:
            this.say(line)
    return policy, renderer, prepared


def _precision(asked: str) -> str:
    from plumbline.models.precision import resolve

    return resolve(asked)


def _engine(this: Run, policy: Policy, objective: Objective) -> Engine:
    s = this.job.settings
    budget = this.checkpoints.fixed(
        "micro_tokens", lambda: s.micro_tokens or micro_tokens(policy.model.config, policy.device)
    )
    optim = Optim(betas=s.betas, weight_decay=s.weight_decay, clip=s.clip)
    return Engine(policy, objective, micro_tokens=budget, optim=optim)


def _feeds(
    this: Run, table: Entry, objective: Objective, engine: Engine, prepared: Prepared
) -> tuple[Feed, Feed | None]:
    """What the training and the held-out loop are fed."""
    s = this.job.settings
    cache = RowCache(this.checkpoints.root / "reference.safetensors") if table.reference else None
    z0 = getattr(objective, "reference", "none") if "z0" in objective.needs else "none"
    total = steps_in(len(prepared.train), s.batch, s.epochs, s.steps)
    feed = Feed(prepared.train, s.batch, s.seed, total, cache, z0, prepared.longest)
    if not prepared.heldout:
        return feed, None
    held = len(prepared.heldout)
    size = min(held, 64)
    steps = steps_in(held, size, 1, None)
    return feed, replace(feed, items=prepared.heldout, batch=size, seed=0, steps=steps)


def _columns(this: Run, engine: Engine, feeds: Sequence[Feed | None]) -> None:
    """Score the model as given on everything the run will ask of it (before any checkpoint loads)."""
    for feed in feeds:
        if feed is None or feed.reference is None:
            continue
        tick = this.progress("reference")
        total, done = feed.steps, 0

        def advance(_: int) -> None:
            nonlocal done
            done += 1
            tick(done, total, {})

        columns.fill(engine, feed.passes(), feed.reference, columns.token_logp, advance)


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
        evaluate=None if held is None else lambda: heldout.evaluate(engine, held),
    )


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
    return heldout.evaluate(reloaded, held)


def _results(
    this: Run,
    table: Entry,
    policy: Policy,
    prepared: Prepared,
    state: Mapping[str, Any],
    metrics: Mapping[str, Interval],
) -> dict[str, Any]:
    """results.json: what was run, how long each phase took, and what was measured."""
    results = {
        "command": f"train {table.name}",
        "objective": table.name,
        "unit": table.unit,
        "path": "forest" if policy.share else "rows",
        "precision": policy.precision,
        "steps": state["step"],
        "tokens": state["tokens"],
        "counts": prepared.counts,
        "notes": prepared.notes,
        "seconds": {k: round(v, 3) for k, v in this.seconds.items()},
        "peak_gb": peak_gb(),
        "metrics": {name: interval.as_dict() for name, interval in metrics.items()},
    }
    atomic.write_json(this.out / "results.json", results)
    return results
