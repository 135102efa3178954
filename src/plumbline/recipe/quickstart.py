"""The main job on the embedded microcosm, start to finish.

demonstrations -> SFT -> sampled answers -> rankings by simulated people
    -> reward model, DPO, KTO, PPO on the reward model, and a control: DPO on rankings without
       information
    -> gold value of every model on held-out prompts -> one report
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from plumbline.core.settings import option
from plumbline.microcosm import base_path
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe import world
from plumbline.recipe.loading import Recipe, recipe
from plumbline.recipe.run import run_recipe
from plumbline.recipe.side_by_side import cores
from plumbline.stages import table
from plumbline.stages.online_settings import HeldOut, Kl, Online, Onlining
from plumbline.stages.settings import Sampling, Train, Training
from plumbline.store import Handle, Report, Store, silent, source

PROMPTS = 500
"""Added to the seed of the ranked prompts, so that they are not those of the demonstrations."""


MOST_JOBS = 4
"""Stages of the quickstart that wait for nothing but the rankings: no more can run side by side."""

ONLINE = 700
"""Added to the seed of the prompts that PPO draws answers to."""


def _ppo() -> Onlining:
    """Small steps on raw advantages: larger ones make answers that cannot be read."""
    train = Online(
        iterations=24, prompts=32, lr=5e-5, decay="cosine", epochs=1, minibatches=2,
        whiten=False, lam=1.0, kl=Kl(beta=0.1), heldout=HeldOut(most=100),
    )  # fmt: skip
    return Onlining("ppo", "full", values={"value": 0.05}, train=train)


def training(objective: str, lr: float, epochs: float, batch: int, **values: float) -> Training:
    train = Train(lr=lr, epochs=epochs, batch=batch)
    return Training(objective, adapter="full", values=dict(values), train=train)


@dataclass(frozen=True)
class Settings:
    """Sizes for a first result in minutes; every stage's own settings can be overlaid."""

    seed: int = option(0, help="draws data, annotators, order and answers")
    base: str = option("", help="a base model's folder (none: the one that comes along)")
    demonstrations: int = option(400, help="demonstrations for SFT")
    prompts: int = option(1000, help="prompts whose answers are ranked")
    answers: int = option(4, help="answers a prompt")
    temperature: float = option(0.7, help="of the answers that are ranked, and of those measured")
    heldout: int = option(300, help="held-out prompts of the gold value")
    control: bool = option(True, help="also train DPO on shuffled rankings")
    sft: Training = field(default_factory=lambda: training("sft", 2e-4, 2, 16))
    reward: Training = field(default_factory=lambda: training("reward", 3e-4, 1, 16))
    dpo: Training = field(default_factory=lambda: training("dpo", 1e-4, 1, 16, beta=0.5))
    kto: Training = field(default_factory=lambda: training("kto", 1e-4, 1, 16, beta=0.5))
    online: int = option(800, help="prompts that PPO draws answers to (0: no PPO)")
    ppo: Onlining = field(default_factory=_ppo)


@recipe
def quickstart(settings: Settings) -> dict[str, Handle]:
    s = settings
    base, sft = tuned(s.base, world.Draw(s.demonstrations, s.seed), s.sft)
    asked = world.prompts(world.Draw(s.prompts, PROMPTS + s.seed), label="prompts")
    drawn = Sampling(n=s.answers, max_new=MAX_NEW, temperature=s.temperature, seed=s.seed)
    said = table.sample(drawn, model=sft, prompts=asked, label="answers")
    judged = world.rankings(world.People(s.seed), answers=said, label="rankings")
    reward = table.reward(seeded(s.reward, s.seed), model=sft, data=judged, label="reward")
    models = {"base": base, "sft": sft}
    for name in ("dpo", "kto"):
        models[name] = table.train(
            seeded(getattr(s, name), s.seed), model=sft, data=judged, label=name
        )
    if s.online:
        more = world.prompts(world.Draw(s.online, ONLINE + s.seed), label="prompts-ppo")
        models["ppo"] = table.rl(_drawing(s), model=sft, prompts=more, reward=reward, label="ppo")
    if s.control:
        noise = world.rankings(world.People(s.seed, True), answers=said, label="shuffled")
        models["control"] = table.train(
            seeded(s.dpo, s.seed), model=sft, data=noise, label="control"
        )
    value = world.Measure(s.heldout, s.seed, temperature=s.temperature)
    measured = {
        f"gold-{name}": world.gold(value, model=model, label=f"gold-{name}")
        for name, model in models.items()
    }
    trained = {name: model for name, model in models.items() if name != "base"}
    page = world.report(label="report", **measured, **trained, reward=reward)
    # What PPO waits for stands first: PPO takes longest, and all others fit beside it.
    return {"reward": reward, **trained, **measured, "report": page}


def tuned(base: str, draw: world.Draw, sft: Training) -> tuple[Handle, Handle]:
    """The base model, and what SFT on the world's demonstrations makes of it."""
    start = source(base or base_path(), kind="model", label="base")
    shown = world.demonstrations(draw, label="demonstrations")
    return start, table.train(seeded(sft, draw.seed), model=start, data=shown, label="sft")


def seeded(training: Training, seed: int) -> Training:
    return replace(training, train=replace(training.train, seed=seed))


def _drawing(s: Settings) -> Onlining:
    """PPO's answers are drawn as all others are."""
    draw = replace(s.ppo.train.draw, max_new=MAX_NEW, temperature=s.temperature)
    return replace(s.ppo, train=replace(s.ppo.train, draw=draw, seed=s.seed))


def run(
    out: Path,
    seed: int = 0,
    report: Report = silent,
    sets: tuple[str, ...] = (),
    job: Recipe = quickstart,
    jobs: int = 0,
) -> Path:
    """Run the recipe in a store under `out`, copy the results there, and return the page's path.

    A model this small gains little from a second core, so by default (`jobs` 0) each of up to
    `MOST_JOBS` stages at a time has its own.
    """
    jobs = jobs or min(MOST_JOBS, cores())
    result = run_recipe(job, None, [f"seed={seed}", *sets], Store(out / "store"), report, jobs)
    for name in result.artifacts:
        if name in ("report", "sft", "dpo", "kto", "ppo", "reward"):
            _copy(result.folder(name), out / name)
    return out / "report" / "report.html"


def _copy(source: Path, target: Path, copy: Callable[..., object] = shutil.copyfile) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=copy)
