"""PPO-ptx: what a model was taught before, mixed into every update, so that it is not forgotten.

    L = L_online + weight x (mean over the mixed texts' tokens of -log pi(y_t|s_t))

Ouyang et al. 2022, arXiv:2203.02155, eq. 2, whose gamma is `weight` here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plumbline.core.types import Judgement
from plumbline.engine.batches import Item
from plumbline.engine.engine import Engine
from plumbline.engine.metrics import Sums
from plumbline.objectives import build, entry
from plumbline.stages.answering import Answerer
from plumbline.stages.online_settings import Online
from plumbline.stages.prepare import prepare
from plumbline.stages.settings import Eval, Train


class Mixing:
    """Adds the gradient of some texts to that of an update; the order is seeded."""

    def __init__(self, engine: Engine, items: Sequence[Item], settings: Online) -> None:
        self.items, self.batch, self.seed = items, settings.mix.batch, settings.seed
        self.engine = Engine(
            engine.policy,
            build("sft"),
            micro_tokens=engine.micro_tokens,
            weight=settings.mix.weight,
        )

    def __call__(self, step: int, update: int, count: int) -> Sums:
        """Beside an update on `count` prompts; its numbers as `mix_loss`."""
        rng = np.random.default_rng([self.seed, step, update, 1])
        size = min(self.batch or count, len(self.items))
        chosen = rng.choice(len(self.items), size, replace=False)
        found = self.engine.forward_backward([self.items[i] for i in chosen])
        return found.only({"loss": "mix_loss"})


def items_of(judgements: Sequence[Judgement], answerer: Answerer, settings: Online) -> list[Item]:
    """The texts in tokens, cut as in training."""
    how = Train(length=settings.length, eval=Eval(fraction=0.0))
    made = prepare(
        judgements, (), entry("sft"), build("sft"), answerer.renderer, how, answerer.context
    )
    return list(made.train)
