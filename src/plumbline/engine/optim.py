"""AdamW, a learning rate by step, and clipping by the global norm.

Decoupled weight decay: Loshchilov and Hutter, arXiv:1711.05101. Matrices decay; vectors and
scalars (norms, biases) do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn


@dataclass(frozen=True)
class Schedule:
    """Warm-up over a fraction of the steps, then a decay to `floor` times the peak."""

    lr: float
    steps: int
    warmup: float = 0.1
    decay: Literal["linear", "cosine", "constant", "wsd"] = "cosine"
    floor: float = 0.0

    def at(self, step: int) -> float:
        """Learning rate of optimizer step `step` (from 0); never 0 at the first step."""
        rise = math.ceil(self.warmup * self.steps)
        if step < rise:
            return self.lr * (step + 1) / (rise + 1)
        done = (step - rise) / max(1, self.steps - rise)
        return self.lr * (self.floor + (1 - self.floor) * self._shape(done))

    def _shape(self, done: float) -> float:
        if self.decay == "linear":
            return 1 - done
        if self.decay == "cosine":
            return 0.5 * (1 + math.cos(math.pi * done))
        if self.decay == "wsd":  # stable, then linear over the last fifth
            return min(1.0, (1 - done) / 0.2)
        return 1.0


def adamw(
    params: Iterable[nn.Parameter], *, betas: tuple[float, float], eps: float, weight_decay: float
) -> torch.optim.AdamW:
    """The optimizer; its learning rate is set at every step."""
    trained = [p for p in params if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=0.0, betas=betas, eps=eps, fused=True)


def clip(params: Iterable[nn.Parameter], limit: float) -> float:
    """Scale gradients so that their global norm is at most `limit` (0: never); the norm before."""
    found = [p for p in params if p.grad is not None]
    norm = torch.nn.utils.get_total_norm([p.grad for p in found if p.grad is not None])
    if limit > 0:
        torch.nn.utils.clip_grads_with_norm_(found, limit, norm)
    return float(norm)
