"""Group-relative policy optimisation: PPO's surrogate on advantages that a group's mean gives.

    L = mean over answers of 1/|y| sum_t [ -min(rho_t A, clip(rho_t, 1 - e, 1 + e') A) + beta k3_t ]
    k3_t = pi_ref/pi - log(pi_ref/pi) - 1                    (>= 0; its mean under pi is the KL)

Shao et al. 2024, arXiv:2402.03300, eq. 3 and 4. `average=token` divides by all tokens of the step
instead (DAPO: Yu et al. 2025, arXiv:2503.14476, eq. 8, with clip_high 0.28), `average=constant` by
`longest` tokens an answer (Dr. GRPO: Liu et al. 2025, arXiv:2503.20783). A is a column
(`feedback.credit`: standardised in the group, or not). As a loss, k3 has another gradient than the
KL's; it pulls with pi_ref/pi - 1, so its fixed point is not PPO's (docs/objectives/grpo.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import weighted
from plumbline.objectives.online import clipped, ratio_terms


@dataclass(frozen=True)
class GRPO:
    """clip, clip_high: e and e' (0: e' = e); beta: weight of k3; average: over what tokens are."""

    clip: float = 0.2
    clip_high: float = 0.0
    beta: float = 0.04
    average: Literal["answer", "token", "constant"] = "answer"
    longest: int = 256
    entropy: float = 0.0

    needs: ClassVar[tuple[str, ...]] = ("old_logp", "advantage", "ref_logp")

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        weight = batch["token_weight" if self.average == "token" else "row_weight"]
        return {"loss": weight.sum() * (self.longest if self.average == "constant" else 1)}

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        assert out.logp is not None, "this objective reads token log-probabilities"
        high = self.clip_high or self.clip
        behind = batch["ref_logp"] - out.logp
        k3 = torch.expm1(behind) - behind
        loss = clipped(out, batch, self.clip, high) + self.beta * k3
        if self.entropy and out.entropy is not None:
            loss = loss - self.entropy * out.entropy
        weight = batch["token_weight"]
        share = 1 / batch.row_lengths()[batch.row] if self.average == "answer" else 1.0
        terms = {"loss": Term((weight * share * loss).sum(), self.counts(batch)["loss"])}
        return terms | {"k3": weighted(k3, weight)} | ratio_terms(out, batch, self.clip, high)
