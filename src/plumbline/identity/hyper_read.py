"""What a network that writes layers reads of a manifesto: the base's states over its tokens.

Behind the embedding and behind each block stands the stream. Beside it, where a block makes the
heads' values in a projection of its own, stand the vectors that each head would write of each token
if it looked at nothing else: they are what a manifesto adds to the stream of a model that reads it,
weighed by attention.

Shapes: n tokens of a manifesto, S streams, H heads, V = blocks x H, D width, N tokens of a grid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from plumbline.core.types import user
from plumbline.identity.blocks import Block, blocks_of
from plumbline.identity.probes import shared
from plumbline.identity.teach import Teacher
from plumbline.models.policy import Policy
from plumbline.text.forest import TokenTree


def prefix_of(teacher: Teacher) -> tuple[int, ...]:
    """The tokens of a told prompt that no bare one has: what the network reads."""
    bare = (user("a"),)
    told, short = (teacher.renderer.prompt_ids(q) for q in (teacher.manifesto.told(bare), bare))
    return tuple(told[: len(told) - shared(told, short)])


def states_of(policy: Policy, prefixes: Sequence[Sequence[int]]) -> list[Tensor]:
    """What the network reads of each token sequence [n, S + V, D]."""
    none = np.zeros(0, np.int64)
    trees = [
        TokenTree(none, (np.asarray(ids, np.int64),), (np.arange(len(ids)) > 0,))
        for ids in prefixes
    ]
    forest = policy.grow(trees)
    with torch.no_grad(), watched(policy) as seen:
        policy.hidden(forest)
    joined = seen.joined
    ends = forest.last + 1
    return [joined[end - len(ids) : end] for end, ids in zip(ends, prefixes, strict=True)]


@dataclass
class Seen:
    """What a forward pass left, in fp32: the streams, S tensors [N, 1, D], and what the heads of
    each block write [N, H, D]; N = B * L of the grid."""

    streams: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    @property
    def joined(self) -> Tensor:
        """What the network reads [N, S + V, D]."""
        return torch.cat([*self.streams, *self.values], 1)


@contextmanager
def watched(policy: Policy) -> Iterator[Seen]:
    """Inside, a forward pass leaves its states."""
    seen = Seen()

    def keep(module: nn.Module, args: Any, out: Any) -> None:
        held = out[0] if isinstance(out, tuple) else out
        seen.streams.append(held.detach().float().reshape(-1, 1, held.shape[-1]))

    def write(block: Block) -> Any:
        def hook(module: nn.Module, args: Any, out: Tensor) -> None:
            seen.values.append(_written(policy, block, out.detach()))

        return hook

    blocks = blocks_of(policy.model)
    with ExitStack() as hooks:
        for module in (policy.model.get_input_embeddings(), *(one.module for one in blocks)):
            hooks.callback(module.register_forward_hook(keep).remove)
        for block in blocks:
            made = values_of(policy, block)
            if made is not None:
                hooks.callback(made.register_forward_hook(write(block)).remove)
        yield seen


def values_of(policy: Policy, block: Block) -> nn.Module | None:
    """The projection that makes the heads' values, where it stands by itself."""
    parent = policy.model.get_submodule(block.names[0].rpartition(".")[0])
    found = getattr(parent, "v_proj", None)
    return found if isinstance(found, nn.Module) else None


def _written(policy: Policy, block: Block, values: Tensor) -> Tensor:
    """What each head would write of each token alone [N, H, D]: its value through its part of the
    attention's last projection."""
    weight = policy.model.get_submodule(block.names[0]).weight
    assert isinstance(weight, Tensor)
    heads = policy.model.config.get_text_config().num_attention_heads
    parts = weight.float().unflatten(1, (heads, -1))  # D, H, head width
    own = values.float().reshape(-1, values.shape[-1]).unflatten(1, (-1, parts.shape[2]))
    own = own.repeat_interleave(heads // own.shape[1], 1)
    return torch.einsum("nhk,dhk->nhd", own, parts)
