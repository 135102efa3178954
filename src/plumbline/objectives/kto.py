"""Kahneman-Tversky optimisation: the prospect-theory value of single good or bad answers.

    r = log pi(y|x)/pi_ref(y|x)
    v = l_D sigma(beta (r - z0)) where y is good,  l_U sigma(beta (z0 - r)) where it is bad
    L = l_y - v

Ethayarajh et al. 2024, eq. 7. The reference point z0 = max(0, mean of log pi(y'|x)/pi_ref(y'|x))
over mismatched (x, y'), y' an answer to another prompt (section 4.1), is a column the engine makes
before the step, without gradient and not yet clamped. Imbalance: choose the weights so that
l_D n_D / (l_U n_U) lies in [1, 4/3] (eq. 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import row_logps, row_logratios, weighted


@dataclass(frozen=True)
class KTO:
    """beta: risk aversion; desirable, undesirable: l_D and l_U; reference: how z0 is made.

    reference: "mismatched" as in the paper; "on-policy" from fresh samples of the policy (the KL
    itself); "zero" fixes z0 = 0 (no extra pass).
    """

    beta: float = 0.1
    desirable: float = 1.0
    undesirable: float = 1.0
    reference: Literal["mismatched", "on-policy", "zero"] = "mismatched"

    needs: ClassVar[tuple[str, ...]] = ("ref_logp", "z0")

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": batch["row_weight"].sum()}

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        r, z0 = row_logratios(out, batch), batch["z0"].clamp(min=0)
        good, weight = batch["label"] > 0.5, batch["row_weight"]
        scale = torch.where(good, self.desirable, self.undesirable).to(r.dtype)
        x = self.beta * torch.where(good, r - z0, z0 - r)
        chosen, rejected = weight * good, weight * ~good
        return {
            # l - l sigma(x) = l sigma(-x): no cancellation where the value is near its ceiling
            "loss": weighted(scale * torch.sigmoid(-x), weight),
            "accuracy": weighted((x > 0).to(r.dtype), weight),
            "chosen_logratio": weighted(r, chosen),
            "rejected_logratio": weighted(r, rejected),
            "chosen_logp": weighted(row_logps(out, batch), chosen),
            "z0": weighted(z0.expand_as(r), weight),
            "clamped": weighted((batch["z0"] < 0).to(r.dtype).expand_as(r), weight),
        }
