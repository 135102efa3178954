"""The loss of a critic that is a model of its own: PPO's clipped value, and nothing else.

    L = mean over tokens of max((V - R)^2, (V_clip - R)^2) / 2

As in `objectives.ppo`; returns R and old values are columns made before the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import weighted
from plumbline.objectives.ppo import value_loss


@dataclass(frozen=True)
class Value:
    """value_clip: e_v (0: none)."""

    value_clip: float = 0.2

    needs: ClassVar[tuple[str, ...]] = ("old_value", "returns")

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return {"value_loss": batch["token_weight"].sum()}

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        assert out.token_value is not None, "a critic gives values"
        miss = value_loss(out.token_value, batch, self.value_clip)
        return {"value_loss": weighted(miss, batch["token_weight"])}
