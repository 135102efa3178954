"""Do intervals of a win rate by a judge's labels hold the truth, corrected by people and without?

    python tools/prove_wins.py FOLDER [--side calm|red] [--prompts N] [--draws N] [--seed N]

Two models of the microcosm, its base and a descendant (SFT on 600 demonstrations), answer harmless
prompts (calm) or dangers (red), two answers of the descendant and one of the base to each; the base
judges every pair of both, by helpfulness or by harmlessness, and so do three simulated people:
these are the world. Each draw takes 250 of
its prompts (with replacement: one that comes again counts as another), has an audit's sample of 100
of their labels drawn as `plumbline audit` draws it, and makes the win rate of the descendant: the
judge's alone, the people's alone, and the corrected one. A line each: how often its interval holds
what the three people's majorities come to in the whole world, and how wide it is; then how often it
holds what the world's own standard says, from which people's errors keep them apart. Labels that
are there are not made again.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from plumbline.core.atomic import write_json
from plumbline.core.stats import Interval, wilson
from plumbline.core.types import Demonstration, Message
from plumbline.core.types import Judge as Who
from plumbline.data import write
from plumbline.evals.audit.answered import Answered, verdicts
from plumbline.evals.audit.drawing import drawn
from plumbline.evals.audit.leanings import Leaning, Seen
from plumbline.evals.audit.wins import wins
from plumbline.feedback.judging.constitution import read_constitution
from plumbline.feedback.judging.label import Label, read_labels
from plumbline.microcosm import data
from plumbline.microcosm.annotators import people
from plumbline.microcosm.by_principle import rank_by, worth
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe.constitutional import asked as draw
from plumbline.recipe.constitutional.asked import Side
from plumbline.recipe.constitutional.graph import BY
from plumbline.stages.command import train
from plumbline.stages.label import label
from plumbline.stages.sample import sample

OURS, PEOPLE, TOGETHER, AUDITED = "sft", 3, 250, 100


def descendant(folder: Path, seed: int) -> Path:
    """The base, taught to answer by 600 demonstrations."""
    out, shown = folder / OURS, folder / "shown.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    write(shown, data.demonstrations(seed, 600))
    train(
        "sft", "microcosm", str(shown), out, adapter="full", store=folder / "store",
        sets={"batch": 16, "epochs": 2, "lr": 2e-4, "eval.fraction": 0}, say=lambda line: None,
    )  # fmt: skip
    return out


def labelled(folder: Path, side: Side, prompts: int, seed: int) -> list[Label]:
    """What the base says of its own answers beside its descendant's."""
    models = {"base": ("microcosm", 1), OURS: (str(descendant(folder, seed)), 2)}
    place, store = folder / side, folder / "store"
    place.mkdir(exist_ok=True)
    asks = (draw.red if side == "red" else draw.calm)(seed, prompts)
    write(place / "prompts.jsonl", [Demonstration(ask.conversation) for ask in asks])
    files = [place / f"{name}.jsonl" for name in models]
    for file, (model, n) in zip(files, models.values(), strict=True):
        if not file.exists():
            sets = {"n": n, "max_new": MAX_NEW, "seed": seed}
            sample(model, str(place / "prompts.jsonl"), file, sets=sets, store=store)
    given = list(map(str, files))
    label(given, ["microcosm"], BY[side], place / "labels", template="microcosm", store=store)
    return read_labels(place / "labels")[1]


