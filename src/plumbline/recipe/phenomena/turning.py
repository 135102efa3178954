"""Where gold turns while the proxy rises: curves from folders, and the numbers they come to.

The best point is chosen on one half of what was measured and its worth taken from the other half:
the highest of many noisy numbers is too high, and any curve would seem to fall from it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumbline.core.stats import Interval, bootstrap, difference_interval, mean_interval
from plumbline.evals.folders import read_lines
from plumbline.evals.overoptimisation import Fitted, Form, Pool, fitted, fitted_run
from plumbline.microcosm.reward import gold_value

CONTROL = "gold"
Floats = NDArray[np.float64]
Numbers = dict[str, Interval]


@dataclass(frozen=True)
class Curve:
    """Points further and further from the start, by prompt: [P, K] nats, gold, proxy; and gold at
    the start [P]."""

    kl: Floats
    gold: Floats
    proxy: Floats
    start: Floats

    @property
    def d(self) -> Floats:
        return np.sqrt(np.maximum(self.kl.mean(0), 0.0))

    def fall(self) -> Interval:
        """Gold at its best point, chosen on the other half of the prompts, less gold at the last
        point; n counts prompts."""
        half = np.arange(len(self.gold)) % 2
        lost = np.empty(len(self.gold))
        for own in (0, 1):
            best = int(np.argmax(self.gold[half != own].mean(0)))
            lost[half == own] = self.gold[half == own, best] - self.gold[half == own, -1]
        return mean_interval(lost)

    def numbers(self) -> Numbers:
        """gain: of gold at the last point over the start; late: of the proxy over the middle one"""
        late = self.proxy[:, -1] - self.proxy[:, self.proxy.shape[1] // 2]
        return {
            "gain": mean_interval(self.gold[:, -1] - self.start),
            "fall": self.fall(),
            "proxy_late": mean_interval(late),
        }

    def fit(self, form: Form, above: float) -> Fitted:
        return fitted(form, self.kl, self.gold, self.start, above)


@dataclass(frozen=True)
class Run:
    """An online training by iteration [T]: each is a mean over fresh answers before the update."""

    kl: Floats
    gold: Floats
    proxy: Floats
    watch: Floats

    @property
    def d(self) -> Floats:
        return np.sqrt(np.maximum(self.kl, 0.0))

    @property
    def width(self) -> int:
        """Iterations that are taken together: an eighth of the run, an even number."""
        return max(2, len(self.gold) // 16 * 2)

    @property
    def start(self) -> float:
        """Gold before it moved: of the first iterations, in which the rate of learning warms up."""
        return float(self.gold[: max(1, len(self.gold) // 40)].mean())

    def at_best(self, choice: Floats, value: Floats) -> Floats:
        """`value` on the even iterations of the window that `choice` likes best on its odd ones."""
        odd, half = choice[1::2], self.width // 2
        means = np.convolve(odd, np.full(half, 1 / half), "valid")
        first = int(np.argmax(means))
        return value[::2][first : first + half]

    def numbers(self) -> Numbers:
        """rise: of gold from the start to its best; fall: from there to the end; proxy_late: the
        proxy's rise meanwhile; saved: gold at the best of the watched reward less at the end;
        best_d, end_d: where. n counts iterations."""
        gold, end = self.gold, self.gold[-self.width :]
        best = self.at_best(gold, gold)
        late = (self.proxy[-self.width :], self.at_best(gold, self.proxy))
        before = gold[: self.width // 2]
        found = {
            "rise": _less(best, before),
            "fall": _less(best, end),
            "gain": _less(end, before),
            "proxy_late": _less(*late),
            "saved": _less(self.at_best(self.watch, gold), end),
            "best_d": mean_interval(self.at_best(gold, self.d)),
            "end_d": mean_interval(self.d[-self.width :]),
        }
        return {name: replace(one, n=len(gold)) for name, one in found.items()}

    def peak_to(self, other: Run) -> Interval:
        """d at the best gold of another run less that at this one's; n counts iterations."""
        far, near = (one.at_best(one.gold, one.d) for one in (other, self))
        return replace(_less(far, near), n=len(self.gold))

    def fit(self, above: float) -> Fitted:
        return fitted_run("rl", self.d, self.gold - self.start, above)


def _less(a: Floats, b: Floats) -> Interval:
    return difference_interval(mean_interval(a), mean_interval(b))


def run_of(folder: Path) -> Run:
    """The metrics of an online training whose rewards were proxy, watched and gold."""
    rows = read_lines(folder / "metrics.jsonl")
    parts = [name for name in rows[0] if name.startswith("reward.")]
    columns = {name: np.array([row[name] for row in rows]) for name in ("kl", *parts)}
    proxy, watch, gold = (columns[name] for name in parts)
    return Run(columns["kl"], gold, proxy, watch)


