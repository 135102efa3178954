"""A small random copy of a config: same architecture, same kinds of layers and positions.

What decides whether a forest is right stays (layer types, rotary type, soft caps, scales); what
only costs time shrinks (width, depth, experts, vocabulary). Windows are cut to `WINDOW` tokens.
Weights are drawn at unit gain: with the usual 0.02 a tiny model hardly attends, and a wrong mask
would not show.
"""

from __future__ import annotations

import copy
import math

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from plumbline.models.config import without_dropout
from plumbline.models.route import ropes

WINDOW, VOCABULARY, WIDTH, HEAD = 8, 96, 64, 16
WIDE = 256
"""Configs up to this width are small enough as they stand."""
FEWER = {
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "top_k_experts"), 2),
    **dict.fromkeys(("n_group", "topk_group"), 1),
}
NARROWER = {
    **dict.fromkeys(
        ("intermediate_size", "moe_intermediate_size", "shared_expert_intermediate_size"), WIDTH
    ),
    **dict.fromkeys(
        ("rotary_dim", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "kv_lora_rank"), HEAD
    ),
    "q_lora_rank": HEAD,
}


def shrink(config: PreTrainedConfig) -> PreTrainedConfig:
    """The copy; may be no valid config where an architecture ties sizes in its own way."""
    small = copy.deepcopy(config)
    without_dropout(small)
    _set(small, "num_hidden_layers", _depth(config))
    types = getattr(config, "layer_types", None)
    if types:
        _set(small, "layer_types", list(types[: small.num_hidden_layers]))
    if getattr(config, "sliding_window", None):
        _set(small, "sliding_window", WINDOW)
    small.vocab_size = VOCABULARY
    small.pad_token_id, small.bos_token_id, small.eos_token_id = None, None, None
    if config.hidden_size > WIDE:
        _narrow(small)
    _lower(small, FEWER)
    return small


def _set(config: PreTrainedConfig, name: str, value: object) -> None:
    """Set what can be set: some configs derive a field from others."""
    if getattr(type(config), name, None).__class__ is property:
        return
    setattr(config, name, value)


def _lower(config: PreTrainedConfig, limits: dict[str, int]) -> None:
    """Cut the fields that are there down to `limits`."""
    for name, limit in limits.items():
        value = getattr(config, name, None)
        if isinstance(value, int) and value > limit:
            _set(config, name, limit)


def _depth(config: PreTrainedConfig) -> int:
    """Enough layers to have every type, at least 4 where there are as many, at most 8."""
    total = config.num_hidden_layers
    types = list(getattr(config, "layer_types", None) or [])
    first = max((types.index(kind) for kind in set(types)), default=0) + 1
    return min(total, max(4, min(first, 8)))


def _narrow(small: PreTrainedConfig) -> None:
    """Fewer and narrower heads in the same proportion of queries to keys."""
    heads = getattr(small, "num_attention_heads", None)
    keys = getattr(small, "num_key_value_heads", None)
    if heads:
        kept = 1 if keys == 1 else 2
        grouped = keys is not None and keys < heads
        _set(small, "num_attention_heads", 2 * kept if grouped else kept)
        if keys is not None:
            _set(small, "num_key_value_heads", kept)
    small.hidden_size = HEAD * (small.num_attention_heads if heads else 4)
    if getattr(small, "head_dim", None):
        _set(small, "head_dim", HEAD)
    _lower(small, NARROWER)
    for rope in ropes(small):
        for name in ("short_factor", "long_factor"):
            if name in rope:
                share = rope.get("partial_rotary_factor", 1.0)
                rope[name] = rope[name][: int(HEAD * share) // 2]


def random_model(config: PreTrainedConfig, seed: int = 0) -> PreTrainedModel:
    """A model of `config` in fp32 on the CPU, matrices at unit gain, vectors nudged."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(
            config, attn_implementation=config._attn_implementation, dtype=torch.float32
        )
        _redraw(model)
    return model


@torch.no_grad()
def _redraw(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            parameter.normal_(0.0, 1.0 / math.sqrt(min(parameter.shape)))
        elif parameter.ndim == 1 and (name.endswith("bias") or "norm" in name):
            parameter.add_(0.1 * torch.randn_like(parameter))
