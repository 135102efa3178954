"""The online methods' claim: half of the way from SFT to the best of 64 answers, KL near target.

    python tools/prove_online.py FOLDER [SEED ...] [--methods ppo,grpo,rloo,reinforce]

For each seed (0 to 4 where none is named): the microcosm's SFT model; rankings by simulated people
of its answers, and then of its and a DPO model's; a reward model on both; and every method, trained
on that reward model. What answers are worth to gold is then measured on the same held-out prompts:
SFT's mean is 0, the mean over prompts of the best of SFT's 64 answers is 1. Prints, for each method
and seed, where its mean lies between, with a 95 % bootstrap interval over prompts, and its KL; then
the means over the seeds. Runs in a store under FOLDER and goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from plumbline.core.settings import option
from plumbline.core.stats import Interval, mean_interval, ratio_interval
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe import quickstart, world
from plumbline.recipe.loading import recipe
from plumbline.recipe.run import run_recipe
from plumbline.stages import table
from plumbline.stages.online_settings import Drawing, HeldOut, Kl, Online, Onlining
from plumbline.stages.settings import Sampling, Training
from plumbline.store import Handle, Store, silent

BEST_OF, PROMPTS, TEMPERATURE = 64, 150, 0.7
TARGET = 6.0
"""Nats a sequence that beta is moved to keep."""
SECOND = 900
"""Added to the seed of the prompts that both SFT and DPO answer."""


def _how(method: str, iterations: int, lr: float, n: int, **more: object) -> Onlining:
    train = Online(
        iterations=iterations, prompts=32, lr=lr, heldout=HeldOut(most=100),
        kl=Kl(target=TARGET), draw=Drawing(n=n, max_new=MAX_NEW, temperature=TEMPERATURE),
    )  # fmt: skip
    values = {"value": 0.05} if method == "ppo" else {}
    return Onlining(method, "full", values=values, train=replace(train, **more))  # type: ignore[arg-type]


HOW = {
    "ppo": _how("ppo", 40, 4e-5, 4, epochs=1, minibatches=2, whiten=False, lam=1.0),
    "grpo": _how("grpo", 60, 3e-5, 4, kl=Kl(beta=0.05)),
    "rloo": _how("rloo", 60, 4e-5, 4),
    "reinforce": _how("reinforce", 50, 3e-5, 4, whiten=False),
}


@dataclass(frozen=True)
class Settings:
    seed: int = option(0, help="draws everything")
    rankings: int = option(2000, help="prompts whose four answers are ranked")
    methods: tuple[str, ...] = option(tuple(HOW), help="which")
    sft: Training = field(default_factory=lambda: quickstart.Settings().sft)
    reward: Training = field(default_factory=lambda: quickstart.Settings().reward)
    dpo: Training = field(default_factory=lambda: quickstart.Settings().dpo)


def ranked(s: Settings, models: list[Handle], n: int, offset: int, name: str) -> Handle:
    """Rankings of four answers to each of n prompts, by each model as many."""
    asked = world.prompts(world.Draw(n, offset + s.seed), label=f"prompts-{name}")
    drawn = Sampling(n=4 // len(models), max_new=MAX_NEW, temperature=TEMPERATURE, seed=s.seed)
    said = [
        table.sample(drawn, model=model, prompts=asked, label=f"answers-{name}-{i}")
        for i, model in enumerate(models)
    ]
    others = {"others": said[1]} if len(said) > 1 else {}
    return world.rankings(world.People(s.seed), answers=said[0], label=f"rankings-{name}", **others)


@recipe
def proof(settings: Settings) -> dict[str, Handle]:
    s = settings
    _, sft = quickstart.tuned("", 400, s.sft, s.seed)
    # What a policy will say and SFT never did (refuse a chore) must be among what people compared:
    # SFT's answers are ranked, DPO learns from that, and its answers are ranked with SFT's.
    few = s.rankings // 2
    judged = ranked(s, [sft], few, quickstart.PROMPTS, "first")
    preferred = table.train(quickstart.seeded(s.dpo, s.seed), model=sft, data=judged, label="dpo")
    again = ranked(s, [sft, preferred], s.rankings - few, SECOND, "second")
    both = table.join(label="rankings", first=judged, second=again)
    reward = table.reward(quickstart.seeded(s.reward, s.seed), model=sft, data=both)
    more = world.prompts(world.Draw(1600, quickstart.ONLINE + s.seed), label="more")
    made: dict[str, Handle] = {}
    pool = world.Measure(PROMPTS, s.seed, BEST_OF, TEMPERATURE)
    made["gold-sft"] = world.gold(pool, model=sft, label="gold-sft")
    for name in s.methods:
        how = replace(HOW[name], train=replace(HOW[name].train, seed=s.seed))
        model = table.rl(how, model=sft, prompts=more, reward=reward, label=name)
        measure = world.Measure(PROMPTS, s.seed, 4, TEMPERATURE)
        made[name] = model
        made[f"gold-{name}"] = world.gold(measure, model=model, label=f"gold-{name}")
    return made


def by_prompt(folder: Path) -> dict[str, list[float]]:
    """Gold values of the answers to each prompt."""
    found: dict[str, list[float]] = defaultdict(list)
    for line in (folder / "samples.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        found[row["id"]].append(row["scores"]["gold"])
    return found


def share(sft: dict[str, list[float]], own: dict[str, list[float]]) -> Interval:
    """Where `own` lies between SFT's mean (0) and the best of SFT's answers (1), over prompts."""
    zero, best, mean = (
        np.array([f(rows[key]) for key in sft])
        for f, rows in ((np.mean, sft), (np.max, sft), (np.mean, own))
    )
    return ratio_interval(mean - zero, best - zero)


def prove(folder: Path, seed: int, methods: Sequence[str]) -> dict[str, float]:
    sets = [f"seed={seed}", f"methods={json.dumps(list(methods))}"]
    result = run_recipe(proof, None, sets, Store(folder / "store"), silent)
    sft, found = by_prompt(result.folder("gold-sft")), {}
    for name in methods:
        way = share(sft, by_prompt(result.folder(f"gold-{name}")))
        told = json.loads((result.folder(name) / "results.json").read_text("utf-8"))
        kl, spent = told["metrics"]["kl"], told["seconds"]["train"]
        print(
            f"seed {seed} {name}: {way.value:.2f} [{way.low:.2f}, {way.high:.2f}] of the way, "
            f"KL {kl['value']:.1f} [{kl['low']:.1f}, {kl['high']:.1f}] nats, {spent:.0f} s",
            flush=True,
        )
        found[name] = way.value
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("folder", type=Path)
    parser.add_argument("--methods", default=",".join(HOW))
    parser.add_argument("seeds", nargs="*", type=int)
    given = parser.parse_args()
    methods = given.methods.split(",")
    rows = [prove(given.folder, seed, methods) for seed in given.seeds or range(5)]
    for name in methods:
        mean = mean_interval([row[name] for row in rows])
        print(f"{name}: {mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}] over {len(rows)} seeds")


if __name__ == "__main__":
    main()
