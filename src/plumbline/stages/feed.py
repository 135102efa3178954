"""What each optimizer step is fed: its items, and the columns their objective needs.

Token columns (a reference's log-probabilities, a teacher's) come from caches that were filled
before the first update. KTO's z0
is estimated at every step on completions of other prompts, drawn once an epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from plumbline.core.heldout import prompt_key
from plumbline.engine import columns, order
from plumbline.engine.batches import Item
from plumbline.engine.columns import RowCache
from plumbline.engine.engine import Engine

OnPolicy = Callable[[Sequence[Item], int], list[Item]]
"""Sample one completion a row from the policy (seeded by the step) with its `ref_logp`."""


@dataclass
class Feed:
    """Training items in the order of their steps. `z0`: none, mismatched, on-policy or zero."""

    items: Sequence[Item]
    batch: int
    seed: int
    steps: int
    caches: Mapping[str, RowCache] = field(default_factory=dict)
    z0: str = "none"
    longest: int = 1 << 30
    sample: OnPolicy | None = None

    def __post_init__(self) -> None:
        self._partners: tuple[int, np.ndarray] = (-1, np.empty(0))

    def at(self, step: int) -> list[Item]:
        """The bare items of a step."""
        _, chosen = order.members(step, len(self.items), self.batch, self.seed)
        return [self.items[i] for i in chosen]

    def twins(self, step: int) -> list[Item]:
        """The step's prompts, each with the completions of another prompt."""
        epoch, chosen = order.members(step, len(self.items), self.batch, self.seed)
        if self._partners[0] != epoch:
            keys = [prompt_key(item.example) for item in self.items]
            self._partners = epoch, order.derangement(keys, self.seed, epoch)
        others = [self.items[self._partners[1][i]] for i in chosen]
        return columns.mismatched(self.at(step), others, self.longest)

    def passes(self) -> Iterator[list[Item]]:
        """What the reference has to score, step by step; each prompt is read once."""
        for step in range(self.steps):
            items = self.at(step)
            yield columns.both(items, self.twins(step)) if self.z0 == "mismatched" else items

    def step(self, step: int, engine: Engine) -> tuple[list[Item], dict[str, Tensor]]:
        """Items with their columns, and the columns of the whole step."""
        items = self._with_columns(self.at(step))
        if self.z0 == "none":
            return items, {}
        return items, {"z0": self._z0(step, engine).to(engine.policy.device)}

    def _z0(self, step: int, engine: Engine) -> Tensor:
        if self.z0 == "zero":
            return torch.zeros(())
        if self.z0 == "on-policy":
            assert self.sample is not None
            return columns.mean_log_ratio(engine, self.sample(self.at(step), step))
        return columns.mean_log_ratio(engine, self._with_columns(self.twins(step)))

    def _with_columns(self, items: list[Item]) -> list[Item]:
        for name, cache in self.caches.items():
            items = columns.attach(name, items, cache)
        return items