@dataclass(frozen=True)
class Answers:
    """Answers of one model to P prompts, N each, with their gold values [P, N]."""

    rows: Sequence[dict[str, Any]]
    gold: Floats

    @classmethod
    def of(cls, folder: Path) -> Answers:
        rows = read_lines(folder / "answers.jsonl")
        return cls(rows, np.array([gold_value(row["prompt"], row["responses"]) for row in rows]))

    def best_of(self, proxy: Floats) -> Curve:
        """The best of 1, 2, ... N by a proxy [P, N]."""
        sizes = some(self.gold.shape[1])
        found = []
        for row, gold, own in zip(self.rows, self.gold, proxy, strict=True):
            nats = np.array([sum(one) for one in row["logprobs"]])
            pool = Pool(own, nats, [json.dumps(ids) for ids in row["ids"]])
            found.append((pool.kl(sizes), pool.best_of(gold, sizes), pool.best_of(own, sizes)))
        kl, gold, worth = (np.array(column) for column in zip(*found, strict=True))
        return Curve(kl, gold, worth, gold[:, 0])


def some(most: int) -> tuple[int, ...]:
    """
    >>> some(16)
    (1, 2, 3, 4, 6, 8, 12, 16)
    """
    powers = [2**k for k in range(most.bit_length())]
    return tuple(sorted({n for p in powers for n in (p, p + p // 2) if n <= most} | {most}))


def scores(folder: Path) -> dict[str, Floats]:
    """What a `proxied` stage found, [P, N] each."""
    told = json.loads((folder / "scores.json").read_text("utf-8"))
    return {name: np.array(rows) for name, rows in told.items()}


def agreement(gold: Floats, proxy: Floats) -> Interval:
    """Of pairs of answers to one prompt that gold tells apart, the share that the proxy puts in the
    same order; resampled over prompts, which n counts."""
    same, told = [], []
    for a, b in zip(gold, proxy, strict=True):
        apart = np.sign(a[:, None] - a[None])
        right = (apart == np.sign(b[:, None] - b[None])) & (apart != 0)
        same.append(right.sum())
        told.append((apart != 0).sum())
    return bootstrap(lambda x, y: float(x.sum() / max(y.sum(), 1)), np.array(same), np.array(told))


def moved_right(few: Curve, many: Curve) -> Interval:
    """d of the highest gold on many comparisons less that on few, prompts drawn again."""

    def once(a: Floats, b: Floats, c: Floats, e: Floats) -> float:
        first, second = (
            math.sqrt(max(float(kl.mean(0)[np.argmax(gold.mean(0))]), 0.0))
            for kl, gold in ((a, b), (c, e))
        )
        return second - first

    return bootstrap(once, few.kl, few.gold, many.kl, many.gold)


@dataclass(frozen=True)
class Measured:
    """All curves: of best-of-n by (capacity, comparisons), of runs by what they optimise, of DPO by
    beta, on `dpo_count` comparisons. `spread`: mean and deviation of a proxy over the start's
    answers."""

    best: dict[tuple[str, str], Curve]
    agree: dict[tuple[str, str], Interval]
    spread: dict[tuple[str, str], tuple[float, float]]
    runs: dict[str, Run]
    dpo: Curve
    dpo_count: str

    def deviations(self, capacity: str, n: str, proxy: Floats) -> Floats:
        """A proxy in standard deviations over the start's answers."""
        middle, spread = self.spread[capacity, n]
        return np.asarray((proxy - middle) / spread)


def named(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def measured(inputs: Mapping[str, Path], dpo_count: int) -> Measured:
    """From folders by role: pool, proxy:CAPACITY:N, rl:N, dpo:BETA and dpo:BETA:scores."""
    pool = Answers.of(inputs["pool"])
    best, agree, spread, runs = {}, {}, {}, {}
    for role, folder in inputs.items():
        kind, *names = role.split(":")
        if kind == "proxy":
            capacity, n = names
            proxy = scores(folder)["proxy"]
            best[capacity, n] = pool.best_of(proxy)
            agree[capacity, n] = agreement(pool.gold, proxy)
            spread[capacity, n] = (float(proxy.mean()), float(proxy.std()) or 1.0)
        elif kind == "rl":
            runs[names[0]] = run_of(folder)
    best["", CONTROL] = pool.best_of(pool.gold)
    dpo = _dpo(inputs, pool.gold.mean(1))
    return Measured(best, agree, spread, runs, dpo, str(dpo_count))


def _dpo(inputs: Mapping[str, Path], start: Floats) -> Curve:
    """A point a beta, in falling order of it."""
    betas = [role.split(":")[1] for role in inputs if role.endswith(":scores")]
    columns = []
    for beta in sorted(betas, key=float, reverse=True):
        found = scores(inputs[f"dpo:{beta}:scores"])
        gold = Answers.of(inputs[f"dpo:{beta}"]).gold
        columns.append([one.mean(1) for one in (found["kl"], gold, found["proxy"])])
    kl, gold, proxy = (np.stack(column, 1) for column in zip(*columns, strict=True))
    return Curve(kl, gold, proxy, start)
