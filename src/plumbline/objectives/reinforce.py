"""REINFORCE: the score function times an advantage, an answer being one action.

    L = mean over answers of  - sum_t A_t log pi(y_t|s_t)

Williams 1992. With the leave-one-out mean of the other answers as baseline it is RLOO (Kool, van
Hoof, Welling 2019; Ahmadian et al. 2024, arXiv:2402.14740, eq. 6 and 8). Advantages are columns
(`feedback.credit`), and any KL to the reference is in them, never in the loss. There is no ratio:
every answer is to be used for one update.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.online import ratio_terms


@dataclass(frozen=True)
class Reinforce:
    """entropy: weight of an entropy bonus, nats a token."""

    entropy: float = 0.0

    needs: ClassVar[tuple[str, ...]] = ("old_logp", "advantage")

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": batch["row_weight"].sum()}

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        assert out.logp is not None, "this objective reads token log-probabilities"
        loss = -batch["advantage"] * out.logp
        if self.entropy and out.entropy is not None:
            loss = loss - self.entropy * out.entropy
        total = (batch["token_weight"] * loss).sum()
        return {"loss": Term(total, self.counts(batch)["loss"])} | ratio_terms(out, batch, 0, 0)
