"""DPO on whole rankings: Plackett-Luce with the policy's implicit rewards as utilities.

    u_k = beta log pi(y_k|x)/pi_ref(y_k|x)
    L   = - log P(tier_1 above tier_2 above ... | u)

Rafailov et al. 2023, eq. 20 (appendix A.3). For two answers this is DPO. Ties are read as in
`ranking.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import row_logps, row_logratios, weighted
from plumbline.objectives.plackett_luce import PlackettLuce, ranking_terms, set_count


@dataclass(frozen=True)
class DPORanking:
    """beta as in DPO (eq. 3); ties and tie as in Plackett-Luce."""

    beta: float = 0.1
    ties: Literal["unobserved", "davidson-luce"] = "unobserved"
    tie: float = 0.5

    needs: ClassVar[tuple[str, ...]] = ("ref_logp",)

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return set_count(batch)

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        ratio = row_logratios(out, batch)
        utility = self.beta * ratio
        loss = PlackettLuce(ties=self.ties, tie=self.tie).loss(utility, batch)
        best = batch["row_weight"] * (batch["tier"] == 0)
        return ranking_terms(loss, utility, batch) | {
            "chosen_logratio": weighted(ratio, best),
            "chosen_logp": weighted(row_logps(out, batch), best),
        }
