"""Decoding with what a recurrent model carries from token to token (RWKV, Mamba).

Such a model has no positions and no masks, so rows of a batch must be of one length when they are
read: prompts that enter are read in groups of equal length, and then grow together.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import LinearAttentionLayer

from plumbline.models.policy import Policy
from plumbline.models.state import State

NAMES = ("state", "cache_params")
"""What models call it, in their arguments and in their outputs."""


def carries(policy: Policy) -> str:
    """The name under which a model takes and gives what it carries; "" for all others."""
    if policy.share:
        return ""
    known = inspect.signature(policy.model.forward).parameters
    return next((name for name in NAMES if name in known), "")


class Recurrent:
    """`models.decode.Steps` for recurrent models: tensors carried on, rows first."""

    waits = False

    def __init__(self, policy: Policy, n: int, state: State | None = None) -> None:
        self.policy, self.n, self.state = policy, n, state
        self.name = carries(policy)
        self.carried: list[Tensor] = []

    def step(self, kept: Sequence[int], ids: Tensor, entering: Sequence[Sequence[int]]) -> Tensor:
        found = []
        if len(kept):
            places = torch.tensor(list(kept), device=self.policy.device)
            going = [one.index_select(0, places) for one in self.carried]
            logits, self.carried = self.read(ids[:, None], going)
            found.append(logits)
        else:
            self.carried = []
        if entering:
            logits, new = self._enter(entering)
            copies = torch.arange(len(entering)).repeat_interleave(self.n).to(logits.device)
            new = [one.index_select(0, copies) for one in new]
            pairs = zip(self.carried or [one[:0] for one in new], new, strict=True)
            self.carried = [torch.cat(pair) for pair in pairs]
            found.append(logits[copies])
        return torch.cat(found)

    def _enter(self, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, list[Tensor]]:
        """Each prompt read once, those of one length together; in the prompts' order."""
        known = [bool(self.state and self.state.begins(prompt)) for prompt in prompts]
        order = sorted(range(len(prompts)), key=lambda i: (known[i], len(prompts[i])))
        logits: list[Tensor] = []
        carried: list[list[Tensor]] = []
        for (begun, _), group in groupby(order, key=lambda i: (known[i], len(prompts[i]))):
            rows = list(group)
            skip, before = (
                (len(self.state.ids), self._begun(len(rows))) if begun and self.state else (0, [])
            )
            tokens = torch.tensor([list(prompts[i][skip:]) for i in rows])
            one, state = self.read(tokens, before)
            logits.append(one)
            carried.append(state)
        back = torch.tensor(order).argsort().to(self.policy.device)
        joined = [torch.cat(parts).index_select(0, back) for parts in zip(*carried, strict=True)]
        return torch.cat(logits).index_select(0, back), joined

    def _begun(self, rows: int) -> list[Tensor]:
        assert self.state is not None
        return [one.expand(rows, *one.shape) for one in self.state.tensors]

    def read(self, tokens: Tensor, carried: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Logits [rows, V] behind `tokens` [rows, n], and what is carried on."""
        if self.name == "state" and carried and tokens.shape[1] == 1 < len(tokens):
            return self._one_by_one(tokens, carried)
        before = {self.name: _packed(self.policy, self.name, carried)} if carried else {}
        with self.policy.autocast():
            out = self.policy.model(
                input_ids=tokens.to(self.policy.device), use_cache=True, logits_to_keep=1, **before
            )
        return out.logits[:, -1].float(), _unpacked(getattr(out, self.name))

    def _one_by_one(self, tokens: Tensor, carried: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """RWKV of transformers 5.23 mixes the rows of a batch where it reads one token of each."""
        rows = [
            self.read(tokens[i : i + 1], [one[i : i + 1] for one in carried])
            for i in range(len(tokens))
        ]
        states = zip(*(state for _, state in rows), strict=True)
        return torch.cat([logits for logits, _ in rows]), [torch.cat(parts) for parts in states]


def _unpacked(carried: Any) -> list[Tensor]:
    """What a model carries as tensors, rows first: a list already, or a cache's convolutions and
    recurrent states, layer by layer."""
    if isinstance(carried, list):
        return carried
    return [
        one
        for layer in carried.layers
        for states in (layer.conv_states, layer.recurrent_states)
        for one in states.values()
    ]


def _packed(policy: Policy, name: str, tensors: Sequence[Tensor]) -> Any:
    """The reverse. Models write into what they are given, so it is a copy."""
    if name == "state":
        return [one.clone() for one in tensors]
    cache = DynamicCache(config=policy.model.config)
    pairs = zip(tensors[::2], tensors[1::2], strict=True)
    for layer, (conv, recurrent) in zip(cache.layers, pairs, strict=True):
        assert isinstance(layer, LinearAttentionLayer)
        layer.update_conv_state(conv)
        layer.update_recurrent_state(recurrent)
    return cache
