"""Distilling the manifesto by gradient: from zero (the classical way), or on from a compiled layer.

    L = mean over answer tokens of KL(teacher || student)         (Askell et al. 2021, "context
                                                                   distillation", arXiv:2112.00861)

The teacher's likeliest tokens are read once, before the first step; what lies outside them counts
as one more outcome (`objectives.distill`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from plumbline.core.types import Example
from plumbline.engine.batches import Item
from plumbline.engine.columns import RowCache, fill, row_key, top_ids, top_logp
from plumbline.engine.engine import Engine
from plumbline.engine.optim import Schedule
from plumbline.identity.layer import Layer
from plumbline.identity.probes import Probe, trees
from plumbline.models.policy import Policy
from plumbline.objectives import build

TOP = 128
"""The teacher's likeliest tokens that are kept at each position."""
Tick = Callable[[int, int, dict[str, float]], None]


def distill(
    policy: Policy,
    layer: Layer,
    probes: Sequence[Probe],
    *,
    steps: int,
    lr: float,
    batch: int,
    micro_tokens: int,
    seed: int = 0,
    tick: Tick = lambda done, total, numbers: None,
) -> None:
    """`steps` updates of the layer, each on `batch` probes; `lr` rises for a tenth of them and
    falls to nothing. Neutral probes are learnt from as well: there nothing should change."""
    with layer.trained():
        engine = Engine(policy, build("distill"), micro_tokens=micro_tokens)
        items = _items(engine, layer, probes)
        schedule = Schedule(lr, steps, decay="linear")
        for step, picked in zip(range(steps), _batches(len(items), batch, seed), strict=False):
            sums = engine.forward_backward([items[i] for i in picked])
            engine.optim_step(schedule.at(step))
            tick(step + 1, steps, sums.means())


def _items(engine: Engine, layer: Layer, probes: Sequence[Probe]) -> list[Item]:
    """The student's trees with what the teacher says there."""
    told, bare = (
        [Item(trees([one], told=side, answers=True)[0], Example((), ())) for one in probes]
        for side in (True, False)
    )
    ids, logp = RowCache(None), RowCache(None)
    with layer.off():
        top = min(TOP, engine.policy.rows)
        fill(engine, [told], [(ids, top_ids), (logp, top_logp)], top=top)
    return [
        own.with_extra("teacher_ids", (ids[key],)).with_extra("teacher_logp", (logp[key],))
        for own, key in zip(bare, (row_key(one.tree, 0) for one in told), strict=True)
    ]


def _batches(count: int, size: int, seed: int) -> Iterator[np.ndarray]:
    """Places in a seeded order, epoch after epoch."""
    epoch = 0
    while True:
        order = np.random.default_rng([seed, epoch]).permutation(count)
        yield from (order[i : i + size] for i in range(0, count, size))
        epoch += 1
