"""Odds-ratio preference optimisation: imitation and preference in one loss, without a reference.

    a(y) = log pi(y|x) / |y|                    the average, so that e^a is a likelihood in (0, 1)
    odds(y) = e^a / (1 - e^a)
    L = - a(y_w)  +  lambda [ - p log sigma(o) - (1-p) log sigma(-o) ],
    o = log odds(y_w) - log odds(y_l)

Hong, Lee, Thorne 2024, eqs. 3 to 7 (p = 1). The imitation term is the chosen answer's alone,
averaged over its tokens, each pair counting once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import (
    pair_count,
    preference_terms,
    row_logps,
    row_means,
    sides,
    soft_logistic,
)


def log_odds(a: Tensor) -> Tensor:
    """log(e^a / (1 - e^a)) for a <= 0, exact near 0; a = 0 (probability one) is held just below."""
    a = a.clamp(max=-1e-7)
    return a - torch.log(-torch.expm1(a))


@dataclass(frozen=True)
class ORPO:
    """weight: lambda of eq. 6 (0.1 for the paper's Mistral runs)."""

    weight: float = 0.1

    needs: ClassVar[tuple[str, ...]] = ()

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return pair_count(batch)

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        chosen, rejected = sides(row_means(out, batch), batch)
        margin = log_odds(chosen) - log_odds(rejected)
        loss = -chosen + self.weight * soft_logistic(margin, batch["p"])
        chosen_logp, rejected_logp = sides(row_logps(out, batch), batch)
        return preference_terms(
            loss, margin, batch, chosen_logp=chosen_logp, rejected_logp=rejected_logp, nll=-chosen
        )
