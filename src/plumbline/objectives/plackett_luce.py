"""A reward model from whole rankings: Plackett-Luce on the rewards.

    L = - sum over sets of log P(tier_1 above tier_2 above ... | r)

`ranking.py` has the likelihood and the two readings of a tie. A ranking of K answers is one
observation, not the K (K-1) / 2 pairs of Ouyang et al. 2022, which are not independent.
The centring term c (mean r)^2 pins the rewards' mean, which rankings leave free
(after Eisenstein et al. 2023, eq. 2; for a pair it is a quarter of Bradley-Terry's).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from plumbline.core.errors import UserError
from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.ranking import concordance, log_likelihood


@dataclass(frozen=True)
class PlackettLuce:
    """ties: what a shared tier says; tie: Davidson-Luce's prevalence; centring: c.

    At tie = t and equal utilities a pair is tied with probability t / (2 + t).
    """

    ties: Literal["unobserved", "davidson-luce"] = "unobserved"
    tie: float = 0.5
    centring: float = 0.0

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if self.tie <= 0:
            raise UserError(f"tie={self.tie} must be above 0", fix="set ties=unobserved instead?")

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return set_count(batch)

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        assert out.value is not None
        loss = self.loss(out.value, batch)
        centre = torch.stack([out.value[rows].mean() ** 2 for rows in sets(batch)])
        return ranking_terms(loss + self.centring * centre, out.value, batch)

    def loss(self, utility: Tensor, batch: Batch) -> Tensor:
        """-log P of each set [S]."""
        tie = self.tie if self.ties == "davidson-luce" else None
        tiers = batch["tier"]
        return torch.stack(
            [-log_likelihood(utility[rows], tiers[rows], tie=tie) for rows in sets(batch)]
        )


def sets(batch: Batch) -> Iterator[Tensor]:
    """The rows of each set, in the order of the sets' numbers."""
    numbers = batch["set"]
    for number in torch.unique(numbers).tolist():
        yield torch.nonzero(numbers == number)[:, 0]


def set_weights(batch: Batch) -> Tensor:
    """The weight of each set [S]: the mean of its rows' weights."""
    return torch.stack([batch["row_weight"][rows].mean() for rows in sets(batch)])


def set_count(batch: Batch) -> dict[str, Tensor]:
    return {"loss": set_weights(batch).sum()}


def ranking_terms(loss: Tensor, utility: Tensor, batch: Batch) -> dict[str, Term]:
    """`loss` [S] and the metrics; accuracy is over a set's ordered pairs, sets counting alike."""
    right, margin, weight, ordered = [], [], set_weights(batch), []
    for rows in sets(batch):
        u, tiers = utility[rows].detach(), batch["tier"][rows]
        good, pairs = concordance(u, tiers)
        right.append(good / max(pairs, 1))
        ordered.append(float(pairs > 0))
        margin.append(u[tiers == tiers.min()].mean() - u[tiers == tiers.max()].mean())
    some = weight * weight.new_tensor(ordered)
    return {
        "loss": Term((weight * loss).sum(), weight.sum()),
        "accuracy": Term((some * torch.stack(right)).sum(), some.sum()),
        "margin": Term((some * torch.stack(margin)).sum(), some.sum()),
    }
