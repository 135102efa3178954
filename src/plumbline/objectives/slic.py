"""Sequence likelihood calibration with human feedback: a hinge on sequence log-likelihoods.

    d = log pi(y_w|x) - log pi(y_l|x)
    L = p max(0, delta - d) + (1-p) max(0, delta + d)  -  lambda log pi(y_ref|x)

Zhao et al. 2023, eq. 1 (p = 1), with no reference model. y_ref, the answer whose likelihood is kept
up, is the chosen one (the paper's SLiC-HF-direct has only the pair too). TRL's `hinge` is another
loss: max(0, 1 - beta h) on DPO's log-ratios, after Liu et al. 2023 (RSO).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import relu

from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.objectives.common import pair_count, preference_terms, row_logps, sides


@dataclass(frozen=True)
class SLiC:
    """delta: the margin in nats; weight: lambda. Both depend on the data; the paper tunes them."""

    delta: float = 1.0
    weight: float = 0.5

    needs: ClassVar[tuple[str, ...]] = ()

    def counts(self, batch: Batch) -> dict[str, Tensor]:
        return pair_count(batch)

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]:
        chosen, rejected = sides(row_logps(out, batch), batch)
        d, p = chosen - rejected, batch["p"]
        hinge = p * relu(self.delta - d) + (1 - p) * relu(self.delta + d)
        return preference_terms(
            hinge - self.weight * chosen,
            d,
            batch,
            hinge=hinge,
            chosen_logp=chosen,
            rejected_logp=rejected,
        )
