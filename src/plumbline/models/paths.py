"""Attention along a forest's paths: every tree by itself, so no query meets a key it cannot see.

A dense mask over a grid row costs the square of the row, also where it holds several trees. Here
the grid is one row without padding, and queries are split into trunks (causal over themselves) and
branches (over their trunk and themselves), each one call of torch's scaled dot product. Registered
with `transformers` as NAME; without a plan it is `transformers`' own sdpa. A model that drops the
plan on its way down sees the whole row instead, which the first-use check finds out by number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedConfig
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from plumbline.text.forest import Forest

NAME = "sdpa_along_paths"


SHORT = 200
"""Tokens below which a CPU's bf16 kernel takes longer than fp32's and both conversions
(`bench/attention.py`)."""


@dataclass(frozen=True)
class Piece:
    """A run of tokens: a trunk (`trunk` None), or a branch of piece number `trunk` with its mask
    [1, 1, own, trunk + own], added to the scores."""

    size: int
    trunk: int | None = None
    mask: Tensor | None = None


@dataclass(frozen=True)
class Plan:
    """The pieces of a row; `widened`: attention in fp32 inside bf16 autocast."""

    pieces: tuple[Piece, ...]
    widened: bool = False


Growing = Callable[..., Tensor]
"""What decodes keeps keys and values itself: (module, query, key, value, **rest) -> outputs."""


def plan(forest: Forest, dtype: torch.dtype, device: torch.device) -> Plan:
    """The pieces of a forest whose trees stand in one row."""
    assert len(forest.tokens) == 1, "paths take a forest of one row"
    longest = max((prompt + max(own) for prompt, own in forest.trees), default=0)
    widened = device.type == "cpu" and dtype == torch.bfloat16 and longest < SHORT
    if widened:
        dtype = torch.float32
    pieces: list[Piece] = []
    for prompt, completions in forest.trees:
        if len(completions) == 1 or not prompt:  # nothing is shared: every completion is a trunk
            pieces += [Piece(prompt + own) for own in completions]
            continue
        trunk = len(pieces)
        pieces.append(Piece(prompt))
        for own in completions:
            pieces.append(Piece(own, trunk, seen_behind(prompt, own, dtype, device)))
    return Plan(tuple(pieces), widened)


def seen_behind(prompt: int, own: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """[1, 1, own, prompt + own]: a branch sees its trunk whole and itself up to each token."""
    mask = torch.full((own, prompt + own), torch.finfo(dtype).min, dtype=dtype, device=device)
    return mask.triu_(prompt + 1)[None, None]


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    paths: Plan | Growing | None = None,
    **rest: Any,
) -> tuple[Tensor, None]:
    """Heads' outputs [1, L, H, D] for queries [1, H, L, D]; keys may have fewer heads."""
    if paths is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **rest)
    if callable(paths):
        return paths(module, query, key, value, **rest), None
    if not paths.widened:
        return _along(module, query, key, value, paths.pieces, **rest), None
    with torch.autocast("cpu", enabled=False):
        q, k, v = query.float(), key.float(), value.float()
        return _along(module, q, k, v, paths.pieces, **rest).bfloat16(), None


def _along(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    pieces: Sequence[Piece],
    **rest: Any,
) -> Tensor:
    """[1, L, H, D], piece by piece."""
    sizes = [piece.size for piece in pieces]
    q, k, v = (x.split(sizes, dim=2) for x in (query, key, value))
    outs = []
    for i, piece in enumerate(pieces):
        keys, values = k[i], v[i]
        if piece.trunk is not None:
            keys, values = (torch.cat([x[piece.trunk], x[i]], dim=2) for x in (k, v))
        outs.append(sdpa_attention_forward(module, q[i], keys, values, piece.mask, **rest)[0])
    return torch.cat(outs, dim=1)


def below(config: PreTrainedConfig) -> str:
    """The attention implementation of a config as `transformers` chose it."""
    said = str(config._attn_implementation)
    return "sdpa" if said == NAME else said


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
