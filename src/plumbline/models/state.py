"""A warmed-up state: what a model keeps of a beginning that many prompts share, read once.

A prompt that begins with `ids` goes on from the state instead of reading them again; the result is
the same. Attention keeps keys and values; keys are kept as they are used, turned to their positions
0 .. P-1, so what follows stands at P and later. A recurrent model keeps what it carries from token
to token (`recurrent`). One state serves any number of rows. It belongs to the weights it was read
by: the file names their digest, and is refused on others.

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
    """Tokens, and what is kept of them: keys and values [K, P, D], layer by layer, or what a
    recurrent model carries."""

    ids: tuple[int, ...]
    tensors: tuple[Tensor, ...]

    @property
    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Keys and values by layer."""
        return list(zip(self.tensors[::2], self.tensors[1::2], strict=True))

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
    """The state behind `ids`. UserError for a model that keeps nothing that could be saved."""
    from plumbline.models.recurrent import Recurrent, carries

    tokens = torch.tensor([list(ids)])
    policy.model.eval()
    with torch.no_grad():
        if policy.share:
            kept = _attended(policy, tokens)
        elif carries(policy):
            kept = Recurrent(policy, 1).read(tokens, [])[1]
        else:
            raise UserError(
                f"{policy.model.config.model_type!r} keeps no state that could be saved",
                fix="use --mode prompt, or --mode distill",
            )
    policy.model.train()
    return State(tuple(ids), tuple(one[0] for one in kept))


def _attended(policy: Policy, tokens: Tensor) -> list[Tensor]:
    with policy.autocast():
        out = policy.model(input_ids=tokens.to(policy.device), use_cache=True, logits_to_keep=1)
    layers = out.past_key_values.layers
    if any(layer.keys.shape[2] != tokens.shape[1] for layer in layers):
        raise UserError(
            f"the text is {tokens.shape[1]} tokens, longer than the window of some layers",
            fix="shorten it, or use --mode prompt",
        )
    return [one for layer in layers for one in (layer.keys, layer.values)]


def write(state: State, folder: Path, digest: str) -> None:
    """`state.safetensors` in the folder, for the weights of this digest."""
    tensors = {str(i): one.cpu().contiguous() for i, one in enumerate(state.tensors)}
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
        tensors = tuple(file.get_tensor(str(i)) for i in range(len(file.keys())))
    return State(tuple(json.loads(told["ids"])), tensors)
