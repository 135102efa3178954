"""A reward model from pairs.

    x = r(y_w) - r(y_l) - m
    L = - p log sigma(x) - (1-p) log sigma(-x)  +  c (r(y_w) + r(y_l))^2

Bradley and Terry 1952; Ouyang et al. 2022, eq. 1. The margin m asks a clearer win where raters saw
one (Touvron et al. 2023, Llama 2, eq. 2). The centring term with coefficient c pins the rewards'
mean, which pairs leave free (Eisenstein et al. 2023,
arXiv:2312.09244, eq. 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import pair_count, preference_terms, sides, soft_logistic


@dataclass(frozen=True)
class BradleyTerry:
    """margin: scale on the raters' margins (0 ignores them); centring: c (0.01 is usual)."""

    margin: float = 1.0
    centring: float = 0.0

    needs: ClassVar[tuple[str, ...]] = ()

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return pair_count(batch)

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        assert out.value is not None
        chosen, rejected = sides(out.value, batch)
        x = chosen - rejected - self.margin * batch["margin"]
        loss = soft_logistic(x, batch["p"]) + self.centring * (chosen + rejected) ** 2
        return preference_terms(
            loss, chosen - rejected, batch, chosen_reward=chosen, rejected_reward=rejected
        )
