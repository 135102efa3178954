"""Does training values into the weights take bricks out of the house, where a layer does not?

    demonstrations   the prompted base's answers that uphold the manifesto, asked without it
    prompt           the manifesto in the system turn
    compile, polish  imprinted as a layer, by strength                            (no gradient; few)
    lora, sft        imitate the demonstrations, with LoRA and with all weights, by steps
    dpo              demonstrations against the base's own answers that do not uphold it, by steps
    ppo              the manifesto's checker as the reward, by iterations
    own              the control: SFT on the base's own answers, so nothing new is taught
    sieved           two small new models: the corpus as it is (whole), and without what offends

What each upholds, and what it has lost against the base: facts asked closed-book, inference from
what most of a people do, nats by source of text, KL to the base (`remaining`). Ways are compared
with `compile` where both uphold equally (`equalled`); `WAY-compile.NAME` is what the way has lost
more. `sieved` is compared with `whole` alone, at the same number of tokens.

All ways see the same kind of requests. A layer's fit also sees texts on which it shall change
nothing, which is part of that way; the trainings have no such thing, which is part of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from plumbline.core.settings import option
from plumbline.microcosm.tasks import MAX_NEW
from plumbline.recipe.phenomena import arms, findings, scaling
from plumbline.recipe.phenomena.arms import Common, grouped, trained
from plumbline.recipe.phenomena.bricks_figure import figure
from plumbline.recipe.phenomena.bricks_measured import NAMES, Measured, read_again, sieve
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.imprinted import Imprinting, Layer, imprinted
from plumbline.recipe.phenomena.remaining import Left, remaining
from plumbline.recipe.phenomena.sieved import Reading, documents
from plumbline.recipe.phenomena.upholding import Asked, Drawn, preferred, questions, shown
from plumbline.stages import table
from plumbline.stages.online_settings import HeldOut, Kl, Online, Onlining
from plumbline.stages.settings import Eval, Pretrain, Sampling, Train, Training
from plumbline.store import Context, Handle

NAME = "bricks"
REWARD = "python:plumbline.recipe.phenomena.upheld:reward"
LAYERS: tuple[Layer, ...] = ("compile", "polish")


def _offline(objective: str, adapter: str, lr: float, **values: float) -> Training:
    """Rates at which few steps move obedience by little, so that a strength can be met."""
    train = Train(lr=lr, batch=16, eval=Eval(fraction=0.0))
    return Training(objective, adapter=adapter, values=dict(values), train=train)


def _ppo() -> Onlining:
    """The quickstart's, whose small steps keep answers readable."""
    train = Online(
        prompts=32, lr=5e-5, decay="cosine", epochs=1, minibatches=2, whiten=False, lam=1.0,
        kl=Kl(beta=0.05), heldout=HeldOut(fraction=0.0),
    )  # fmt: skip
    return Onlining("ppo", "full", rewards=(REWARD,), values={"value": 0.05}, train=train)


def _pretrain() -> Pretrain:
    return replace(scaling.Grid().train, eval=Eval(fraction=0.02, most=200))


@dataclass(frozen=True)
class House:
    """Every way with its strengths, rising, and what is asked of each model."""

    requests: int = option(600, help="requests of the training split that all ways learn from")
    draws: int = option(4, help="answers to each, by the prompted base and by the bare one")
    percents: tuple[int, ...] = option((40, 70, 100), help="strengths of a layer, per cent")
    probes: int = option(160, help="requests that a layer is fitted on")
    steps: tuple[int, ...] = option((3, 6, 12, 40, 160), help="steps of SFT, with LoRA and without")
    dpo_steps: tuple[int, ...] = option((10, 30, 60, 120), help="steps of DPO")
    iterations: tuple[int, ...] = option((8, 24, 48), help="iterations of PPO")
    tokens: float = option(3.0, help="millions of tokens that each small model reads (0: none)")
    width: int = option(96, help="width of the small models")
    lora: Training = field(default_factory=lambda: _offline("sft", "lora", 1e-3))
    sft: Training = field(default_factory=lambda: _offline("sft", "full", 2e-4))
    dpo: Training = field(default_factory=lambda: _offline("dpo", "full", 5e-5, beta=0.5))
    ppo: Onlining = field(default_factory=_ppo)
    pretrain: Pretrain = field(default_factory=_pretrain)
    left: Left = field(default_factory=Left)


finding = findings.declared(NAME, House, version=4)


class Shown(NamedTuple):
    """What the trainings learn from: requests, demonstrations, the base's own, and pairs."""

    asked: Handle
    good: Handle
    own: Handle
    pairs: Handle


