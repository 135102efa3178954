"""Log-probabilities that people ask to see: of what was drawn, and of a given text.

Both are the model's own, at temperature 1 and uncut, whatever was drawn from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from plumbline.core.types import Example
from plumbline.engine.batches import Item, in_order
from plumbline.engine.engine import Engine
from plumbline.engine.memory import micro_tokens
from plumbline.models.policy import Policy
from plumbline.objectives import build
from plumbline.text.forest import TokenTree


class Likely(NamedTuple):
    """A token's log-probability in nats, and the likeliest ids in its place with theirs."""

    logprob: float
    ids: list[int]
    logprobs: list[float]


def drawn(scores: Tensor, ids: Sequence[int], top: int) -> list[Likely]:
    """What logits [R, V] say of one id a row and of the `top` likeliest."""
    logp = scores.float().log_softmax(-1)
    own = logp.gather(1, torch.tensor(ids, device=logp.device)[:, None])
    best = logp.topk(min(top, logp.shape[1]), dim=-1)
    return _listed(own[:, 0], best.values, best.indices)


def read(
    policy: Policy, texts: Sequence[tuple[Sequence[int], int]], top: int
) -> list[list[Likely]]:
    """For each (ids, first) what the model says of the ids from place `first` (at least 1) on."""
    items = [Item(_tree(ids, first), Example((), ((),))) for ids, first in texts]
    budget = micro_tokens(policy.model.config, policy.device)
    engine = Engine(policy, build("sft"), micro_tokens=budget)
    return in_order(items, _parts(engine, items, top))


def _parts(
    engine: Engine, items: Sequence[Item], top: int
) -> Iterator[tuple[Sequence[Item], list[list[Likely]]]]:
    for group, micro, out in engine.score(items, top=top or None):
        assert out.logp is not None
        none = out.logp.new_zeros(len(out.logp), 0)
        best = none if out.top_logp is None else out.top_logp
        ids = none if out.top_ids is None else out.top_ids
        row = micro.batch.row
        rows = [row == r for r in range(micro.batch.rows)]
        yield group, [_listed(out.logp[at], best[at], ids[at]) for at in rows]


def _tree(ids: Sequence[int], first: int) -> TokenTree:
    own = np.asarray(ids[first:], np.int64)
    return TokenTree(np.asarray(ids[:first], np.int64), (own,), (np.ones(len(own), bool),))


def _listed(own: Tensor, best: Tensor, ids: Tensor) -> list[Likely]:
    told = zip(own.tolist(), ids.tolist(), best.tolist(), strict=True)
    return [Likely(value, at, logps) for value, at, logps in told]
