"""Judgements saved by asking first where a reward model is uncertain, on the microcosm.

    python tools/prove_choosing.py FOLDER [SEED ...]

A pool of prompts with two answers each of the microcosm's SFT model; simulated people say which is
better, one person an item. In rounds of doubling size more of the pool is judged, in a random order
or by the uncertainty of the reward model trained so far (a fifth at random), and a reward model is
trained anew on all that is judged. Its worth: the gold value of the best of eight answers by its
choice, on held-out prompts, where a random choice is 0 and gold's own choice is 1. Judgements
saved: how many fewer the chosen order needs for what the random order reaches with all of them, by
linear interpolation in log judgements; intervals over seeds. Finished rounds are kept.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from plumbline.core.stats import mean_interval, paired_interval
from plumbline.core.types import (
    Conversation,
    Demonstration,
    Example,
    Ranking,
    Response,
    answer,
    text_of,
)
from plumbline.data import write
from plumbline.evals.tasks import Generation
from plumbline.feedback.collecting.choosing import arranged, uncertainty
from plumbline.microcosm import data
from plumbline.microcosm.annotators import people, rank
from plumbline.microcosm.gold import value
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.stages.answering import Answerer
from plumbline.stages.command import train

ROUNDS = (25, 50, 100, 200, 400)
POOL, HELD, CHOICES, SHARE = 1000, 200, 8, 0.2
WAYS = ("random", "uncertainty")


class World:
    """What a seed draws: the policy, the pool with its judgements, and what is measured on."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        folder.mkdir(parents=True, exist_ok=True)
        self.policy = folder / "sft"
        shown: list[Demonstration] = data.demonstrations(seed, 600)
        self._train("sft", "microcosm", shown, self.policy, epochs=2, lr=2e-4)
        asked = [ask.conversation for ask in data.prompts("train", seed, POOL)]
        rng = random.Random(f"prove_choosing/{seed}")
        who = people(6)
        self.pool: list[Ranking] = []
        for n, (prompt, said) in enumerate(zip(asked, self._answers(asked, 2), strict=True)):
            if said[0] != said[1]:
                self.pool.append(rank(who[n % 6], prompt, said, rng, seen=n // 6))
        self.held = [ask.conversation for ask in data.prompts("heldout", seed, HELD)]
        self.choices = self._answers(self.held, CHOICES)
        pairs = zip(self.held, self.choices, strict=True)
        self.worth = np.array([[value(prompt, one) for one in said] for prompt, said in pairs])

    def reward(self, judged: Sequence[int], name: str) -> Path:
        """A reward model on these items of the pool."""
        out = self.folder / name
        rows = [self.pool[i] for i in sorted(judged)]
        self._train("reward", str(self.policy), rows, out, epochs=3, lr=3e-4)
        return out

    def closed(self, reward: Path) -> float:
        """Where its choices lie between a random one (0) and gold's (1)."""
        scores = np.array(scored(reward, self.held, self.choices))
        picked = self.worth[np.arange(len(scores)), scores.argmax(1)].mean()
        return float((picked - self.worth.mean()) / (self.worth.max(1).mean() - self.worth.mean()))

    def uncertain(self, reward: Path, left: Sequence[int]) -> dict[int, float]:
        items = [self.pool[i] for i in left]
        scores = scored(reward, [one.prompt for one in items], [one.responses for one in items])
        return {i: uncertainty(row) for i, row in zip(left, scores, strict=True)}

    @cache  # noqa: B019 (one world a process at a time)
    def _answerer(self) -> Answerer:
        return Answerer(self.policy, precision="fp32")

    def _answers(self, asked: Sequence[Conversation], n: int) -> list[list[Response]]:
        how = Generation(n=n, max_new_tokens=MAX_NEW, temperature=1.0, seed=self.seed)
        said = self._answerer()(asked, how)
        return [[answer(text_of(one).strip() or "...") for one in group] for group in said]

    def _train(self, objective: str, model: str, rows: Sequence, out: Path, **sets: object) -> None:
        file = out.with_suffix(".jsonl")
        if not file.exists():
            write(file, rows)
        train(
            objective, model, str(file), out, adapter="full", store=self.folder / "store",
            sets={"batch": 16, "precision": "fp32", "eval.fraction": 0, "seed": self.seed, **sets},
            say=lambda line: None,
        )  # fmt: skip


def scored(
    reward: Path, prompts: Sequence[Conversation], answers: Sequence[Sequence[Response]]
) -> list[list[float]]:
    """A reward for each answer."""
    reader = Answerer(reward, precision="fp32")
    asked = [Example(p, tuple(said)) for p, said in zip(prompts, answers, strict=True)]
    return [[v for v, _ in one] for one in reader.measured(asked) if one is not None]


def grown(world: World, way: str) -> list[float]:
    """The worth of the reward model after each round."""
    kept = world.folder / f"{way}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    everything = list(range(len(world.pool)))
    judged = random.Random(world.seed).sample(everything, ROUNDS[0])
    found: list[float] = []
    for number, count in enumerate(ROUNDS):
        left = sorted(set(everything) - set(judged))
        if way == "random" or not number:
            more = random.Random(f"{world.seed}/{number}").sample(left, len(left))
        else:
            reward = world.folder / f"{way}-{number - 1}"
            more = arranged(world.uncertain(reward, left), SHARE, world.seed + number)[0]
        judged += more[: count - len(judged)]
        found.append(world.closed(world.reward(judged, f"{way}-{number}")))
        print(f"seed {world.seed} {way} {count}: {found[-1]:.3f}", flush=True)
    kept.write_text(json.dumps(found))
    return found


def needed(curve: Sequence[float], target: float) -> float:
    """Judgements at which a curve reaches the target, the last round's where it never does."""
    best = np.maximum.accumulate(curve)
    if best[-1] <= target:
        return float(ROUNDS[-1])
    return float(np.exp(np.interp(target, best, np.log(ROUNDS))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("seeds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    args = parser.parse_args()
    curves = {way: [] for way in WAYS}
    for seed in args.seeds:
        world = World(args.folder / str(seed), seed)
        for way in WAYS:
            curves[way].append(grown(world, way))
    for n, count in enumerate(ROUNDS):
        rows = {way: [curve[n] for curve in curves[way]] for way in WAYS}
        difference = paired_interval(rows["uncertainty"], rows["random"])
        means = "  ".join(f"{way} {mean_interval(rows[way]).value:.3f}" for way in WAYS)
        print(f"{count:4} judgements: {means}  difference {difference.value:+.3f}"
              f" [{difference.low:+.3f}, {difference.high:+.3f}]")  # fmt: skip
    pairs = zip(curves["uncertainty"], curves["random"], strict=True)
    saved = [1 - needed(chosen, plain[-1]) / ROUNDS[-1] for chosen, plain in pairs]
    i = mean_interval(saved)
    print(f"judgements saved: {i.value:.2f} [{i.low:.2f}, {i.high:.2f}], {len(saved)} seeds")


if __name__ == "__main__":
    main()
