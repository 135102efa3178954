"""Proximal policy optimisation: the clipped surrogate, a clipped value, an entropy bonus.

    rho_t = exp(log pi(y_t|s_t) - log pi_old(y_t|s_t))
    L = mean over tokens of  - min(rho A, clip(rho, 1 - e, 1 + e') A)
                             + c_v max((V - R)^2, (V_clip - R)^2) / 2  -  c_h H
    V_clip = V_old + clip(V - V_old, -e_v, e_v)

Schulman et al. 2017, arXiv:1707.06347, eq. 7 and 9; the clipped value is of OpenAI's code (Engstrom
et al. 2020, arXiv:2005.12729). Advantages A and returns R are columns made before the step
(`feedback.credit`), and so is any KL to the reference: none is in here. Without a value head the
value's part is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import weighted
from plumbline.objectives.online import clipped, ratio_terms


@dataclass(frozen=True)
class PPO:
    """clip, clip_high: e, e' (0: e' = e); value_clip: e_v (0: none); value, entropy: c_v, c_h."""

    clip: float = 0.2
    clip_high: float = 0.0
    value_clip: float = 0.2
    value: float = 0.1
    entropy: float = 0.0

    needs: ClassVar[tuple[str, ...]] = ("old_logp", "advantage", "old_value", "returns")

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": batch["token_weight"].sum()}

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        weight = batch["token_weight"]
        surrogate = clipped(out, batch, self.clip, self.clip_high or self.clip)
        loss, terms = surrogate, {"policy_loss": weighted(surrogate, weight)}
        if out.token_value is not None:
            miss = value_loss(out.token_value, batch, self.value_clip)
            loss = loss + self.value * miss
            terms["value_loss"] = weighted(miss, weight)
        if self.entropy and out.entropy is not None:
            loss = loss - self.entropy * out.entropy
        terms["loss"] = weighted(loss, weight)
        return terms | ratio_terms(out, batch, self.clip, self.clip_high or self.clip)


def value_loss(value: Tensor, batch: Batch, clip: float) -> Tensor:
    """Half the squared error [T] to the returns, the larger of the plain and the clipped one."""
    plain = (value - batch["returns"]) ** 2
    if not clip:
        return plain / 2
    old = batch["old_value"]
    near = old + (value - old).clamp(-clip, clip)
    return torch.maximum(plain, (near - batch["returns"]) ** 2) / 2


@dataclass(frozen=True)
class Value:
    """The loss of a critic that is a model of its own, and nothing else. value_clip: e_v."""

    value_clip: float = 0.2

    needs: ClassVar[tuple[str, ...]] = ("old_value", "returns")

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return {"value_loss": batch["token_weight"].sum()}

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        assert out.token_value is not None, "a critic gives values"
        miss = value_loss(out.token_value, batch, self.value_clip)
        return {"value_loss": weighted(miss, batch["token_weight"])}
