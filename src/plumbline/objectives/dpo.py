"""Direct preference optimisation: the policy is its own reward model.

    h = beta [ log pi(y_w|x)/pi_ref(y_w|x) - log pi(y_l|x)/pi_ref(y_l|x) ]
    L = - q log sigma(h) - (1 - q) log sigma(-h)

Rafailov et al. 2023, eq. 7, is q = 1. A pair with probability p has q = p. Label noise of rate e:
conservative (Mitchell 2023, cDPO) q = p (1-e) + (1-p) e; robust (Chowdhury et al. 2024)
q = (p-e) / (1-2e), an unbiased estimate of the noise-free loss, in which q leaves [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from plumbline.core.errors import UserError
from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import (
    pair_count,
    preference_terms,
    row_logps,
    row_logratios,
    sides,
    soft_logistic,
)


@dataclass(frozen=True)
class DPO:
    """beta: strength of the pull to the reference (eq. 3); label_smoothing: the noise rate e."""

    beta: float = 0.1
    label_smoothing: float = 0.0
    robust: bool = False

    needs: ClassVar[tuple[str, ...]] = ("ref_logp",)

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 0.5:
            raise UserError(
                f"label_smoothing={self.label_smoothing} is not in [0, 0.5)",
                where="dpo",
                fix="it is the share of flipped labels: at 0.5 the labels say nothing",
            )

    def target(self, p: Tensor) -> Tensor:
        """q: what the winner's probability is taken to be once label noise is allowed for."""
        e = self.label_smoothing
        return (p - e) / (1 - 2 * e) if self.robust else p * (1 - e) + (1 - p) * e

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return pair_count(batch)

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        chosen, rejected = sides(row_logratios(out, batch), batch)
        h = self.beta * (chosen - rejected)
        loss = soft_logistic(h, self.target(batch["p"]))
        chosen_logp, _ = sides(row_logps(out, batch), batch)
        return preference_terms(
            loss,
            h,
            batch,
            chosen_logratio=chosen,
            rejected_logratio=rejected,
            chosen_logp=chosen_logp,
        )
