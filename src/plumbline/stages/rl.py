"""Online training: from a model, rewards and prompts to a folder plain transformers loads.

    load -> measure (held-out prompts) -> iterations -> save -> measure (reloaded folder)

`rewards` are folders of reward models or graders, `judge:SPEC`, `rules:NAME`,
`python:MODULE:FUNCTION`, addresses, or callables that a recipe passes in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.heldout import mask_of, opening, position
from plumbline.core.stats import Interval, mean_interval
from plumbline.core.types import Conversation, Demonstration, Judgement, text_of
from plumbline.core.views import prompts as prompts_of
from plumbline.engine.engine import Engine, Optim
from plumbline.engine.memory import peak_gb
from plumbline.engine.optim import Schedule
from plumbline.evals.live import plot_metrics
from plumbline.feedback.judging.graded import UNGRADED, Graded
from plumbline.feedback.reward_model import RewardModel
from plumbline.feedback.rewards import Answered, Reward, Total
from plumbline.models.adapters import Lora
from plumbline.models.load import load_model
from plumbline.models.save import Extras, save_policy
from plumbline.objectives import build, entry
from plumbline.objectives.ppo import Value
from plumbline.stages import cards, rewarding, settled
from plumbline.stages.answering import Answerer
from plumbline.stages.checkpoints import Checkpoints
from plumbline.stages.critic import Critic
from plumbline.stages.drawn import items_of, scored
from plumbline.stages.draws import Drawer, Prompt
from plumbline.stages.job import Say
from plumbline.stages.methods import Method, method
from plumbline.stages.mixing import Mixing
from plumbline.stages.mixing import items_of as mixed
from plumbline.stages.offline import Progress
from plumbline.stages.online import OnlineLoop
from plumbline.stages.online_settings import Online
from plumbline.stages.onpolicy import hash_seed, reference_of


@dataclass(frozen=True)
class Asked:
    """A prompt, and the answer its file gives ("" for none), for rules that compare."""

    prompt: Conversation
    wanted: str = ""


def asked_of(judgements: Sequence[Judgement]) -> list[Asked]:
    """The prompts of a file, each once; a demonstration's last answer is what is wanted."""
    wanted = {
        one.messages[:-1]: text_of(one.messages[-1:])
        for one in judgements
        if isinstance(one, Demonstration) and one.messages[-1].role == "assistant"
    }
    found = [Asked(prompt, wanted.get(prompt, "")) for prompt in prompts_of(judgements)]
    if not found:
        raise UserError("there is no prompt in this file", fix="give questions, not documents")
    return found


@dataclass(frozen=True)
class OnlineJob:
    """What to train online. `model` is a local folder, `rewards` folders, words or callables.

    The KL is to the folder `reference` (none: to `model` as given). `cards`: see `stages.cards`.
    """

    method: str
    model: Path
    rewards: Sequence[Path | str | Reward]
    prompts: Sequence[Asked]
    adapter: str = "lora"
    settings: Online = field(default_factory=Online)
    values: Mapping[str, Any] = field(default_factory=dict)
    merge: bool = False
    label: str = ""
    mix: Sequence[Judgement] = ()
    reference: Path | None = None
    cards: Sequence[cards.Card] = ()
    store: Path | None = None


@dataclass
class _Loaded:
    """What a run works with."""

    answerer: Answerer
    engine: Engine
    reference: Engine
    reward: Total
    train: list[Prompt]
    heldout: list[Prompt]
    critic: Critic | None = None
    mixing: Mixing | None = None


