"""What objectives on the policy's own answers share: the clipped ratio and what to say of it.

rho_t = exp(log pi(y_t|s_t) - log pi_old(y_t|s_t)),   old: the policy that drew the answer
"""

from __future__ import annotations

import torch
from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import weighted


def ratio(out: Outputs, batch: Batch) -> Tensor:
    """rho [T]."""
    assert out.logp is not None, "this objective reads token log-probabilities"
    return (out.logp - batch["old_logp"]).exp()


def clipped(out: Outputs, batch: Batch, low: float, high: float) -> Tensor:
    """The surrogate's negative [T]: -min(rho A, clip(rho, 1 - low, 1 + high) A)."""
    rho, advantage = ratio(out, batch), batch["advantage"]
    near = rho.clamp(1 - low, 1 + high)
    return -torch.minimum(rho * advantage, near * advantage)


def ratio_terms(out: Outputs, batch: Batch, low: float, high: float) -> dict[str, Term]:
    """How far the policy is from the one that drew the answers.

    clipped: share of tokens whose surrogate has no gradient; moved: k3 of old and new, an estimate
    of KL(old || new) in nats a token; ratio_low, ratio_high: the ends of rho; entropy: nats a
    token.
    """
    weight, advantage = batch["token_weight"], batch["advantage"]
    with torch.no_grad():
        rho = ratio(out, batch)
        outside = ((rho > 1 + high) & (advantage > 0)) | ((rho < 1 - low) & (advantage < 0))
        counted = rho[weight > 0]
        terms = {
            "moved": weighted(rho - 1 - rho.log(), weight),
            "sampler_error": weighted(rho.log().abs().exp(), weight),
        }
        if len(counted):
            terms["ratio_low"] = Term(counted.min(), 1, "min")
            terms["ratio_high"] = Term(counted.max(), 1, "max")
        if low or high:
            terms["clipped"] = weighted(outside.to(rho.dtype), weight)
    if out.entropy is not None:
        terms["entropy"] = weighted(out.entropy, weight)
    return terms