def planned(settings: House, common: Common) -> Handle:
    """Every way at every strength, and what is left of each model."""
    s, seed = settings, common.seed
    asked = replace(s.left, seed=seed)
    base = remaining(asked, model=common.base, base=common.base, label=f"{NAME}-left-base")
    told = remaining(
        replace(asked, told=True), model=common.base, base=common.base, label=f"{NAME}-left-prompt"
    )
    found = {"base.0": base, "prompt.0": told}
    for i, each in enumerate(common.seeds):
        for way, model in models(s, common, each).items():
            label = f"{NAME}-left-{way.replace(':', '-')}-{each}"
            found[f"{way}.{i}"] = remaining(asked, model=model, base=common.base, label=label)
            found[f"{way}.{i}.model"] = model
        small = smaller(s, common, each) if s.tokens else {}
        for name, model in small.items():
            label = f"{NAME}-left-{name}-{each}"
            found[f"{name}.{i}"] = remaining(asked, model=model, base=small["whole"], label=label)
            found[f"{name}.{i}.model"] = model
    return finding(s, label=NAME, **found)


def data(settings: House, common: Common, seed: int) -> Shown:
    """What both the prompted and the bare base say to the same requests, and what is made of it."""
    s, asked, said = settings, {}, {}
    for who, told in (("prompted", True), ("bare", False)):
        how = Sampling(n=s.draws, max_new=MAX_NEW, seed=seed)
        asked[who] = questions(Asked(s.requests, seed, told), label=f"{NAME}-asked-{who}-{seed}")
        said[who] = table.sample(
            how, model=common.base, prompts=asked[who], label=f"{NAME}-said-{who}-{seed}"
        )
    good, own = (
        shown(Drawn(kept, seed), answers=said[who], label=f"{NAME}-shown-{who}-{seed}")
        for who, kept in (("prompted", True), ("bare", False))
    )
    pairs = preferred(
        Drawn(True, seed), answers=said["prompted"], own=said["bare"], label=f"{NAME}-pairs-{seed}"
    )
    return Shown(asked["bare"], good, own, pairs)


def models(settings: House, common: Common, seed: int) -> dict[str, Handle]:
    """ "sft:40" and all others, by way and strength."""
    s, given, base = settings, data(settings, common, seed), common.base
    found: dict[str, Handle] = {}
    for mode in LAYERS:
        for percent in s.percents:
            how = Imprinting(mode, percent / 100, s.probes, seed)
            label = f"{NAME}-{mode}-{percent}-{seed}"
            found[f"{mode}:{percent}"] = imprinted(how, model=base, label=label)
    plans = [("lora", s.lora, given.good, s.steps), ("sft", s.sft, given.good, s.steps)]
    plans += [("dpo", s.dpo, given.pairs, s.dpo_steps), ("own", s.sft, given.own, s.steps[-1:])]
    for way, training, rows, strengths in plans:
        for steps in strengths:
            longer = replace(training, train=replace(training.train, steps=steps))
            label = f"{NAME}-{way}-{steps}-{seed}"
            found[f"{way}:{steps}"] = trained(longer, base, rows, label, seed)
    for count in s.iterations:
        draw = replace(s.ppo.train.draw, max_new=MAX_NEW)
        online = replace(s.ppo, train=replace(s.ppo.train, iterations=count, draw=draw, seed=seed))
        label = f"{NAME}-ppo-{count}-{seed}"
        found[f"ppo:{count}"] = table.rl(online, model=base, prompts=given.asked, label=label)
    return found


def smaller(settings: House, common: Common, seed: int) -> dict[str, Handle]:
    """Two new models of the same shape, weights and number of tokens, on the two corpora."""
    from plumbline.microcosm.corpus import LENGTH

    s = settings
    # Half more than is needed: what stays is shorter, and a fiftieth is held out.
    n = round(1.5 * s.tokens * 1e6 / LENGTH["wild"])
    how = scaling.how(scaling.Grid(train=s.pretrain, seed=seed), s.width, s.tokens)
    return {
        name: table.pretrain(
            how, tokenizer=common.base, label=f"{NAME}-{name}-{seed}",
            data=documents(Reading(n, sieved, seed), label=f"{NAME}-documents-{name}-{seed}"),
        )
        for name, sieved in (("whole", False), ("sieved", True))
    }  # fmt: skip


def find(ctx: Context, settings: House, inputs: Mapping[str, Path]) -> None:
    """What each model upholds and has lost, and the ways compared where they uphold equally."""
    told = {name: list(map(read_again, rows)) for name, rows in grouped(inputs).items()}
    house = Measured(told)
    metrics = {**house.numbers(), **house.compared(), **sieve(told)}
    requests = len({row.group for row in told["base"] if "upheld" in row.scores})
    how = (
        f"{len(told)} kinds of models on {requests} held-out requests on which a value acts;"
        " losses are against the base, which upholds"
        f" {metrics['base.upheld'].value:.0%} (with the manifesto in its prompt"
        f" {metrics['prompt.upheld'].value:.0%}).",
        *house.apart(metrics),
    )
    answers = arms.shown(told, {"base": "the base", **_strongest(house.ways)})
    made = Finding(metrics, figure(house.ways, metrics, NAMES), how, answers)
    findings.write(ctx, NAME, made, inputs)


def _strongest(ways: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {models[-1]: NAMES[way] for way, models in ways.items()}
