"""Simple preference optimisation: length-normalised likelihoods, a target margin, no reference.

    h = beta ( log pi(y_w|x) / |y_w|  -  log pi(y_l|x) / |y_l| )
    L = - p log sigma(h - gamma) - (1-p) log sigma(-h - gamma)

Meng, Xia, Chen 2024, eq. 6, is p = 1; with p < 1 each side is asked for its margin in its turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import logsigmoid

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import (
    pair_count,
    preference_terms,
    row_logps,
    row_means,
    sides,
)


@dataclass(frozen=True)
class SimPO:
    """beta: scale of the average log-likelihood (2.0 to 2.5 in the paper's runs); gamma: target
    margin (about half of beta)."""

    beta: float = 2.0
    gamma: float = 1.0

    needs: ClassVar[tuple[str, ...]] = ()

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return pair_count(batch)

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        chosen, rejected = sides(row_means(out, batch), batch)
        h, p = self.beta * (chosen - rejected), batch["p"]
        loss = -p * logsigmoid(h - self.gamma) - (1 - p) * logsigmoid(-h - self.gamma)
        chosen_logp, rejected_logp = sides(row_logps(out, batch), batch)
        return preference_terms(
            loss, h, batch, chosen_logp=chosen_logp, rejected_logp=rejected_logp
        )