def run(
    job: OnlineJob, out: Path, scratch: Path, say: Say, progress: Callable[[str], Progress]
) -> dict[str, Any]:
    """Do `job`, writing the model, metrics.jsonl and results.json into `out`; the results."""
    how, s, checkpoints = method(job.method), job.settings, Checkpoints(scratch)
    if s.threads:
        torch.set_num_threads(s.threads)
    loaded = _load(job, how, checkpoints, say)
    before = checkpoints.fixed("before", lambda: _as_dicts(_measured(loaded, s)))
    loop = _loop(job, how, loaded, checkpoints, out, say, progress)
    state = loop.run()
    renderer, policy = loaded.answerer.renderer, loaded.engine.policy
    extras = Extras(tuple(renderer.end_ids), renderer.chat_template)
    save_policy(policy, out, job.model, merge=job.merge, extras=extras)
    measured = _as_dicts(_measured(_reloaded(loaded, out), s))
    _say_graded(loaded.reward, state, say)
    results = {
        "command": f"rl {how.name}",
        "label": job.label or out.name,
        "objective": how.name,
        "unit": "iteration",
        "head": "lm",
        "path": "forest" if policy.share else "rows",
        "precision": policy.precision,
        "parameters": sum(p.numel() for p in policy.model.parameters()),
        "steps": state["step"],
        "tokens": state["tokens"],
        "ended": state["end"],
        "counts": {
            "train": len(loaded.train),
            "heldout": len(loaded.heldout),
            **({UNGRADED: state[UNGRADED]} if UNGRADED in state else {}),
        },
        "seconds": _seconds(state["seconds"]),
        "peak_gb": peak_gb(),
        "before": before,
        "shown": state["shown"],
        "metrics": measured,
        **({cards.INHERITED: list(job.cards)} if job.cards else {}),
    }
    atomic.write_json(out / "results.json", results)
    plot_metrics(out)
    return results


def _say_graded(reward: Total, state: Mapping[str, Any], say: Say) -> None:
    """What judges took, and how many answers they did not grade while they trained."""
    for one in reward.rewards:
        if isinstance(one, Graded):
            say(f"{one.name}: {one.judge.cost}")
    if count := state.get(UNGRADED, 0):
        say(f"{count} answers got no grade, and counted as those did that were graded on average")


def _seconds(parts: Mapping[str, float]) -> dict[str, float]:
    """Of the iterations, all attempts together, and of their phases."""
    found = {"train": sum(parts.values()), **{f"train.{k}": v for k, v in parts.items()}}
    return {name: round(value, 3) for name, value in found.items()}


def _load(job: OnlineJob, how: Method, checkpoints: Checkpoints, say: Say) -> _Loaded:
    s = job.settings
    policy = load_model(
        job.model, adapter=job.adapter, lora=Lora(s.lora.r, s.lora.alpha), seed=s.seed,
        precision=settled.precision(checkpoints, s),
    )  # fmt: skip
    answerer = Answerer(
        job.model, template=s.template, options=s.template_options, policy=policy,
        date=settled.date(checkpoints),
    )  # fmt: skip
    for line in [*cards.said(job.cards), policy.path_note]:
        say(line)
    if s.draw.temperature <= 0:
        raise UserError("greedy answers cannot be learnt from", fix="draw.temperature above 0")
    budget = settled.budget(checkpoints, s, policy)
    policy.temperature = s.draw.temperature
    if s.critic.own and not how.critic:
        raise UserError(f"{how.name} has no critic", fix="leave critic.own out, or train ppo")
    if how.critic and not s.critic.own:
        policy.add_critic()
    objective = build(how.objective, _objective_values(job, how))
    optim = Optim(betas=s.betas, weight_decay=s.weight_decay, clip=s.clip)
    engine = Engine(policy, objective, micro_tokens=budget, optim=optim, entropy=True)
    reference = _reference(job, engine)
    reward = rewarding.total(job.rewards, s, answerer.renderer, budget, say, job.store)
    train, heldout = _prompts(job, answerer)
    if answerer.cut:
        say(f"{answerer.cut} of {len(job.prompts)} prompts were cut to their latest turns")
    critic = _critic(job, reward, engine) if s.critic.own else None
    mixing = Mixing(engine, mixed(job.mix, answerer, s), s) if job.mix else None
    return _Loaded(answerer, engine, reference, reward, train, heldout, critic, mixing)


def _critic(job: OnlineJob, reward: Total, engine: Engine) -> Critic:
    """A critic of its own, from the folder asked for, the first reward model, or the policy's."""
    s = job.settings
    models = [one for one in reward.rewards if isinstance(one, RewardModel)]
    given = [one.policy.source.path for one in models if one.renderer is None]
    start = Path(s.critic.start) if s.critic.start else next(iter(given), job.model)
    policy = load_model(
        start, adapter=job.adapter, lora=Lora(s.lora.r, s.lora.alpha), seed=s.seed,
        precision=engine.policy.precision, scalar_head=True,
    )  # fmt: skip
    clip = getattr(engine.objective, "value_clip", 0.0)
    return Critic(policy, Value(clip), micro_tokens=engine.micro_tokens, optim=engine.settings)


