"""Identity preference optimisation: regress the log-ratio margin to a fixed gap.

    h = log pi(y_w|x)/pi_ref(y_w|x) - log pi(y_l|x)/pi_ref(y_l|x)
    L = p (h - 1/(2 beta))^2 + (1-p) (h + 1/(2 beta))^2

Azar et al. 2023, eq. 17 is p = 1 (beta is the paper's tau); the p-weighted form is its
expectation over the label where the preference probability is known. Unlike DPO's, its minimum is
finite however sure the judges are. The paper sums log-probabilities over tokens. `tokens="mean"`,
the default, averages them: the gap asked for is then the same a token for short and long answers.
TRL does the same, and reports that the paper's authors confirmed it and made their results so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import (
    pair_count,
    preference_terms,
    row_logps,
    row_logratios,
    sides,
)


@dataclass(frozen=True)
class IPO:
    """beta: the paper's tau; tokens: log-ratios as an answer's mean a token, or its sum."""

    beta: float = 0.1
    tokens: Literal["mean", "sum"] = "mean"

    needs: ClassVar[tuple[str, ...]] = ("ref_logp",)

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return pair_count(batch)

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        ratio = row_logratios(out, batch)
        if self.tokens == "mean":
            ratio = ratio / batch.row_lengths().clamp(min=1)
        chosen, rejected = sides(ratio, batch)
        h, gap, p = chosen - rejected, 1 / (2 * self.beta), batch["p"]
        loss = p * (h - gap) ** 2 + (1 - p) * (h + gap) ** 2
        chosen_logp, _ = sides(row_logps(out, batch), batch)
        return preference_terms(
            loss,
            h,
            batch,
            chosen_logratio=chosen,
            rejected_logratio=rejected,
            chosen_logp=chosen_logp,
        )
