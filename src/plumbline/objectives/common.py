"""What several objectives share: log-ratios per row, the soft logistic loss, weighted terms.

Everything is a sum over the micro-batch; weights multiply both the sum and the count, so that the
engine's division gives a weighted mean over the whole optimizer step.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from plumbline.objectives.base import Batch, Outputs, Term


def weighted(values: Tensor, weight: Tensor) -> Term:
    """sum(weight * values) counted by sum(weight)."""
    return Term((weight * values).sum(), weight.sum())


def row_logps(out: Outputs, batch: Batch) -> Tensor:
    """log pi(y|x) [R] in nats: the trained tokens' log-probabilities summed by row."""
    assert out.logp is not None, "this objective reads token log-probabilities"
    return batch.per_row(out.logp)


def row_means(out: Outputs, batch: Batch) -> Tensor:
    """Nats a trained token, by row [R]: length-normalised log-probability."""
    return row_logps(out, batch) / batch.row_lengths().clamp(min=1)


def row_logratios(out: Outputs, batch: Batch) -> Tensor:
    """log pi(y|x) - log pi_ref(y|x) [R] in nats. The difference is taken token by token first:
    two sums of hundreds of nats would lose the small margin in rounding."""
    assert out.logp is not None, "this objective reads token log-probabilities"
    return batch.per_row(out.logp - batch["ref_logp"])


def sides(values: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Row values [R] of the pairs' winners and losers, each [P]."""
    pair = batch["pair"]
    return values[pair[:, 0]], values[pair[:, 1]]


def soft_logistic(x: Tensor, p: Tensor | float = 1.0) -> Tensor:
    """-p log sigma(x) - (1-p) log sigma(-x): cross-entropy of a preference of probability p.

    Linear in p, so a p outside [0, 1] is well defined (robust DPO's unbiased estimate uses it).
    """
    return -p * logsigmoid(x) - (1 - p) * logsigmoid(-x)


def preference_terms(
    loss: Tensor, margin: Tensor, batch: Batch, **metrics: Tensor
) -> dict[str, Term]:
    """`loss` [P] and the metrics of every pairwise objective.

    accuracy: share of pairs whose margin has the sign the judges preferred; a pair with p = 0.5
    has no such sign and does not count. margin: of the labelled winner over the loser.
    """
    weight = batch["pair_weight"]
    lean = torch.sign(batch["p"] - 0.5)
    terms = {
        "loss": weighted(loss, weight),
        "accuracy": weighted((margin * lean > 0).to(loss.dtype), weight * lean.abs()),
        "margin": weighted(margin, weight),
    }
    return terms | {name: weighted(value, weight) for name, value in metrics.items()}


def pair_count(batch: Batch) -> dict[str, Tensor]:
    """Pairs by weight: the pairs of one ranking share weight 1."""
    return {"loss": batch["pair_weight"].sum()}