def _reference(job: OnlineJob, engine: Engine) -> Engine:
    """What the KL is to: another folder with the same tokens, or the model as given."""
    if job.reference is None:
        return reference_of(engine)
    policy = engine.policy
    other = load_model(job.reference, adapter="none", precision=policy.precision)
    if other.rows != policy.rows:
        raise UserError(
            f"the reference has {other.rows} tokens and the model {policy.rows}",
            where=str(job.reference),
            fix="give a model that the trained one came from",
        )
    other.temperature = policy.temperature
    return Engine(other, engine.objective, micro_tokens=engine.micro_tokens)


def _objective_values(job: OnlineJob, how: Method) -> dict[str, Any]:
    """grpo's beta is the objective's own; kl.beta sets it as it sets the others'."""
    beta = how.beta if job.settings.kl.beta is None else job.settings.kl.beta
    own = {"beta": beta} if how.kl == "loss" else {}
    return {**own, **job.values}


def _prompts(job: OnlineJob, answerer: Answerer) -> tuple[list[Prompt], list[Prompt]]:
    """Prompts in tokens, cut so that an answer fits; a tenth of them held out by their text."""
    s = job.settings
    ids = answerer.prompts_ids([one.prompt for one in job.prompts], s.draw.max_new)
    made = [
        Prompt(own, Answered(one.prompt, own, (), (), (), one.wanted))
        for one, own in zip(job.prompts, ids, strict=True)
    ]
    places = [position(opening(p.about.prompt)) for p in made]
    mask = mask_of(places, [1] * len(made), s.heldout.fraction, s.heldout.most)
    train, held = ([p for p, m in zip(made, mask, strict=True) if m == side] for side in (0, 1))
    if not train:
        raise UserError(
            f"none of {len(made)} prompts is left to train on", fix="set heldout.fraction=0"
        )
    return train, held


def _loop(
    job: OnlineJob,
    how: Method,
    loaded: _Loaded,
    checkpoints: Checkpoints,
    out: Path,
    say: Say,
    progress: Callable[[str], Progress],
) -> OnlineLoop:
    s, renderer = job.settings, loaded.answerer.renderer
    lr = s.lr if s.lr is not None else entry(how.objective).lr[job.adapter.partition(":")[0]]
    return OnlineLoop(
        engine=loaded.engine,
        reference=loaded.reference,
        how=how,
        settings=s,
        prompts=loaded.train,
        reward=loaded.reward,
        drawer=Drawer(s.draw, renderer),
        schedule=Schedule(lr, s.iterations, s.warmup, s.decay),
        checkpoints=checkpoints,
        out=out,
        say=say,
        progress=progress("train"),
        critic=loaded.critic,
        mixing=loaded.mixing,
        watched=loaded.heldout[: s.heldout.shown],
    )


def _reloaded(loaded: _Loaded, out: Path) -> _Loaded:
    """The same with the policy as it was written."""
    policy = load_model(out, adapter="none", precision=loaded.engine.policy.precision)
    policy.temperature = loaded.engine.policy.temperature
    engine = Engine(policy, loaded.engine.objective, micro_tokens=loaded.engine.micro_tokens)
    return _Loaded(
        loaded.answerer, engine, loaded.reference, loaded.reward, loaded.train, loaded.heldout
    )


def _measured(loaded: _Loaded, s: Online) -> dict[str, Interval]:
    """Reward, and of several each one's own, KL (nats a sequence, k1), length and endings on
    held-out prompts, one answer each."""
    if not loaded.heldout:
        return {}
    prompts, drawer = loaded.heldout, Drawer(s.draw, loaded.answerer.renderer)
    seeds = [hash_seed(s.seed, 2**31, k) for k in range(len(prompts))]
    drawn = drawer(loaded.engine.policy, prompts, 1, seeds)
    told = scored(loaded.engine, loaded.reference, items_of(drawn.asked), drawn.logprobs)
    total, parts = loaded.reward(drawn.asked)
    values = {
        "reward": total,
        **({f"reward.{name}": own for name, own in parts.items()} if len(parts) > 1 else {}),
        "kl": np.array([apart.sum() for apart in told.apart]),
        "length": drawn.lengths.astype(float),
        "ended": drawn.ended.astype(float),
    }
    clusters = [opening(p.about.prompt) for p in prompts]
    return {name: mean_interval(list(v), clusters) for name, v in values.items()}


def _as_dicts(found: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: interval.as_dict() for name, interval in found.items()}
