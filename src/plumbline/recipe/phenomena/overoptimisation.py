"""Over-optimisation: gold rises and then falls while the reward model's number goes on rising (Gao
et al. 2023, arXiv:2210.10760; `evals.overoptimisation` has their laws).

    answers of SFT -> comparisons by people who err -> reward models, by comparisons and capacity
    best-of-n   one pool of answers, all n, every reward model; and gold itself
    rl          against some of them, and gold itself (the control): gold is a reward of weight 0
    dpo         on the same comparisons, by beta

Nothing is broken on purpose: the people's taste for length and flattery is small for answers like
SFT's and large beyond them, and a reward model knows least where no comparison was. A capacity is
how much of the model is trained (the last block, the last three, all): a model of another size
would be another base model, which has learnt other things.

A reward model on other comparisons is watched in each run (weight 0): `saved` is what stopping at
its peak would have been worth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.core.stats import Interval, mean_interval
from plumbline.evals.overoptimisation import Fitted
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe import world
from plumbline.recipe.phenomena import findings
from plumbline.recipe.phenomena.arms import Common
from plumbline.recipe.phenomena.comparing import Comparing, comparisons
from plumbline.recipe.phenomena.demonstrations import Shown, demonstrations
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.proxied import Scoring, proxied
from plumbline.recipe.phenomena.turning import CONTROL, Measured, measured, moved_right, named
from plumbline.recipe.phenomena.turning_figure import figure
from plumbline.recipe.quickstart import seeded
from plumbline.stages import table
from plumbline.stages.online_settings import HeldOut, Kl, Online, Onlining
from plumbline.stages.settings import Eval, Sampling, Train, Training
from plumbline.store import Context, Handle

NAME = "overoptimisation"
GOLD = "python:plumbline.microcosm.reward:gold_value"
COMPARED, POOLED, ONLINE = 500, 600, 700
"""Added to the seed of prompts, so that those of one use are not those of another."""


def _reward() -> Training:
    train = Train(lr=1e-4, epochs=1, batch=8, eval=Eval(fraction=0.0))
    return Training("reward", adapter="full", train=train)


def _dpo() -> Training:
    train = Train(lr=1e-4, epochs=1, batch=8, eval=Eval(fraction=0.0))
    return Training("dpo", adapter="full", train=train)


def _rl() -> Onlining:
    """Nothing holds the policy back, as in most of the runs of Gao et al."""
    train = Online(
        iterations=60, prompts=32, lr=6e-5, kl=Kl(beta=0.0), heldout=HeldOut(fraction=0.0)
    )
    return Onlining("rloo", "full", rewards=(GOLD,), train=train)


@dataclass(frozen=True)
class Chase:
    """Sizes of a long run on one core; `overoptimisation-small.yaml` has smaller ones."""

    demonstrations: int = option(1000, help="mediocre ones that the start is tuned on")
    comparisons: tuple[int, ...] = option(
        (100, 300, 1000, 3000, 10_000), help="comparisons that reward models learn from, rising"
    )
    capacities: tuple[str, ...] = option(
        ("last:1", "last:3", "full"), help="what of a reward model is trained"
    )
    least: int = option(120, help="steps of a reward model at least, on however few comparisons")
    compared: int = option(4000, help="prompts whose answers are compared")
    answers: int = option(10, help="answers to each of them")
    prompts: int = option(128, help="prompts of best-of-n and of what DPO is measured on")
    pool: int = option(64, help="answers to each: the largest n")
    online: int = option(1920, help="prompts that RL draws answers to")
    chased: tuple[int, ...] = option(
        (100, 1000, 10_000), help="comparisons of the reward models that RL optimises"
    )
    control: int = option(
        180, help="iterations of the run on gold itself, which goes less far in each"
    )
    watch: int = option(1000, help="comparisons of the reward model that is only watched")
    dpo_comparisons: int = option(1000, help="comparisons that DPO learns from")
    betas: tuple[float, ...] = option((0.3, 0.1, 0.03), help="of DPO, falling")
    temperature: float = option(0.7, help="at which all answers are drawn")
    above: float = option(0.5, help="d from which on the laws are fitted")
    reward: Training = field(default_factory=_reward)
    rl: Onlining = field(default_factory=_rl)
    dpo: Training = field(default_factory=_dpo)


finding = findings.declared(NAME, Chase)


class Begun(NamedTuple):
    """What all parts share: the start, and comparisons of its answers."""

    settings: Chase
    seed: int
    start: Handle
    said: Handle

    def compared(self, n: int, after: int = 0) -> Handle:
        label = f"{NAME}-compared-{n}{'-others' if after else ''}"
        return comparisons(Comparing(n, after, seed=self.seed), answers=self.said, label=label)

    def reward(self, capacity: str, n: int, after: int = 0) -> Handle:
        given = seeded(self.settings.reward, self.seed)
        few = n * given.train.epochs < self.settings.least * given.train.batch
        train = replace(given.train, steps=self.settings.least) if few else given.train
        how = replace(given, adapter=capacity, train=train)
        label = f"{NAME}-reward-{plain(capacity)}-{n}{'-others' if after else ''}"
        data = self.compared(n, after)
        return table.reward(how, model=self.start, data=data, label=label)

    def asked(self, n: int, offset: int, use: str) -> Handle:
        return world.prompts(world.Draw(n, offset + self.seed), label=f"{NAME}-{use}")

    def drawn(self, model: Handle, asked: Handle, n: int, label: str) -> Handle:
        how = _drawing(self.settings, n, self.seed)
        return table.sample(how, model=model, prompts=asked, label=f"{NAME}-{label}")

    def scored(self, answers: Handle, reward: Handle, label: str, **more: Handle) -> Handle:
        how = Scoring(self.settings.temperature, MAX_NEW)
        label = f"{NAME}-scores-{label}"
        return proxied(how, answers=answers, reward=reward, label=label, **more)


def plain(capacity: str) -> str:
    """
    >>> plain("last:1")
    'last1'
    """
    return capacity.replace(":", "")


def _drawing(settings: Chase, n: int, seed: int) -> Sampling:
    return Sampling(n=n, max_new=MAX_NEW, temperature=settings.temperature, seed=seed)


def planned(settings: Chase, common: Common) -> Handle:
    """Reward models, the pool under each, runs against some, and DPO."""
    s = settings
    shown = demonstrations(
        Shown(s.demonstrations, "mediocre", seed=common.seed), label=f"{NAME}-shown"
    )
    start = common.tuned(shown, f"{NAME}-start", common.seed)
    asked = world.prompts(world.Draw(s.compared, COMPARED + common.seed), label=f"{NAME}-asked")
    said = table.sample(_drawing(s, s.answers, common.seed), model=start, prompts=asked,
                        label=f"{NAME}-answers")  # fmt: skip
    begun = Begun(s, common.seed, start, said)
    few = begun.asked(s.prompts, POOLED, "asked-pool")
    pool = begun.drawn(start, few, s.pool, "pool")
    found = {"pool": pool}
    for capacity in s.capacities:
        for n in s.comparisons:
            name = f"{plain(capacity)}-{n}"
            reward = begun.reward(capacity, n)
            found[f"proxy:{plain(capacity)}:{n}"] = begun.scored(pool, reward, name)
    return finding(s, label=NAME, **found, **_runs(begun), **_preferred(begun, few))


def _runs(begun: Begun) -> dict[str, Handle]:
    """RL against reward models of the largest capacity, and against gold."""
    s = begun.settings
    more, most = begun.asked(s.online, ONLINE, "asked-rl"), max(s.comparisons)
    watch = begun.reward(s.capacities[-1], s.watch, after=most)
    found = {}
    steps = s.rl.train.iterations
    runs = [*((n, steps, (1.0, 0.0, 0.0)) for n in s.chased), (0, s.control, (0.0, 0.0, 1.0))]
    for n, iterations, weights in runs:
        draw = replace(s.rl.train.draw, max_new=MAX_NEW, temperature=s.temperature)
        worth = replace(s.rl.train.reward, weights=weights)
        train = replace(s.rl.train, iterations=iterations, draw=draw, reward=worth, seed=begun.seed)
        name = str(n or CONTROL)
        found[f"rl:{name}"] = table.rl(
            replace(s.rl, train=train), model=begun.start, prompts=more, label=f"{NAME}-rl-{name}",
            proxy=begun.reward(s.capacities[-1], n or most), watch=watch,
        )  # fmt: skip
    return found


def _preferred(begun: Begun, asked: Handle) -> dict[str, Handle]:
    """DPO by beta, its answers, and what the reward model of its comparisons gives for them."""
    s = begun.settings
    data, reward = (
        begun.compared(s.dpo_comparisons),
        begun.reward(s.capacities[-1], s.dpo_comparisons),
    )
    found = {}
    for beta in s.betas:
        how = replace(seeded(s.dpo, begun.seed), values={**s.dpo.values, "beta": beta})
        model = table.train(how, model=begun.start, data=data, label=f"{NAME}-dpo-{beta:g}")
        said = begun.drawn(model, asked, 4, f"dpo-answers-{beta:g}")
        found[f"dpo:{beta:g}"] = said
        found[f"dpo:{beta:g}:scores"] = begun.scored(
            said, reward, f"dpo-{beta:g}", reference=begun.start
        )
    return found


def find(ctx: Context, settings: Chase, inputs: Mapping[str, Path]) -> None:
    """Curves, laws, how far gold fell, and where."""
    s, told = settings, measured(inputs, settings.dpo_comparisons)
    laws, missing = fits(told, s.above)
    how = (
        f"Best of 1 to {s.pool} answers to {s.prompts} prompts under {len(told.spread)} reward "
        f"models, {len(told.runs)} runs of {s.rl.train.iterations} iterations ({s.control} on "
        f"gold), DPO at {len(s.betas)} betas. Laws are fitted above d = {s.above:g}; the figure "
        f"shows reward models of capacity {s.capacities[-1]}, in standard deviations over the "
        "start's answers.",
        *missing,
    )
    top = plain(s.capacities[-1])
    found = {**numbers(told, laws), **moved(told, top, s.comparisons, s.chased)}
    made = Finding(found, figure(told, laws, top, s.above), how)
    findings.write(ctx, NAME, made, inputs)


def moved(
    told: Measured, capacity: str, comparisons: Sequence[int], chased: Sequence[int]
) -> dict[str, Interval]:
    """What more comparisons change, the most less the fewest: `best.10000-100.more` is of gold at
    the largest n, `.moved_right` of the d of the peak."""
    found = {}
    least, most = str(comparisons[0]), str(comparisons[-1])
    if least != most:
        few, many = told.best[capacity, least], told.best[capacity, most]
        found[f"best.{most}-{least}.more"] = mean_interval(many.gold[:, -1] - few.gold[:, -1])
        found[f"best.{most}-{least}.moved_right"] = moved_right(few, many)
    least, most = str(chased[0]), str(chased[-1])
    if least != most:
        found[f"rl.{most}-{least}.moved_right"] = told.runs[least].peak_to(told.runs[most])
    return found


def fits(told: Measured, above: float) -> tuple[dict[str, Fitted], tuple[str, ...]]:
    """Every law that can be fitted, by the name of its curve, and a sentence on each other."""
    wanted: dict[str, Callable[[], Fitted]] = {
        named("best", *which): partial(curve.fit, "best-of-n", above)
        for which, curve in told.best.items()
    }
    wanted |= {f"rl.{name}": partial(run.fit, above) for name, run in told.runs.items()}
    wanted["dpo"] = partial(told.dpo.fit, "rl", above)
    found, missing = {}, []
    for name, fit in wanted.items():
        try:
            found[name] = fit()
        except UserError as error:
            missing.append(f"No law for {name}: {error.what}.")
    return found, tuple(missing)


def numbers(told: Measured, laws: Mapping[str, Fitted]) -> dict[str, Interval]:
    """All numbers of all curves, by the names of both."""
    found: dict[str, dict[str, Interval]] = {
        named("best", *which): curve.numbers() for which, curve in told.best.items()
    }
    for which, agreed in told.agree.items():
        found[named("best", *which)]["agreement"] = agreed
    found |= {f"rl.{name}": run.numbers() for name, run in told.runs.items()}
    found["dpo"] = told.dpo.numbers()
    for name, law in laws.items():
        found[name] |= {"a": law.a, "b": law.b, "peak": law.peak}
    return {f"{curve}.{name}": i for curve, own in found.items() for name, i in own.items()}
