"""In which precision this machine should compute.

`auto`: bf16 autocast over fp32 trained weights where matrix products in bf16 are fast (a GPU, or a
CPU with AVX512-BF16 or AMX), else fp32. A CPU without those does bf16 products up to a hundred
times slower than fp32, so there a frozen bf16 base is held in fp32 as well.
"""

from __future__ import annotations

import torch

from plumbline.core.errors import unknown

CHOICES = ("auto", "fp32", "bf16")


def default_device() -> torch.device:
    """The first GPU, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_bf16(device: torch.device) -> bool:
    """Whether bf16 matrix products are hardware here."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return False


def resolve(precision: str, device: torch.device) -> bool:
    """Whether to compute in bf16. Raises UserError for an unknown name."""
    if precision not in CHOICES:
        raise unknown("precision", precision, CHOICES)
    return precision == "bf16" or (precision == "auto" and fast_bf16(device))


def held_dtype(stored: torch.dtype, *, bf16: bool, trained: bool) -> torch.dtype:
    """The dtype to hold base weights in: fp32 where they are trained or computed with in fp32."""
    return stored if stored == torch.bfloat16 and bf16 and not trained else torch.float32
