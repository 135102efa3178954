"""A warmed-up state: the keys and values of a beginning that many prompts share, read once.

A prompt that begins with `ids` goes on from the state instead of reading them again; the result is
the same. Keys are kept as they are used, turned to their positions 0 .. P-1, so what follows stands
at P and later. One state serves any number of rows. It belongs to the weights it was read by: the
file names their digest, and is refused on others. Models without such a cache (recurrent ones) are
refused.

Shapes: P tokens, K key heads, D width of a head.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor
from transformers import DynamicCache

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.models.policy import Policy

STATE = "state.safetensors"


@dataclass(frozen=True)
class State:
    """Tokens, and for each layer their keys and values [K, P, D]."""

    ids: tuple[int, ...]
    layers: tuple[tuple[Tensor, Tensor], ...]

    def begins(self, prompt: Sequence[int]) -> bool:
        """Whether a prompt begins with these tokens and goes on."""
        return len(prompt) > len(self.ids) and tuple(prompt[: len(self.ids)]) == self.ids

    def cache(self, rows: int) -> DynamicCache:
        """The state as a cache of `transformers` for so many rows."""
        cache = DynamicCache()
        for i, (key, value) in enumerate(self.layers):
            cache.update(
                key[None].expand(rows, -1, -1, -1), value[None].expand(rows, -1, -1, -1), i
            )
        return cache


def warmed(policy: Policy, ids: Sequence[int]) -> State:
    """The state behind `ids`. UserError for a model whose state is not keys and values."""
    if not policy.share:
        raise UserError(
            f"{policy.model.config.model_type!r} keeps no keys and values that could be saved",
            fix="use --mode prompt, or --mode distill",
        )
    policy.model.eval()
    with torch.no_grad(), policy.autocast():
        out = policy.model(
            input_ids=torch.tensor([list(ids)], device=policy.device),
            use_cache=True,
            logits_to_keep=1,
        )
    kept = [(layer.keys[0], layer.values[0]) for layer in out.past_key_values.layers]
    policy.model.train()
    if any(key.shape[1] != len(ids) for key, _ in kept):
        raise UserError(
            f"the text is {len(ids)} tokens, longer than the window of some layers",
            fix="shorten it, or use --mode prompt",
        )
    return State(tuple(ids), tuple(kept))


def write(state: State, folder: Path, digest: str) -> None:
    """`state.safetensors` in the folder, for the weights of this digest."""
    tensors = {
        f"{i}.{name}": tensor.cpu().contiguous()
        for i, pair in enumerate(state.layers)
        for name, tensor in zip(("key", "value"), pair, strict=True)
    }
    told = {"ids": json.dumps(list(state.ids)), "weights": digest}
    atomic.write_bytes(folder / STATE, save(tensors, metadata=told))


def read(folder: Path, digest: str, device: torch.device | str = "cpu") -> State:
    """What `write` wrote. UserError for other weights than those of `digest`."""
    path = folder / STATE
    with safe_open(path, framework="pt", device=str(device)) as file:
        told = file.metadata() or {}
        if told.get("weights") != digest:
            raise UserError(
                "this state was read by other weights than its base's",
                where=str(path),
                fix="imprint the manifesto on this base again (--mode state)",
            )
        layers = tuple(
            (file.get_tensor(f"{i}.key"), file.get_tensor(f"{i}.value"))
            for i in range(len(file.keys()) // 2)
        )
    return State(tuple(json.loads(told["ids"])), layers)
