"""Distillation: match a teacher's distribution at every trained token.

    forward   KL(t || s) = sum_v t_v log(t_v / s_v)              (Hinton et al. 2015)
    reverse   KL(s || t)                                         (Gu et al. 2023, MiniLLM)
    mixed     mix KL(t || m) + (1-mix) KL(s || m),  m = mix t + (1-mix) s
              (generalised Jensen-Shannon: Agarwal et al. 2023, GKD, eq. 1)

over the teacher's K most likely tokens or, with K = V, the whole vocabulary. Residual mass, what
lies outside the K: "bucket" (default) compares it as one more outcome, so that the loss is a lower
bound of the full divergence and 0 at equality; "renormalise" spreads it over the K of teacher and
student alike, and so says nothing of how much mass lies there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from plumbline.core.errors import UserError
from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import weighted

LEAST = 1e-6
"""Residual mass below this is rounding: 1 - sum of K float32 probabilities knows no better."""


def divergence(a: Tensor, b: Tensor) -> Tensor:
    """KL(a || b) [T] in nats, of log-probabilities [T, K]."""
    return (a.exp() * (a - b)).sum(1)


@dataclass(frozen=True)
class Distill:
    """kl: the divergence; mix: the teacher's share in the mixture (0.5: Jensen-Shannon)."""

    kl: Literal["forward", "reverse", "mixed"] = "forward"
    mix: float = 0.5
    residual: Literal["bucket", "renormalise"] = "bucket"

    needs: ClassVar[tuple[str, ...]] = ("teacher_logp", "teacher_ids")

    def __post_init__(self) -> None:
        if not 0 < self.mix < 1:
            raise UserError(f"mix={self.mix} is not in (0, 1)", fix="or set kl=forward|reverse")

    def close(self, logp: Tensor) -> Tensor:
        """A whole distribution from the K log-probabilities [T, K] -> [T, K+1] or [T, K]."""
        if self.residual == "renormalise":
            return logp - torch.logsumexp(logp, 1, keepdim=True)
        rest = (1 - logp.exp().sum(1, keepdim=True)).clamp(min=LEAST).log()
        return torch.cat([logp, rest], 1)

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": batch["token_weight"].sum()}

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        assert out.top_logp is not None, "distill reads the student's log-probabilities of the ids"
        t, s = self.close(batch["teacher_logp"]), self.close(out.top_logp)
        if self.kl == "forward":
            loss = divergence(t, s)
        elif self.kl == "reverse":
            loss = divergence(s, t)
        else:
            m = torch.logaddexp(t + math.log(self.mix), s + math.log1p(-self.mix))
            loss = self.mix * divergence(t, m) + (1 - self.mix) * divergence(s, m)
        weight = batch["token_weight"]
        return {
            "loss": weighted(loss, weight),
            "teacher_mass": weighted(batch["teacher_logp"].exp().sum(1), weight),
            "agreement": weighted((t.argmax(1) == s.argmax(1)).to(loss.dtype), weight),
        }
