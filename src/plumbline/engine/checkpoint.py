"""Checkpoints as safetensors: trained weights, AdamW's moments, and a small JSON of where we are.

Nothing is unpickled. A checkpoint is a folder that appears whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def save(folder: Path, weights: Mapping[str, Tensor], optimizer: torch.optim.AdamW | None) -> None:
    """Write `weights.safetensors` and, for an optimizer with state, `optimizer.safetensors`."""
    save_file(
        {k: v.detach().contiguous() for k, v in weights.items()}, folder / "weights.safetensors"
    )
    if optimizer is not None and optimizer.state:
        save_file(_moments(optimizer), folder / "optimizer.safetensors")


def load(folder: Path, weights: Mapping[str, Tensor], optimizer: torch.optim.AdamW) -> None:
    """Copy a checkpoint into the live tensors `weights` and into `optimizer`."""
    found = load_file(folder / "weights.safetensors")
    assert found.keys() == weights.keys(), "the checkpoint holds other weights than are trained"
    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(found[name])
    path = folder / "optimizer.safetensors"
    if path.exists():
        _restore(optimizer, load_file(path))


def _moments(optimizer: torch.optim.AdamW) -> dict[str, Tensor]:
    flat = {}
    for number, param in enumerate(_params(optimizer)):
        for name in MOMENTS:
            flat[f"{number}.{name}"] = optimizer.state[param][name].contiguous()
    return flat


def _restore(optimizer: torch.optim.AdamW, flat: Mapping[str, Tensor]) -> None:
    for number, param in enumerate(_params(optimizer)):
        moments = {name: flat[f"{number}.{name}"].to(param.device) for name in MOMENTS}
        moments["step"] = flat[f"{number}.step"]
        optimizer.state[param] = moments


def _params(optimizer: torch.optim.AdamW) -> list[torch.nn.Parameter]:
    return [p for group in optimizer.param_groups for p in group["params"]]
