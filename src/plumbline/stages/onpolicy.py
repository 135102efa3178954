"""KTO's `reference=on-policy`: z0 from the policy's own answers, so the KL to the reference.

    z0 ~ mean over prompts of  sum_t log pi(y_t) - log pi_ref(y_t),   y ~ pi(. | x)

One answer a prompt and step, at most as long as the step's longest own answer. The reference is the
same weights with the new adapter off, or (full, last:N) the model as given, loaded once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from plumbline.engine import columns
from plumbline.engine.batches import Item
from plumbline.engine.columns import RowCache
from plumbline.engine.engine import Engine
from plumbline.models.policy import Policy
from plumbline.models.sampler import sample
from plumbline.text.forest import TokenTree


class OnPolicy:
    """Called with a step's items and number: sampled items that carry `ref_logp`."""

    def __init__(self, engine: Engine, stop_ids: Sequence[int], seed: int) -> None:
        self.engine, self.stops, self.seed = engine, stop_ids, seed
        self._reference = reference_of(engine)

    def __call__(self, items: Sequence[Item], step: int) -> list[Item]:
        drawn = self._draw(items, step)
        cache = RowCache(None)
        with as_given(self.engine.policy):
            columns.fill(self._reference, [drawn], [(cache, columns.token_logp)])
        return columns.attach("ref_logp", drawn, cache)

    def _draw(self, items: Sequence[Item], step: int) -> list[Item]:
        said = sample(
            self.engine.policy,
            [item.tree.prompt.tolist() for item in items],
            max_new=max(len(c) for item in items for c in item.tree.completions),
            seeds=[hash_seed(self.seed, step, i) for i in range(len(items))],
            stop_ids=self.stops,
        )
        return [
            Item(TokenTree(item.tree.prompt, (ids,), (np.ones(len(ids), bool),)), item.example)
            for item, ids in zip(items, (np.array(one.ids) for one in said), strict=True)
        ]


def reference_of(engine: Engine) -> Engine:
    """An engine of the model as given: the same weights for an adapter, else loaded once more."""
    if engine.policy.adapters:
        return engine
    given = engine.policy.load_reference()
    given.temperature = engine.policy.temperature
    return Engine(given, engine.objective, micro_tokens=engine.micro_tokens)


def as_given(policy: Policy) -> AbstractContextManager[None]:
    """Inside, an adapter's policy is its reference; a policy without one is as it is."""
    return policy.reference() if policy.adapters else nullcontext()


def hash_seed(*parts: int) -> int:
    """One seed from several numbers, the same on every machine."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0])
