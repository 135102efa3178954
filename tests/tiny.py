"""Tiny random models of many architectures, as configs and as saved folders."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    Cohere2Config,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GraniteConfig,
    LlamaConfig,
    Mamba2Config,
    MistralConfig,
    Olmo2Config,
    Phi3Config,
    PreTrainedConfig,
    Qwen3Config,
    RwkvConfig,
)

VOCAB = 96
SIZE = {
    "vocab_size": VOCAB,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": None,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
WINDOWS = ["sliding_attention", "full_attention"]


def configs() -> dict[str, PreTrainedConfig]:
    """One config an architecture that tests look at."""
    return {
        "llama": LlamaConfig(**SIZE),
        "qwen3": Qwen3Config(**SIZE, head_dim=8),
        "qwen3-window": Qwen3Config(
            **SIZE, head_dim=8, use_sliding_window=True, sliding_window=8, layer_types=WINDOWS
        ),
        "mistral": MistralConfig(**SIZE, sliding_window=8),
        "gpt2": GPT2Config(vocab_size=VOCAB, n_embd=32, n_layer=2, n_head=4, n_positions=128),
        "gemma3": Gemma3TextConfig(
            **SIZE, head_dim=8, sliding_window=8, layer_types=WINDOWS, query_pre_attn_scalar=8
        ),
        "gemma2": Gemma2Config(
            **SIZE, head_dim=8, sliding_window=8, layer_types=WINDOWS, query_pre_attn_scalar=8
        ),
        "cohere2": Cohere2Config(**SIZE, sliding_window=8, layer_types=WINDOWS),
        "granite": GraniteConfig(**SIZE, logits_scaling=4.0),
        "phi3": Phi3Config(**SIZE),
        "olmo2": Olmo2Config(**SIZE),
        "mamba2": Mamba2Config(
            vocab_size=VOCAB, hidden_size=32, num_hidden_layers=2, num_heads=4, head_dim=16,
            state_size=8, n_groups=1, chunk_size=8,
        ),
        "rwkv": RwkvConfig(
            vocab_size=VOCAB, hidden_size=32, num_hidden_layers=2, attention_hidden_size=32,
            intermediate_size=48, context_length=128,
        ),
    }  # fmt: skip


def save(name: str, folder: Path, *, seed: int = 0, dtype: torch.dtype = torch.float32) -> Path:
    """A random model of that architecture, saved as plain transformers saves it."""
    torch.manual_seed(seed)
    config = configs()[name]
    model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    with torch.no_grad():  # large enough for attention to matter
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(0.0, 0.2)
    model.save_pretrained(folder)
    return folder
