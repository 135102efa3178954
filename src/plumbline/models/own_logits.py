"""The slow way to logits: the model's own forward, a grid row at a time.

For architectures whose config does not explain what stands between the head and the logits. The
first-use check says so (`Route.own_logits`); the numbers are the model's own by construction. Each
row is checkpointed, so that the logits of one row at most are held.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Given(nn.Module):
    """A head for what already is logits."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.out_features = rows

    def forward(self, logits: Tensor) -> Tensor:
        return logits


def read(model: nn.Module, inputs: dict[str, object], at: Tensor, width: int) -> Tensor:
    """Logits [T, V] at flat indices `at` [T] of a grid of `width` columns."""
    pieces, order = [], []
    for b in torch.unique(at // width).tolist():
        here = torch.nonzero(at // width == b)[:, 0]
        one = {name: _row(value, b) for name, value in inputs.items()}
        pieces.append(_checkpointed(model, one, at[here] % width))
        order.append(here)
    logits = torch.cat(pieces)
    return torch.empty_like(logits).index_copy(0, torch.cat(order), logits)


def _checkpointed(model: nn.Module, inputs: dict[str, object], keep: Tensor) -> Tensor:
    def run() -> Tensor:
        return model(**inputs, logits_to_keep=keep).logits[0]

    return checkpoint(run, use_reentrant=False, preserve_rng_state=False)


def _row(value: object, b: int) -> object:
    """Row b of a model input: tensors, dicts of tensors, or what has no rows."""
    if isinstance(value, Tensor):
        return value[b : b + 1]
    if isinstance(value, dict):
        return {name: _row(item, b) for name, item in value.items()}
    return value
