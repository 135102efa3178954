"""Supervised fine-tuning: imitate demonstrations.

    L = - sum_t w_t log pi(y_t | x, y_<t)  /  sum_t w_t

over the trained tokens of the whole optimizer step (Ouyang et al. 2022, section 3.5). A long answer
weighs more than a short one: the unit is the token. Left out: label smoothing, packing by
truncation (the forest packs without cutting).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import weighted


@dataclass(frozen=True)
class SFT:
    """No hyper-parameters: weights come with the data."""

    needs: ClassVar[tuple[str, ...]] = ()

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return {"loss": batch["token_weight"].sum()}

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        assert out.logp is not None
        terms = {"loss": weighted(-out.logp, batch["token_weight"])}
        if out.entropy is not None:
            terms["entropy"] = weighted(out.entropy, batch["token_weight"])
        if out.top_ids is not None:  # next-token accuracy, on held-out data
            hit = (out.top_ids[:, 0] == batch["target"]).to(out.logp.dtype)
            terms["accuracy"] = weighted(hit, batch["token_weight"])
        return terms
