"""How much of the way from the bare model to the one that reads the manifesto a layer has gone.

    closed = 1 - sum KL(teacher || student) / sum KL(teacher || base)     on the teacher's text
    closed = 1 - sum KL(student || teacher) / sum KL(base || teacher)     each on its own text

over the answers' tokens, with the whole vocabulary, in nats. The first is what distillation
minimises; the second asks student and base on the words that they say themselves.

Where KL(teacher || base) is under `LEAST` nats a token there is no gap to speak of, and no share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from plumbline.identity.layer import Switch
from plumbline.identity.probes import Probe, trees
from plumbline.objectives.distill import divergence

ELEMENTS = 2**26
"""Log-probabilities held at once, about: 256 MiB a side."""
LEAST = 0.02
"""Nats a token below which a model does not follow a manifesto even in its prompt."""
Side = Literal["told", "base", "student"]
"""The model with the manifesto in its context; without it; and without it, with the layer."""


@dataclass(frozen=True)
class Apart:
    """KL in nats at each measured token, a row a probe."""

    rows: tuple[np.ndarray, ...]

    @property
    def sums(self) -> np.ndarray:
        """Nats an answer [N]."""
        return np.array([row.sum() for row in self.rows])

    @property
    def sizes(self) -> np.ndarray:
        """Tokens an answer [N]."""
        return np.array([len(row) for row in self.rows])

    @property
    def token(self) -> float:
        """Nats a token, over all of them."""
        return float(self.sums.sum() / max(1, self.sizes.sum()))


def apart(
    switch: Switch, probes: Sequence[Probe], one: Side, other: Side, against: Switch | None = None
) -> Apart:
    """KL(one || other) at each answer token of `probes` (in the order of `probes.ordered`); `other`
    of another model where there is one `against` this."""
    found: list[np.ndarray] = []
    for part in parts(probes, switch.policy.rows):
        a, b = said(switch, part, one), said(against or switch, part, other)
        found += by_probe(divergence(a, b).clamp(min=0.0), part)
    return Apart(tuple(found))


def by_probe(values: Tensor, probes: Sequence[Probe]) -> list[np.ndarray]:
    """Values at the answers' tokens [T], probe by probe."""
    ends = np.cumsum([int(one.answer.sum()) for one in probes])[:-1]
    return np.split(values.cpu().numpy(), ends)


def said(switch: Switch, probes: Sequence[Probe], side: Side) -> Tensor:
    """Log-probabilities [T, V] of the answers' tokens."""
    policy = switch.policy
    forest = policy.grow(trees(probes, told=side == "told", answers=True))
    with torch.no_grad(), nullcontext() if side == "student" else switch.off():
        return policy.distributions(forest)


def parts(probes: Sequence[Probe], vocabulary: int) -> Iterator[list[Probe]]:
    """Runs of probes whose distributions fit."""
    part: list[Probe] = []
    held = 0
    for one in probes:
        size = int(one.answer.sum()) * vocabulary
        if part and held + size > ELEMENTS:
            yield part
            part, held = [], 0
        part.append(one)
        held += size
    if part:
        yield part


def closed(left: Apart, whole: Apart) -> float:
    """The share of the gap, summed over tokens, then probes (micro)."""
    return 1 - float(left.sums.sum() / whole.sums.sum())
