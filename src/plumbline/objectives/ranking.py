"""The likelihood of a whole ranking: Plackett-Luce, partial orders and two readings of a tie.

A ranking is a sequence of tiers D_1, D_2, ..., best first, over items with utilities u. Tier D is
chosen from what remains, D and the items B below it:

    order unobserved:  P(D above B) = sum over the orders s of D of
                       prod_i  e^{u_s(i)} / (sum_{j >= i} e^{u_s(j)} + sum_B e^{u_b})
    Davidson-Luce:     P(D tied first) = d_|D| (prod_D e^{u_i})^{1/|D|}
                       / sum over the non-empty subsets T of D and B of the same

The first says "these were better, in an order nobody noted", so a set that is all one tier costs
nothing, and the last tier never does. The sum over |D|! orders is a recursion over 2^|D| subsets:

    f({}) = 1,    f(S) = sum_{i in S} e^{u_i} f(S \\ i) / (sum_S e^u + sum_B e^u)

The second takes a tie as evidence of equality (Firth, Kosmidis, Turner 2019, arXiv:1909.07123),
with prevalence d_n = tie^(n-1). Plackett 1975; Luce 1959.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from plumbline.core.errors import UserError

LARGEST = 12
"""Subsets of more items than this (4096) are too many to sum over."""


@functools.lru_cache(maxsize=64)
def subset_steps(n: int) -> tuple[tuple[Tensor, Tensor, Tensor], ...]:
    """By size s = 1..n: the subsets [C] as bit masks, their members [C, s], and each subset less
    that member [C, s]."""
    by_size: list[list[int]] = [[] for _ in range(n + 1)]
    for mask in range(1, 1 << n):
        by_size[mask.bit_count()].append(mask)
    return tuple(_step(masks, n) for masks in by_size[1:])


def _step(masks: list[int], n: int) -> tuple[Tensor, Tensor, Tensor]:
    members = [[i for i in range(n) if mask >> i & 1] for mask in masks]
    without = [
        [mask ^ (1 << i) for i in inside] for mask, inside in zip(masks, members, strict=True)
    ]
    return torch.tensor(masks), torch.tensor(members), torch.tensor(without)


def log_p_above(tier: Tensor, below: Tensor) -> Tensor:
    """log P(all items of `tier` [m] come above all items of `below`), order inside unobserved."""
    if len(below) == 0:
        return tier.new_zeros(())
    if len(tier) > LARGEST:
        raise UserError(
            f"a tie of {len(tier)} answers; at most {LARGEST} can share a tier above the last",
            fix="leave out some of the tied answers",
        )
    floor = torch.logsumexp(below, 0)
    done = tier.new_zeros(1)  # log f of the subsets of the size before; the empty one first
    index = {0: 0}
    for masks, members, without in subset_steps(len(tier)):
        members, before = members.to(tier.device), _positions(without, index).to(tier.device)
        total = torch.logaddexp(torch.logsumexp(tier[members], 1), floor)
        done = torch.logsumexp(tier[members] + done[before], 1) - total
        index = {mask: at for at, mask in enumerate(masks.tolist())}
    return done[0]


def _positions(masks: Tensor, index: dict[int, int]) -> Tensor:
    return torch.tensor([[index[mask] for mask in row] for row in masks.tolist()])


def log_p_tied(tier: Tensor, below: Tensor, tie: float) -> Tensor:
    """log P(exactly the items of `tier` are tied first among `tier` and `below`), Davidson-Luce."""
    prevalence = math.log(tie)
    every = torch.cat([tier, below])
    if len(every) > LARGEST:
        raise UserError(
            f"a ranking of {len(every)} answers; ties=davidson-luce takes at most {LARGEST}",
            fix="rank fewer answers, or set ties=unobserved",
        )
    total = [
        every[members.to(every.device)].mean(1) + (size - 1) * prevalence
        for size, (_, members, _) in enumerate(subset_steps(len(every)), start=1)
    ]
    return tier.mean() + (len(tier) - 1) * prevalence - torch.logsumexp(torch.cat(total), 0)


def log_likelihood(utility: Tensor, tiers: Tensor, *, tie: float | None = None) -> Tensor:
    """log P of one ranking: `utility` [K], `tiers` [K] (0 best). `tie` = None: order unobserved;
    a number: Davidson-Luce with that prevalence."""
    total = 0 * utility.sum()  # a set that is all one tier still has a gradient: zero
    for level in torch.unique(tiers).tolist():
        tier, below = utility[tiers == level], utility[tiers > level]
        total = total + (log_p_above(tier, below) if tie is None else log_p_tied(tier, below, tie))
    return total


def concordance(utility: Tensor, tiers: Tensor) -> tuple[Tensor, int]:
    """Pairs of different tiers that `utility` puts in their order, and how many there are."""
    better = tiers[:, None] < tiers[None, :]
    return ((utility[:, None] > utility[None, :]) & better).sum(), int(better.sum())
