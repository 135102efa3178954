"""The next token's logits while answers grow: along paths, with a padded cache, with what a model
carries from token to token, or without any of it.

One call a step: rows that go on get their newest token, prompts enter, logits come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from transformers import Cache

from plumbline.models.branches import Branches
from plumbline.models.policy import Policy
from plumbline.models.recurrent import Recurrent, carries
from plumbline.models.state import State
from plumbline.text.forest import TokenTree, grow


class Steps(Protocol):
    """What `models.sampler` decodes with. `waits`: prompts enter only when no row is left."""

    waits: bool

    def step(self, kept: Sequence[int], ids: Tensor, entering: Sequence[Sequence[int]]) -> Tensor:
        """Logits after `ids` [m] were added to the rows `kept`, then n rows an entering prompt."""
        ...


class Cached:
    """Attention models: each prompt is read once (padded on the left), its cache copied n times."""

    waits = True

    def __init__(self, policy: Policy, n: int, state: State | None = None) -> None:
        self.policy, self.n, self.state = policy, n, state

    def step(self, kept: Sequence[int], ids: Tensor, entering: Sequence[Sequence[int]]) -> Tensor:
        return self._first(entering) if entering else self._next(kept, ids)

    def _first(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        state = self.state if self.state and all(map(self.state.begins, prompts)) else None
        known = len(state.ids) if state else 0
        width = max(len(p) for p in prompts) - known
        tokens = torch.zeros(len(prompts), width, dtype=torch.long)
        self.mask = torch.zeros(len(prompts), known + width, dtype=torch.long)
        self.mask[:, :known] = 1
        for row, prompt in enumerate(prompts):
            own = list(prompt[known:])
            tokens[row, width - len(own) :] = torch.as_tensor(own)
            self.mask[row, known + width - len(own) :] = 1
        self.mask = self.mask.to(self.policy.device)
        self.cache: Cache | None = state.cache(len(prompts)) if state else None
        logits = self._run(tokens, (self.mask.cumsum(1) - 1).clamp_min(0)[:, known:])
        copies = torch.arange(len(tokens), device=self.policy.device).repeat_interleave(self.n)
        self._select(copies)
        return logits[copies]

    def _next(self, kept: Sequence[int], ids: Tensor) -> Tensor:
        if list(kept) != list(range(len(self.mask))):
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

    waits = False

    def __init__(self, policy: Policy, n: int) -> None:
        self.policy, self.n = policy, n
        self.rows: list[list[int]] = []

    def step(self, kept: Sequence[int], ids: Tensor, entering: Sequence[Sequence[int]]) -> Tensor:
        grown = [[*self.rows[i], token] for i, token in zip(kept, ids.tolist(), strict=True)]
        self.rows = grown + [list(prompt) for prompt in entering for _ in range(self.n)]
        trees = [_row(ids) for ids in self.rows]
        return self.policy.last_logits(grow(trees, share=False))


def steps_of(policy: Policy, n: int, state: State | None = None) -> Steps:
    """The fastest way that is right for this architecture; prompts that begin with `state`'s tokens
    go on from it."""
    if policy.route.paths and not policy.route.own_logits:
        return Branches(policy, n, state)
    if policy.share:
        return Cached(policy, n, state)
    return Recurrent(policy, n, state) if carries(policy) else Recomputed(policy, n)


def _row(ids: list[int]) -> TokenTree:
    """A text with nothing trained in it."""
    tokens = np.asarray(ids, np.int64)
    return TokenTree(tokens[:-1], (tokens[-1:],), (np.zeros(1, bool),))
