"""What a judge's labels are worth on the microcosm, by the way in which it is asked.

    python tools/prove_labels.py FOLDER [--pairs N] [--seed N]

Pairs of answers of which exactly one keeps a rule, on phrasings, values and things that were held
out. The base model is asked plainly, with reasons, and with three phrasings of the rule; a
descendant (SFT) is asked plainly and joins it in a jury. A line a mode: how often the label is
right, how often both orders agree, log loss of the soft label in nats (guessing: 0.693), tokens and
seconds a pair. Then what pooling does to the soft labels: clamped before and behind averaging,
averaged in probability, calibrated on the other half. Labels that are there are not made again.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from plumbline.core.atomic import write_json
from plumbline.core.stats import Interval, mean_interval, paired_interval, proportion_interval
from plumbline.core.types import Judge, Provenance, Ranking, answer, user
from plumbline.data import write
from plumbline.feedback.judging.calibrated import calibrated
from plumbline.feedback.judging.constitution import Constitution, Principle
from plumbline.feedback.judging.label import Label, Made
from plumbline.feedback.judging.pooled import Pooling, pooled
from plumbline.feedback.judging.template import read_template
from plumbline.microcosm import data
from plumbline.microcosm.judging import pair
from plumbline.microcosm.obeying import ALONE
from plumbline.microcosm.phrasings import HELDOUT
from plumbline.microcosm.rules import Rule, phrasings
from plumbline.microcosm.verdicts import Pair as Known
from plumbline.models.locate import microcosm_base
from plumbline.stages.command import train
from plumbline.stages.judging.labelling import Asked, Labeller, fill
from plumbline.stages.judging.local import LocalJudge
from plumbline.stages.judging.pairs import Pair
from plumbline.stages.judging.settings import Labelling
from plumbline.stages.revised import took

PHRASINGS = 3
PLAIN = Pooling()
Labels = list[Label]


class World:
    """The pairs with their truth, and the labels of each judge."""

    def __init__(self, folder: Path, n: int, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.known: list[Known] = []
        self.asked: list[list[Asked]] = []
        seen: set[str] = set()
        for index in range(n):
            rng = random.Random(f"prove_labels/{seed}/{index}")
            split = ALONE[index % len(ALONE)]
            kind = "slot" if split == "value" else rng.choice(("slot", "behaviour", "principle"))
            one = pair(rng, split, kind)
            both = answer(one.answers[0]), answer(one.answers[1])
            asked = Pair((user(one.ask.text),), both, ("", ""), f"{split}:{index}")
            if asked.id not in seen:
                seen.add(asked.id)
                self.known.append(one)
                told = _worded(one.rule, split, rng)
                self.asked.append([Asked(asked, p) for p in told])
        both = zip(self.asked, self.known, strict=True)
        self.right = {asked[0].pair.id: one.better == 0 for asked, one in both}
        principles = tuple(one.principle for own in self.asked for one in own)
        self.rules = Constitution("rules", principles)

    def labels(self, name: str, model: Path, reasons: bool, first: int, last: int) -> Ways:
        """Labels by the rules' phrasings from `first` to `last`."""
        asked = [one for own in self.asked for one in own[first:last]]
        settings = Labelling(mode="reasoned" if reasons else "plain", reasons=192)
        judge = LocalJudge.opened(model, name)
        one = Labeller(judge, self.rules, read_template("microcosm"), settings)
        out = self.folder / f"{name}-{settings.mode}-{first}-{last}"
        found = fill(out, one, asked, lambda done, total, numbers: None)
        return Ways(found, one.made, took(out / "metrics.jsonl"))

    def descendant(self) -> Path:
        """The base, taught to answer by 600 demonstrations."""
        out, file = self.folder / "sft", self.folder / "sft.jsonl"
        if not file.exists():
            write(file, data.demonstrations(self.seed, 600))
        train(
            "sft", "microcosm", str(file), out, adapter="full", store=self.folder / "store",
            sets={"batch": 16, "epochs": 2, "lr": 2e-4, "eval.fraction": 0},
            say=lambda line: None,
        )  # fmt: skip
        return out

    def people(self, labels: Sequence[Label]) -> list[Ranking]:
        """The truth of some labels' pairs as if somebody had said it."""
        who = Provenance(judge=Judge("rule", "checker"))
        return [
            Ranking(x.prompt, x.answers, _tiers(self._better(x)), provenance=who) for x in labels
        ]

    def _better(self, label: Label) -> bool:
        return self.right[label.pair]

    def odds(self, labels: Sequence[Label], how: Pooling = PLAIN) -> list[float]:
        """Log-odds of the right answer, pair by pair."""
        found = pooled(labels, how)
        return [x.logit if self._better(x.labels[0]) else -x.logit for x in found]


class Ways:
    """Labels, by what they were made, and what they took."""

    def __init__(self, labels: Labels, made: Made, took: Mapping[str, object]) -> None:
        self.labels, self.made, self.took = labels, made, took