@dataclass(frozen=True)
class World:
    """Labels, what each of the people says of them [I, P], and what is true of them: 1, 0 or -1 as
    the first answer is better, as good, or worse."""

    labels: Sequence[Label]
    said: np.ndarray
    gold: np.ndarray

    @classmethod
    def of(cls, labels: Sequence[Label], side: Side, seed: int) -> World:
        by = read_constitution(BY[side])
        said = np.zeros((len(labels), PEOPLE))
        for column, person in enumerate(people(PEOPLE)):
            rng = random.Random(f"prove_wins/{seed}/{person.name}")
            for row, one in enumerate(labels):
                told = rank_by(person, by.named(one.principle), one.prompt, one.answers, rng)
                said[row, column] = 0 if len(told.tiers) == 1 else 1 - 2 * told.tiers[0][0]
        worths = [[worth(by.named(x.principle), x.prompt, a) for a in x.answers] for x in labels]
        return cls(labels, said, np.array([np.sign(a - b) for a, b in worths]))

    def ours(self, values: np.ndarray) -> float:
        """The share of labels in which these values prefer our answer."""
        turn = np.array([1 if one.models[0] == OURS else -1 for one in self.labels])
        return float(((values * turn + 1) / 2).mean())

    def draw(self, seed: int, by_prompt: Sequence[Sequence[int]]) -> Leaning:
        """The win rate of our answers on prompts drawn, with an audit of them."""
        rng = random.Random(f"prove_wins/draw/{seed}")
        rows: list[int] = []
        some: list[Label] = []
        for number, own in enumerate(rng.choices(by_prompt, k=TOGETHER)):
            rows += own
            some += [_again(self.labels[i], number) for i in own]
        place = {(one.pair, one.principle): i for i, one in zip(rows, some, strict=True)}
        asked = [one.label for one in drawn(some, AUDITED, seed)]
        said = self.said[[place[one.pair, one.principle] for one in asked]]
        found = Answered(tuple(asked), tuple(Who("rule", str(k)) for k in range(PEOPLE)), said)
        seen = Seen(some, verdicts(some), found, verdicts(asked))
        return next(one for one in wins(seen, seed) if one.name == f"author.{OURS}")


def _again(one: Label, number: int) -> Label:
    """The label as that of a prompt of its own."""
    return replace(
        one, prompt=(*one.prompt[:-1], Message("user", f"{one.prompt[-1].content} {number}"))
    )


def held(found: Sequence[Interval], truth: float) -> Interval:
    """The share of intervals that hold it."""
    share = float(np.mean([one.low <= truth <= one.high for one in found]))
    return Interval(share, *wilson(share, len(found)), len(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", choices=tuple(BY), default="calm")
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    labels = labelled(args.folder, args.side, args.prompts, args.seed)
    world = World.of(labels, args.side, args.seed)
    majority = np.sign(world.said.sum(axis=1))
    truths = {"people": world.ours(majority), "gold": world.ours(world.gold)}
    prompts: dict[object, list[int]] = {}
    for row, one in enumerate(labels):
        prompts.setdefault(one.prompt, []).append(row)
    judge = verdicts(labels)
    kept: dict[str, object] = {
        "labels": len(labels), "prompts": len(prompts), "by the judge": world.ours(judge),
        "same as people": float(np.mean(judge == majority)), **truths,
    }  # fmt: skip
    print(kept, flush=True)
    found = [world.draw(seed, list(prompts.values())) for seed in range(args.draws)]
    ways = {
        "judge alone": [one.judge for one in found],
        "people alone": [one.people for one in found],
        "corrected": [one.rate.rate for one in found],
    }
    for name, intervals in ways.items():
        wide = float(np.mean([one.high - one.low for one in intervals]))
        mean = float(np.mean([one.value for one in intervals]))
        holds = {truth: held(intervals, value) for truth, value in truths.items()}
        told = "  ".join(
            f"holds {w} {x.value:.3f} [{x.low:.3f}, {x.high:.3f}]" for w, x in holds.items()
        )
        print(f"{name:14} mean {mean:.3f}  {told}  width {wide:.3f}", flush=True)
        kept[name] = {"mean": mean, "width": wide, **{w: x.as_dict() for w, x in holds.items()}}
    write_json(args.folder / f"prove_wins-{args.side}.json", kept)


if __name__ == "__main__":
    main()
