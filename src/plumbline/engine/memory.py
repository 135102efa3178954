"""How large a micro-batch may be: from the machine's memory, capped where more brings no speed."""

from __future__ import annotations

import resource
import sys
from typing import Any

import psutil
import torch

from plumbline.models.size import activation_bytes

CAP = {"cpu": 1024, "cuda": 32768}
"""Grid tokens beyond which a micro-batch is no faster (measured: docs/numbers.md)."""
SHARE = 0.25
"""Part of the free memory that one micro-batch's activations may take."""


def micro_tokens(config: Any, device: torch.device) -> int:
    """Grid tokens of a micro-batch for a model of this config on this device."""
    free = free_bytes(device)
    return max(64, min(CAP.get(device.type, 8192), int(SHARE * free / _bytes_a_token(config))))


def _bytes_a_token(config: Any) -> float:
    text = config.get_text_config()
    inner = getattr(text, "intermediate_size", None) or 4 * text.hidden_size
    return activation_bytes(text.num_hidden_layers, text.hidden_size, inner)


def free_bytes(device: torch.device) -> float:
    """Memory that is free now, of the device where it has its own."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    return float(psutil.virtual_memory().available)


def peak_gb() -> float:
    """Largest memory this process has held, in GB (the device's where there is one)."""
    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 1e9, 3)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 3)