def _worded(rule: Rule, split: str, rng: random.Random) -> list[Principle]:
    """The rule in some of its phrasings, its own first; held-out ones where it is held out."""
    known = len(rule.habit.phrasings) - HELDOUT
    held = range(known, known + HELDOUT)
    others = [n for n in (held if split == "paraphrase" else range(known)) if n != rule.phrasing]
    some = [rule.phrasing, *rng.sample(others, PHRASINGS - 1)]
    assert max(some) < len(phrasings(rule.name))
    return [
        Principle(f"{rule.name}-{n}", Rule(rule.name, rule.value, n).text, rule.family)
        for n in some
    ]


def _tiers(first: bool) -> tuple[tuple[int, ...], ...]:
    return ((0,), (1,)) if first else ((1,), (0,))


def hits(odds: Sequence[float]) -> list[float]:
    return [0.5 if x == 0 else float(x > 0) for x in odds]


def loss(odds: Sequence[float]) -> list[float]:
    """Nats that each soft label costs."""
    return [math.log1p(math.exp(-abs(x))) + max(0.0, -x) for x in odds]


def said(one: Interval) -> str:
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def report(name: str, world: World, parts: Sequence[Ways], kept: dict[str, object]) -> list[float]:
    """A mode in a line."""
    labels = [label for part in parts for label in part.labels]
    odds = world.odds(labels)
    cost = [part.took["cost"] for part in parts]
    tokens = sum(c["prompt_tokens"] + c["written_tokens"] for c in cost) / len(odds)
    seconds = sum(float(part.took["seconds"]) for part in parts) / len(odds)
    right = proportion_interval(hits(odds))
    agree = proportion_interval([label.verdict().consistent for label in labels])
    nats = mean_interval(loss(odds))
    print(f"{name:34} right {said(right)}  consistent {said(agree)}  nats {said(nats)}"
          f"  {tokens:.0f} tokens {seconds:.4f} s a pair", flush=True)  # fmt: skip
    kept[name] = {"right": right.as_dict(), "consistent": agree.as_dict(), "nats": nats.as_dict(),
                  "tokens": tokens, "seconds": seconds, "pairs": len(odds)}  # fmt: skip
    return odds


def beside(name: str, odds: Sequence[float], plain: Sequence[float]) -> None:
    more = paired_interval(hits(odds), hits(plain))
    print(f"{'':4}{name} less plain: {more.value:+.3f} [{more.low:+.3f}, {more.high:+.3f}]")


def poolings(world: World, part: Ways, kept: dict[str, object]) -> None:
    """What ways of pooling do to the same labels."""
    half = len(part.labels) // 2
    fitted = calibrated(part.labels[:half], world.people(part.labels[:half]), PLAIN)
    ways = {
        "log-odds": PLAIN,
        "probability": Pooling(by="probability"),
        "clamped to 0.6 before": Pooling(clamp=0.6, clamp_each=True),
        "clamped to 0.6 behind": Pooling(clamp=0.6),
        f"calibrated, T {fitted.temperature:.2f} bias {fitted.bias:+.2f}": fitted,
    }
    for name, how in ways.items():
        odds = world.odds(part.labels[half:], how)
        nats, right = mean_interval(loss(odds)), proportion_interval(hits(odds))
        print(f"    {name:32} right {said(right)}  nats {said(nats)}  n={len(odds)}")
        kept[f"{part.made.mode} {name}"] = {"right": right.as_dict(), "nats": nats.as_dict()}


def one_order(world: World, part: Ways) -> None:
    """What a label of one order alone is worth."""
    odds = [x.readings[0].logit * (1 if world.right[x.pair] else -1) for x in part.labels]
    print(f"    one order alone: right {said(proportion_interval(hits(odds)))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    world = World(args.folder, args.pairs, args.seed)
    kept: dict[str, object] = {}
    base, sft = microcosm_base(), world.descendant()
    plain = world.labels("base", base, False, 0, 1)
    first = report("base, plain", world, [plain], kept)
    one_order(world, plain)
    poolings(world, plain, kept)
    reasoned = world.labels("base", base, True, 0, 1)
    beside("reasoned", report("base, reasoned", world, [reasoned], kept), first)
    poolings(world, reasoned, kept)
    more = world.labels("base", base, False, 1, PHRASINGS)
    several = report(f"base, {PHRASINGS} phrasings", world, [plain, more], kept)
    beside(f"{PHRASINGS} phrasings", several, first)
    child = world.labels("sft", sft, False, 0, 1)
    beside("SFT", report("SFT descendant, plain", world, [child], kept), first)
    beside("jury", report("jury of both, plain", world, [plain, child], kept), first)
    jury = [plain, reasoned, child]
    beside("jury", report("jury, with the reasoned base", world, jury, kept), first)
    write_json(args.folder / "prove_labels.json", kept)


if __name__ == "__main__":
    main()
