"""How the next token is drawn, and the log-probability of the very distribution it is drawn from.

    p = softmax(z / temperature), cut to the top k, then to the smallest set of mass >= top_p, then
    to what has at least min_p of the largest;   renormalised
    token = the first whose cumulative probability passes a uniform number

temperature 0 is greedy: the largest logit, with its log-probability at temperature 1.
Nucleus: Holtzman et al. 2020 (arXiv 1904.09751). min-p: Nguyen et al. 2024 (arXiv 2407.01082).

Shapes: B rows, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from plumbline.core.errors import UserError

BLOCK = 128
"""Probabilities added up together: the block is found first, then the token in it."""
LIKELY = 512
"""The nucleus is looked for among so many tokens before the whole vocabulary is sorted."""


@dataclass(frozen=True)
class Draw:
    """How a token is chosen. temperature 0 is greedy; top_k 0, top_p 1 and min_p 0 cut nothing."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0

    def __post_init__(self) -> None:
        inside = 0 < self.top_p <= 1 and self.top_k >= 0 and 0 <= self.min_p <= 1
        if self.temperature < 0 or not inside:
            raise UserError(
                f"cannot sample with {self}",
                fix="temperature >= 0, 0 < top_p <= 1, top_k >= 0, 0 <= min_p <= 1",
            )

    def logprobs(self, logits: Tensor) -> Tensor:
        """[B, V] logits -> log-probabilities of the distribution drawn from, in fp32."""
        return self._cut(logits).log_softmax(-1)

    def choose(self, logits: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Ids [B] and their log-probabilities [B], at one uniform number in [0, 1) a row."""
        z = self._cut(logits)
        top, greedy = z.max(-1)
        weights = (z - top[:, None]).exp_()
        total = _blocks(weights)
        ids = greedy if self.temperature == 0 else _passing(weights, total, uniform, greedy)
        logp = z.gather(1, ids[:, None])[:, 0] - top - total[:, -1].log()
        return ids, logp.float()

    def _cut(self, logits: Tensor) -> Tensor:
        """Logits over the temperature, -inf where nothing is drawn from."""
        z = logits.float()
        if self.temperature not in (0, 1):
            z = z / self.temperature
        if 0 < self.top_k < z.shape[-1]:
            lowest = z.topk(self.top_k, dim=-1).values[:, -1:]
            z = z.masked_fill(z < lowest, -torch.inf)
        if self.top_p < 1:
            z = z.masked_fill(_beyond(z, self.top_p), -torch.inf)
        if self.min_p > 0:
            least = z.softmax(-1)
            z = z.masked_fill(least < self.min_p * least.amax(-1, keepdim=True), -torch.inf)
        return z


def _beyond(z: Tensor, mass: float) -> Tensor:
    """[B, V]: what is not in the smallest set of likeliest tokens with that mass."""
    p = z.softmax(-1)
    likely = min(LIKELY, z.shape[-1])
    top, order = p.topk(likely, dim=-1)
    if likely < z.shape[-1] and bool((top.sum(-1) < mass).any()):
        top, order = p.sort(dim=-1, descending=True, stable=True)
    inside = top.cumsum(-1) - top < mass
    return torch.ones_like(z, dtype=torch.bool).scatter(1, order, ~inside)


def _blocks(weights: Tensor) -> Tensor:
    """Running sums [B, ceil(V / BLOCK)] over blocks: fp32 inside a block, fp64 over blocks."""
    whole = weights.shape[1] // BLOCK * BLOCK
    sums = weights[:, :whole].view(len(weights), -1, BLOCK).sum(-1)
    if whole < weights.shape[1]:
        sums = torch.cat([sums, weights[:, whole:].sum(-1, keepdim=True)], 1)
    return sums.double().cumsum(-1)


def _passing(weights: Tensor, blocks: Tensor, uniform: Tensor, likeliest: Tensor) -> Tensor:
    """The first column [B] at which each row's running sum passes its share of the whole sum."""
    columns = weights.shape[1]
    at = uniform.to(blocks)[:, None] * blocks[:, -1:]
    block = torch.searchsorted(blocks, at, right=True).clamp_max(blocks.shape[1] - 1)
    before = torch.where(block > 0, blocks.gather(1, (block - 1).clamp_min(0)), 0.0)
    inside = block * BLOCK + torch.arange(BLOCK, device=block.device)
    own = weights.gather(1, inside.clamp_max(columns - 1)).double()
    own = own.masked_fill(inside >= columns, 0.0).cumsum(-1)
    place = torch.searchsorted(own, at - before, right=True).clamp_max(BLOCK - 1)
    ids = (block * BLOCK + place)[:, 0].clamp_max(columns - 1)
    # A share that rounding puts at the end of a block falls on a token that may be drawn.
    return torch.where(weights.gather(1, ids[:, None])[:, 0] > 0, ids, likeliest)
