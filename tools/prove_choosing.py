"""Judgements saved by choosing what to ask next, on the microcosm.

    python tools/prove_choosing.py FOLDER [SEED ...]

A pool of prompts with two answers each of the microcosm's SFT model; simulated people say which is
better, and do not tire. In rounds of doubling size more is judged, and a reward model is trained
anew on all that is. The first round is drawn at random and shared; then items come

    random        in a random order
    uncertainty   by the reward model's uncertainty
    ensemble      by what the answer would tell which of three reward models is right, which differ
                  in their seed; only the first of them is measured
    novelty       by how new the prompt's words are
    disagreement  half of a round's judgements are spent on items that somebody has judged: up to a
                  quarter on third opinions where two people differ, most split first, the rest on
                  second ones at random; the other half are first ones, at random

and a fifth at random in the second to fourth. What is counted is judgements. A reward model's worth
is the gold value of the better of two held-out answers by its choice, over all pairs of eight: 0
for a random choice, 1 for gold's own. (The best of eight stands beside it: it differs twice as much
from one training to the next.)

Judgements saved: both curves of worth, means over seeds, are read where the lower of them ends, by
linear interpolation in log judgements; the share by which the chosen order needs fewer, negative
where it needs more. Intervals over seeds. Finished ways are kept.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from math import comb
from pathlib import Path

import numpy as np

from plumbline.core.stats import Floats, Interval, bootstrap, mean_interval, paired_interval
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
from plumbline.feedback.collecting import choosing
from plumbline.microcosm import data
from plumbline.microcosm.annotators import people, rank
from plumbline.microcosm.gold import value
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.stages.answering import Answerer
from plumbline.stages.command import train

ROUNDS = (50, 100, 200)
POOL, HELD, CHOICES, SHARE, MEMBERS = 700, 300, 8, 0.2, 3
WAYS = ("random", "uncertainty", "ensemble", "novelty", "disagreement")
BEST_OF = (2, 8)


class World:
    """What a seed draws: the policy, the pool with its judgements, and what is measured on."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        folder.mkdir(parents=True, exist_ok=True)
        self.policy = folder / "sft"
        shown: list[Demonstration] = data.demonstrations(seed, 600)
        self._train("sft", "microcosm", shown, self.policy, epochs=2, lr=2e-4)
        asked = [ask.conversation for ask in data.prompts("train", seed, POOL)]
        pairs = zip(asked, self._answers(asked, 2), strict=True)
        self.pool = [(prompt, said) for prompt, said in pairs if said[0] != said[1]]
        self.held = [ask.conversation for ask in data.prompts("heldout", seed, HELD)]
        self.choices = self._answers(self.held, CHOICES)
        pairs = zip(self.held, self.choices, strict=True)
        self.worth = np.array([[value(prompt, one) for one in said] for prompt, said in pairs])

    def judgement(self, item: int, turn: int) -> Ranking:
        """What the next person says of an item that `turn` people have judged."""
        who = people(6)
        rng = random.Random(f"prove_choosing/{self.seed}/{item}/{turn}")
        return rank(who[(item + turn) % len(who)], *self.pool[item], rng)

    def reward(self, judged: Mapping[int, int], name: str, member: int = 0) -> Path:
        """A reward model on so many judgements of these items."""
        out = self.folder / f"{name}-{member}"
        rows = [self.judgement(i, turn) for i in sorted(judged) for turn in range(judged[i])]
        sets = {"epochs": 3, "lr": 3e-4, "seed": self.seed * MEMBERS + member}
        self._train("reward", str(self.policy), rows, out, **sets)
        return out

    def closed(self, reward: Path) -> list[float]:
        """Where its choices lie between random ones (0) and gold's (1), of two and of eight."""
        scores, worth = np.array(scored(reward, self.held, self.choices)), self.worth
        found, most = ([best_of(n, by, worth) for n in BEST_OF] for by in (scores, worth))
        middle = float(worth.mean())
        return [(one - middle) / (top - middle) for one, top in zip(found, most, strict=True)]

    def scores(self, reward: Path, items: Sequence[int]) -> list[list[float]]:
        prompts, answers = zip(*(self.pool[i] for i in items), strict=True)
        return scored(reward, prompts, answers)

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


def best_of(n: int, scores: Floats, worth: Floats) -> float:
    """The mean worth of the best by score of n answers, over all choices of n of them."""
    count = scores.shape[1]
    ranked = np.take_along_axis(worth, np.argsort(-scores, 1), 1)
    chosen = [comb(count - 1 - place, n - 1) / comb(count, n) for place in range(count)]
    return float((ranked @ chosen).mean())


