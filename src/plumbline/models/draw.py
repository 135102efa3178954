"""How the next token is drawn, and the log-probability of the very distribution it is drawn from.

    p = softmax(z / temperature), cut to the top k, then to the smallest set of mass >= top_p,
    renormalised;   token = the first whose cumulative probability passes a uniform number

temperature 0 is greedy: the largest logit, with its log-probability at temperature 1.
Nucleus: Holtzman et al. 2020 (arXiv 1904.09751).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from plumbline.core.errors import UserError


@dataclass(frozen=True)
class Draw:
    """How a token is chosen. temperature 0 is greedy; top_k 0 and top_p 1 cut nothing."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0

    def __post_init__(self) -> None:
        if self.temperature < 0 or not 0 < self.top_p <= 1 or self.top_k < 0:
            raise UserError(
                f"cannot sample with {self}", fix="temperature >= 0, 0 < top_p <= 1, top_k >= 0"
            )

    def logprobs(self, logits: Tensor) -> Tensor:
        """[B, V] logits -> log-probabilities of the distribution drawn from, in fp32."""
        z = logits.float()
        if self.temperature > 0:
            z = z / self.temperature
        if 0 < self.top_k < z.shape[-1]:
            lowest = z.topk(self.top_k, dim=-1).values[:, -1:]
            z = z.masked_fill(z < lowest, -torch.inf)
        if self.top_p < 1:
            order = z.argsort(dim=-1, descending=True, stable=True)
            p = z.gather(1, order).softmax(-1)
            beyond = p.cumsum(-1) - p >= self.top_p
            z = z.masked_fill(torch.zeros_like(beyond).scatter(1, order, beyond), -torch.inf)
        return z.log_softmax(-1)

    def choose(self, logits: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Ids [B] and their log-probabilities [B], at one uniform number in [0, 1) a row."""
        logp = self.logprobs(logits)
        if self.temperature == 0:
            ids = logits.argmax(-1)
        else:
            edges = logp.double().exp().cumsum(-1)
            at = uniform.to(edges)[:, None] * edges[:, -1:]
            ids = torch.searchsorted(edges, at, right=True)[:, 0].clamp_max(logits.shape[-1] - 1)
        return ids, logp.gather(1, ids[:, None])[:, 0]
