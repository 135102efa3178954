"""The next token's logits while a batch of sequences grows: with a key-value cache, or without.

`first()` gives logits [B, V] after the prompts (B = prompts x n); `next(kept, ids)` those after
`ids` [B'] were added to the rows `kept` [B'], the others having left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from transformers import Cache

from plumbline.models.policy import Policy
from plumbline.text.forest import TokenTree, grow


class Steps(Protocol):
    """What `models.sampler` decodes with."""

    def first(self) -> Tensor: ...

    def next(self, kept: list[int], ids: Tensor) -> Tensor: ...


class Cached:
    """Attention models: each prompt is read once (padded on the left), its cache copied n times."""

    def __init__(self, policy: Policy, prompts: Sequence[Sequence[int]], n: int) -> None:
        self.policy, self.n = policy, n
        self.prompts = prompts[::n]

    def first(self) -> Tensor:
        width = max(len(p) for p in self.prompts)
        tokens = torch.zeros(len(self.prompts), width, dtype=torch.long)
        self.mask = torch.zeros_like(tokens)
        for row, prompt in enumerate(self.prompts):
            tokens[row, width - len(prompt) :] = torch.as_tensor(list(prompt))
            self.mask[row, width - len(prompt) :] = 1
        self.mask = self.mask.to(self.policy.device)
        self.cache: Cache | None = None
        logits = self._run(tokens, (self.mask.cumsum(1) - 1).clamp_min(0))
        copies = torch.arange(len(tokens), device=self.policy.device).repeat_interleave(self.n)
        self._select(copies)
        return logits[copies]

    def next(self, kept: list[int], ids: Tensor) -> Tensor:
        if len(kept) < len(self.mask):
            self._select(torch.tensor(kept, device=self.policy.device))
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(kept), 1)], 1)
        return self._run(ids[:, None], self.mask.sum(1, keepdim=True) - 1)

    def _run(self, tokens: Tensor, positions: Tensor) -> Tensor:
        with self.policy.autocast():
            out = self.policy.model(
                input_ids=tokens.to(self.policy.device),
                attention_mask=self.mask,
                position_ids=positions,
                past_key_values=self.cache,
                use_cache=True,
                logits_to_keep=1,
            )
        self.cache = out.past_key_values
        return out.logits[:, -1].float()

    def _select(self, rows: Tensor) -> None:
        assert self.cache is not None
        self.cache.batch_select_indices(rows)
        self.mask = self.mask[rows]


class Recomputed:
    """Any decoder: the whole text is read again at every step (slow, always right)."""

    def __init__(self, policy: Policy, prompts: Sequence[Sequence[int]], n: int) -> None:
        self.policy = policy
        self.rows = [list(p) for p in prompts]

    def first(self) -> Tensor:
        return self._run()

    def next(self, kept: list[int], ids: Tensor) -> Tensor:
        self.rows = [[*self.rows[i], token] for i, token in zip(kept, ids.tolist(), strict=True)]
        return self._run()

    def _run(self) -> Tensor:
        trees = [_row(ids) for ids in self.rows]
        return self.policy.last_logits(grow(trees, share=False))


def _row(ids: list[int]) -> TokenTree:
    """A text with nothing trained in it."""
    tokens = np.asarray(ids, np.int64)
    return TokenTree(tokens[:-1], (tokens[-1:],), (np.zeros(1, bool),))
