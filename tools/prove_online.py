"""The online methods' claim: half of the way from SFT to the best of 64 answers, KL near target.

    python tools/prove_online.py FOLDER [SEED ...] [--methods ppo,grpo,rloo,reinforce]

For each seed (0 to 4 where none is named): the microcosm's SFT model; rankings of its answers by
simulated people; a reward model on them; and every method, trained on that reward model. What
answers are worth to gold is then measured where SFT's mean is 0 and the mean over prompts of the
best of SFT's 64 answers is 1: on new prompts of the kind that was trained on (none of them ranked
or drawn on), and on held-out ones, with phrasings, things, values or combinations that no training
had. Prints, for each method and seed, where its mean lies, with a 95 % bootstrap interval over
prompts, and its KL; then the means over the seeds. Runs in a store under FOLDER and goes on where
it was.
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
TARGET = 1.0
"""Nats a sequence that beta is moved to keep: not far beyond it this reward model is exploited."""
SPARE = 0.05
"""Of the prompts of the kind that is trained on: they are measured on."""
ON = {"new": SPARE, "heldout": 0.0}


def _how(method: str, beta: float = 0.1, **more: object) -> Onlining:
    """Small steps, a rate that falls to nothing, and a KL that is let grow to its target."""
    train = Online(
        iterations=50, prompts=32, lr=4e-5, decay="cosine", heldout=HeldOut(most=100),
        kl=Kl(beta=beta, target=TARGET, horizon=1000),
        draw=Drawing(n=4, max_new=MAX_NEW, temperature=TEMPERATURE),
    )  # fmt: skip
    values = {"value": 0.05} if method == "ppo" else {}
    return Onlining(method, "full", values=values, train=replace(train, **more))  # type: ignore[arg-type]


HOW = {
    "ppo": _how("ppo", epochs=1, minibatches=2, whiten=False, lam=1.0),
    "grpo": _how("grpo", 0.3),
    "rloo": _how("rloo"),
    "reinforce": _how("reinforce", whiten=False),
}


@dataclass(frozen=True)
class Settings:
    seed: int = option(0, help="draws everything")
    rankings: int = option(8000, help="prompts whose four answers are ranked")
    people: int = option(60, help="who rank, so that none gets tired")
    methods: tuple[str, ...] = option(tuple(HOW), help="which")
    sft: Training = field(default_factory=lambda: quickstart.Settings().sft)
    reward: Training = field(default_factory=lambda: quickstart.training("reward", 3e-4, 2, 16))


@recipe
def proof(settings: Settings) -> dict[str, Handle]:
    s = settings
    _, sft = quickstart.tuned("", world.Draw(400, s.seed, SPARE), s.sft)
    draw = world.Draw(s.rankings, quickstart.PROMPTS + s.seed, SPARE)
    drawn = Sampling(n=4, max_new=MAX_NEW, temperature=TEMPERATURE, seed=s.seed)
    said = table.sample(drawn, model=sft, prompts=world.prompts(draw), label="answers")
    judged = world.rankings(world.People(s.seed, count=s.people), answers=said)
    reward = table.reward(quickstart.seeded(s.reward, s.seed), model=sft, data=judged)
    more = world.prompts(world.Draw(1600, quickstart.ONLINE + s.seed, SPARE), label="more")
    made = measured(s, sft, "sft", BEST_OF)
    for name in s.methods:
        how = replace(HOW[name], train=replace(HOW[name].train, seed=s.seed))
        model = table.rl(how, model=sft, prompts=more, reward=reward, label=name)
        made |= {name: model, **measured(s, model, name, 4)}
    return made


def measured(s: Settings, model: Handle, name: str, answers: int) -> dict[str, Handle]:
    """Gold of so many answers to each prompt, on either kind of prompts."""
    return {
        f"{on}-{name}": world.gold(
            world.Measure(PROMPTS, s.seed, answers, TEMPERATURE, spare),
            model=model, label=f"gold-{on}-{name}",
        )
        for on, spare in ON.items()
    }  # fmt: skip


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


def prove(folder: Path, seed: int, methods: Sequence[str]) -> dict[tuple[str, str], float]:
    sets = [f"seed={seed}", f"methods={json.dumps(list(methods))}"]
    result = run_recipe(proof, None, sets, Store(folder / "store"), silent)
    found = {}
    for name in methods:
        told = json.loads((result.folder(name) / "results.json").read_text("utf-8"))
        kl, spent = told["metrics"]["kl"], told["seconds"]["train"]
        ways = []
        for on in ON:
            sft, own = (by_prompt(result.folder(f"{on}-{who}")) for who in ("sft", name))
            way = share(sft, own)
            found[name, on] = way.value
            ways.append(f"{on} {way.value:.2f} [{way.low:.2f}, {way.high:.2f}]")
        print(
            f"seed {seed} {name}: {', '.join(ways)} of the way, "
            f"KL {kl['value']:.1f} [{kl['low']:.1f}, {kl['high']:.1f}] nats, {spent:.0f} s",
            flush=True,
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("folder", type=Path)
    parser.add_argument("--methods", default=",".join(HOW))
    parser.add_argument("seeds", nargs="*", type=int)
    given = parser.parse_args()
    methods = given.methods.split(",")
    rows = [prove(given.folder, seed, methods) for seed in given.seeds or range(5)]
    for key in rows[0]:
        mean = mean_interval([row[key] for row in rows])
        said = f"{mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}] over {len(rows)} seeds"
        print(f"{' '.join(key)}: {said}")


if __name__ == "__main__":
    main()
