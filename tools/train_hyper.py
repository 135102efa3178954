"""Train the network that writes layers, on manifestos of the microcosm.

    python tools/train_hyper.py FOLDER [--minutes M] [--manifestos 12] [--questions 5]

First the closed form's own loss is learnt (`hyper_sweep`), then the divergence. Every step draws
new manifestos of 1 to 8 rules with questions of the training split. The texts of the answers are
the grammar's own, so nothing is sampled; what is matched are the states and the distributions of
the base that reads the manifesto. Manifestos of another seed are asked questions of held-out things
and phrasings every now and then: curve.jsonl has the share of their gap that is closed (micro, and
the mean over manifestos), steps, manifestos and minutes. A step whose gradient is many times longer
than usual is left out, and counted.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from plumbline.core.types import Example, answer, user
from plumbline.identity import hyper, hyper_learn, hyper_sweep
from plumbline.identity.hyper_learn import Lessons
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.probes import Probe, ordered, probe, shared
from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import Split
from plumbline.microcosm.content import SPEAKERS
from plumbline.microcosm.probing import asks_for
from plumbline.microcosm.talks import answered, pick
from plumbline.models.load import load_model
from plumbline.models.locate import microcosm_base
from plumbline.models.policy import Policy
from plumbline.objectives.distill import divergence
from plumbline.stages.answering import Answerer
from plumbline.text.render import Renderer

TRAIN: tuple[Split, ...] = ("train",)
TEST: tuple[Split, ...] = ("entity", "paraphrase")
DEV, CALIBRATED = 24, 8
RIDGE = 1e-2
WARM = 40
"""Steps until the learning rate is whole; it falls over the last seven tenths of the time."""
LONG = 4.0
"""A gradient so many times longer than the median of the last fifty is not followed."""


def drawn(renderer: Renderer, seed: str, count: int, splits: Sequence[Split]) -> list[Probe]:
    """A manifesto with up to `count` questions, answered by the grammar."""
    rng = random.Random(seed)
    style = rng.choice(("plain", "list", "numbered"))
    rules = manifestos.drawn(rng, rng.randint(1, 8))
    words = Manifesto(manifestos.prompt(rules, style))
    header = shared(*renderer.prompts_ids([(user("a"),), (user("b"),)]))
    asks = asks_for(rules.rules, count, rng, splits)
    texts = [said(answered(rules, ask, rng, pick(rng, SPEAKERS))) for ask in asks]
    made = renderer.render_part(
        Example(ask.conversation, (answer(text),)) for ask, text in zip(asks, texts, strict=True)
    )
    prompts = renderer.prompts_ids([words.told(ask.conversation) for ask in asks])
    found = []
    for told, one in zip(prompts, made, strict=True):
        ids = one.tree.completions[0][one.tree.trained[0]]
        found.append(probe(told, one.tree.prompt.tolist(), ids.tolist(), header))
    return ordered(found)


def lessons(
    policy: Policy, renderer: Renderer, label: str, sizes: tuple[int, int], splits: Sequence[Split]
) -> Lessons:
    """`sizes`: manifestos, and questions to each."""
    count, questions = sizes
    return Lessons(
        policy, [drawn(renderer, f"{label}/{i}", questions, splits) for i in range(count)]
    )


class Dev:
    """Manifestos that are only looked at."""

    def __init__(self, found: Sequence[Lessons]) -> None:
        self.held = []
        for one in found:
            logp, states = one.teacher()
            self.held.append((one, logp, states, divergence(logp, one.base()).sum().item()))

    def closed(self, network: hyper.Hyper) -> dict[str, float]:
        """Share of the gap over all tokens, and the mean over manifestos."""
        left, whole = [], [one[3] for one in self.held]
        with torch.no_grad():
            for own, logp, states, _ in self.held:
                kl = divergence(logp, own.student(network, states)).clamp(min=0)
                left.append(kl.sum().item())
        shares = [1 - a / b for a, b in zip(left, whole, strict=True)]
        return {"micro": 1 - sum(left) / sum(whole), "macro": float(np.mean(shares))}


class Trainer:
    """Adam with a rate that follows the clock, and never a step many times longer than usual."""

    def __init__(self, network: hyper.Hyper, lr: float, swept: float) -> None:
        self.network, self.lr, self.swept = network, lr, swept
        self.optimizer = torch.optim.Adam(network.parameters(), lr, betas=(0.9, 0.98))
        self.steps, self.left_out, self.sweeping = 0, 0, swept > 0
        self.lengths: list[float] = []
        self.losses: list[float] = []

    def step(self, some: Lessons, done: float) -> None:
        """`done`: the share of the time that is over."""
        rate = self.lr * min(1.0, (self.steps + 1) / WARM, 0.02 + (1 - done) / 0.7)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        if self.sweeping and done >= self.swept:
            self.sweeping, self.lengths, self.losses = False, [], []  # in other units from here on
        learn = hyper_sweep.sweep if self.sweeping else hyper_learn.loss
        loss = learn(self.network, some)
        loss.backward()
        length = float(torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0))
        self.lengths.append(length)
        self.losses.append(loss.item())
        if len(self.lengths) < WARM or length <= LONG * float(np.median(self.lengths[-50:])):
            self.optimizer.step()
        else:
            self.left_out += 1
        self.steps += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", type=float, default=90, help="seconds between looks")
    parser.add_argument("--manifestos", type=int, default=12)
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--lr", type=float, default=8e-4)
    parser.add_argument("--swept", type=float, default=0.45, help="share of the time for `sweep`")
    parser.add_argument("--precision", default="bf16")
    args = parser.parse_args()
    torch.manual_seed(0)
    base = microcosm_base()
    policy = load_model(base, adapter="none", precision=args.precision)
    policy.model.requires_grad_(False)
    renderer = Answerer(base, policy=policy).renderer
    size = (args.manifestos, args.questions)
    some = [lessons(policy, renderer, f"hyper/c/{k}", size, TRAIN) for k in range(CALIBRATED)]
    dev = Dev([
        lessons(policy, renderer, f"hyper/dev/{i}", (1, args.questions), TEST) for i in range(DEV)
    ])  # fmt: skip
    network = hyper.Hyper(hyper.shape_of(policy))
    hyper_sweep.calibrate(network, some, RIDGE)
    trainer = Trainer(network, args.lr, args.swept)
    args.folder.mkdir(parents=True, exist_ok=True)
    began, looked, over = time.perf_counter(), -args.every, 0.0
    while True:
        over = time.perf_counter() - began
        if over - looked >= args.every or over >= 60 * args.minutes:
            looked = over
            told = {
                "minutes": round(over / 60, 2), "steps": trainer.steps,
                "manifestos": trainer.steps * args.manifestos, **dev.closed(network),
                "sweeping": trainer.sweeping, "loss": float(np.mean(trainer.losses[-25:] or [0.0])),
                "left_out": trainer.left_out,
            }  # fmt: skip
            with (args.folder / "curve.jsonl").open("a") as curve:
                curve.write(json.dumps(told) + "\n")
            print(json.dumps(told), flush=True)
            hyper.save(network, args.folder, policy.source.digest)
        if over >= 60 * args.minutes:
            return
        label = f"hyper/train/{trainer.steps}"
        own = lessons(policy, renderer, label, size, TRAIN)
        trainer.step(own, over / (60 * args.minutes))


if __name__ == "__main__":
    main()