def information(judges: Sequence[Sequence[float]]) -> float:
    """What the best answer would tell of which judge is right, from their scores s_j, in [0, 1]:
    (H(mean softmax s_j) - mean H(softmax s_j)) / log K (BALD, Houlsby et al. 2011)."""
    top = np.array(judges) - np.max(judges, axis=1, keepdims=True)
    p = np.exp(top) / np.exp(top).sum(1, keepdims=True)
    return float((entropy(p.mean(0)) - entropy(p).mean()) / np.log(p.shape[1]))


def entropy(p: Floats) -> Floats:
    return -(p * np.log(np.maximum(p, 1e-300))).sum(-1)


def next_asked(world: World, way: str, judged: Mapping[int, int], number: int, n: int) -> list[int]:
    """The items of a round's n judgements, after round `number`; an item that was judged already is
    judged again."""
    left = [i for i in range(len(world.pool)) if i not in judged]
    rng = random.Random(f"{world.seed}/{number}")
    if way == "random":
        return rng.sample(left, n)
    if way == "disagreement":
        again = opinions(world, judged, rng, n // 2)
        return again + rng.sample(left, n - len(again))
    found = dict(zip(left, utilities(world, way, judged, number, left), strict=True))
    return choosing.arranged(found, SHARE, world.seed + number)[0][:n]


def utilities(
    world: World, way: str, judged: Mapping[int, int], number: int, left: Sequence[int]
) -> list[float]:
    if way == "novelty":
        seen = choosing.words_of([world.pool[i][0] for i in judged])
        return [choosing.novelty(world.pool[i][0], seen) for i in left]
    members = range(MEMBERS if way == "ensemble" else 1)
    name = named(way, number)
    judges = [world.scores(world.reward(judged, name, member), left) for member in members]
    if way == "ensemble":
        return [information(said) for said in zip(*judges, strict=True)]
    return [choosing.uncertainty(scores) for scores in judges[0]]


def opinions(world: World, judged: Mapping[int, int], rng: random.Random, n: int) -> list[int]:
    """Third opinions where two differ, at most n / 2, and second ones."""
    split = {
        i: choosing.disagreement([world.judgement(i, turn).tiers for turn in (0, 1)])
        for i, count in judged.items()
        if count == 2
    }
    third = sorted((i for i in split if split[i] > 0), key=lambda i: (-split[i], i))[: n // 2]
    once = [i for i, count in judged.items() if count == 1]
    return third + rng.sample(once, min(len(once), n - len(third)))


def named(way: str, number: int) -> str:
    return f"{way}-{number}" if number else "first"


def grown(world: World, way: str) -> list[list[float]]:
    """The worth of the reward model after each round."""
    everything = range(len(world.pool))
    judged = Counter(random.Random(world.seed).sample(everything, ROUNDS[0]))
    found = [world.closed(world.reward(judged, "first"))]
    for number, count in enumerate(ROUNDS[1:]):
        judged.update(next_asked(world, way, judged, number, count - judged.total()))
        assert judged.total() == count, "a round spends what it has"
        found.append(world.closed(world.reward(judged, named(way, number + 1))))
        print(f"seed {world.seed} {way} {count}: {found[-1]}", flush=True)
    return found


def curves(folder: Path, seed: int) -> Floats:
    """The worth by way, round, and number of answers to choose from."""
    world, found = cache(lambda: World(folder, seed)), []
    for way in WAYS:
        kept = folder / f"{way}.json"
        if not kept.exists():
            text = json.dumps(grown(world(), way))
            kept.write_text(text)
        found.append(json.loads(kept.read_text()))
    return np.array(found)


def saved(plain: Floats, chosen: Floats) -> float:
    """The share of judgements that the chosen order saves, from curves by seed and round."""
    both = [np.maximum.accumulate(one.mean(0)) for one in (plain, chosen)]
    level = min(one[-1] for one in both)
    needed = [np.exp(np.interp(level, one, np.log(ROUNDS))) for one in both]
    return float(1 - needed[1] / needed[0])


def told(i: Interval) -> str:
    return f"{i.value:+.3f} [{i.low:+.3f}, {i.high:+.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("seeds", type=int, nargs="*", default=list(range(10)))
    args = parser.parse_args()
    found = np.array([curves(args.folder / str(seed), seed) for seed in args.seeds])
    for k, n in enumerate(BEST_OF):
        plain = found[:, 0, :, k]
        print(f"best of {n}, {len(found)} seeds, after {ROUNDS} judgements")
        for w, way in enumerate(WAYS):
            rows = found[:, w, :, k]
            print(f"  {way:12}", *(told(mean_interval(row)) for row in rows.T))
            if w:
                apart = [paired_interval(a, b) for a, b in zip(rows.T, plain.T, strict=True)]
                print("    less random", *map(told, apart[1:]))
                later = paired_interval(rows[:, 1:].mean(1), plain[:, 1:].mean(1))
                print(f"    their mean {told(later)}  saved {told(bootstrap(saved, plain, rows))}")


if __name__ == "__main__":
    main()
