"""LoRA inside a model: a new adapter, one the model came with, and both written as one.

    W x + s_g B_g A_g x + s_n B_n A_n x  =  W x + [s_g B_g, s_n B_n] [A_g; A_n] x

Two adapters are one of the summed rank: scales go into B, ranks are concatenated, and the output
needs only the original base. LoRA: Hu et al. 2021 (arXiv 2106.09685), equation 3. Only plain LoRA
is stacked; DoRA, trained embeddings and the like are refused (merge them first).
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from plumbline.core.errors import UserError
from plumbline.models.digest import ADAPTER
from plumbline.models.route import body_of

NEW, GIVEN = "default", "given"
"""Names of the adapter being trained and of one that the model came with."""
PREFIX = "base_model.model."
"""What PEFT's files put before a module's name."""
UNUSUAL = (
    "use_dora",
    "trainable_token_indices",
    "alora_invocation_tokens",
    "target_parameters",
    "layer_replication",
    "lora_bias",
)
"""Settings of PEFT's LoRA under which an adapter is more than two matrices a layer."""


@dataclass(frozen=True)
class Lora:
    """Rank and scale of a new adapter; the product is scaled by alpha / r."""

    r: int = 16
    alpha: float = 32.0


def linear_names(model: PreTrainedModel) -> list[str]:
    """Full names of all linear layers of the body (never embeddings or a head)."""
    body = body_of(model)
    inside = {id(module) for module in body.modules()}
    return [
        name
        for name, module in model.named_modules()
        if id(module) in inside and isinstance(module, nn.Linear | Conv1D)
    ]


def has_conv1d(model: nn.Module) -> bool:
    """Whether linear layers are GPT-2's Conv1D, whose weight is stored input by output."""
    return any(isinstance(module, Conv1D) for module in model.modules())


def whole_number(alpha: float) -> int:
    """PEFT declares alpha an int, and takes a float where it is none."""
    return int(alpha) if float(alpha).is_integer() else alpha  # type: ignore[return-value]


def suffixes(names: list[str]) -> list[str]:
    """The last parts of module names, as PEFT's configs list them."""
    return sorted({name.rsplit(".", 1)[-1] for name in names})


def add_new(model: PreTrainedModel, names: list[str], lora: Lora, seed: int) -> None:
    """Put a fresh adapter in fp32 on the linear layers `names`; it changes nothing yet (B = 0)."""
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=lora.r,
        lora_alpha=whole_number(lora.alpha),
        lora_dropout=0.0,
        target_modules=suffixes(names),
        fan_in_fan_out=has_conv1d(model),
    )
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Already found a `peft_config`")  # two are meant
        torch.manual_seed(seed)
        inject_adapter_in_model(config, model, adapter_name=NEW)
    _fp32(model)


def add_given(model: PreTrainedModel, folder: Path, name: str = GIVEN) -> None:
    """Put the adapter of `folder` into the model under this name, exactly as it was saved."""
    from peft import LoraConfig, inject_adapter_in_model

    _plain_lora(folder)
    config = LoraConfig.from_pretrained(str(folder))
    config.lora_dropout, config.modules_to_save, config.task_type = 0.0, None, None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Already found a `peft_config`")  # several are meant
        inject_adapter_in_model(config, model, adapter_name=name)
    _fp32(model)
    state = {_inside(key, name): tensor for key, tensor in load_file(folder / ADAPTER).items()}
    expected = {key for key, _ in model.named_parameters() if f".{name}." in key}
    lora_part = {key: tensor for key, tensor in state.items() if f".{name}." in key}
    if set(lora_part) != expected:
        odd = sorted(set(lora_part) ^ expected)
        raise UserError(
            f"the adapter does not fit its base: {len(odd)} tensors differ, first {odd[0]}",
            where=str(folder),
            fix="check base_model_name_or_path in adapter_config.json",
        )
    _finite(lora_part, folder)
    result = model.load_state_dict(state, strict=False)
    if result.unexpected_keys:
        raise UserError(
            f"the adapter also trains {result.unexpected_keys[0]}, which this model has not",
            where=str(folder),
            fix="a reward adapter is loaded as a reward; merge other kinds into full weights first",
        )


def _inside(key: str, name: str) -> str:
    """A PEFT file's tensor name -> the name inside a model with the adapter called `name`."""
    key = key.removeprefix(PREFIX)
    for part in ("lora_A", "lora_B"):
        key = key.replace(f".{part}.weight", f".{part}.{name}.weight")
    return key


def _finite(state: dict[str, Tensor], folder: Path) -> None:
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise UserError(
                f"NaN or infinity in {name}", where=str(folder), fix="retrain or refetch"
            )


def _plain_lora(folder: Path) -> None:
    """Refuse kinds of adapters that cannot be written as one plain LoRA with a new one."""
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    kind = config.get("peft_type")
    odd = [key for key in UNUSUAL if config.get(key)]
    if config.get("bias", "none") != "none":
        odd.append("bias")
    odd += [m for m in config.get("modules_to_save") or [] if m not in ("score", "classifier")]
    if kind != "LORA" or odd:
        raise UserError(
            f"this adapter is not plain LoRA ({', '.join(odd) or kind})",
            where=str(folder),
            fix="merge it into full weights (peft's merge_and_unload) and give that folder",
        )


def layers_with_adapters(model: nn.Module) -> dict[str, Any]:
    """Modules that carry LoRA, by name."""
    from peft.tuners.lora import LoraLayer

    return {name: m for name, m in model.named_modules() if isinstance(m, LoraLayer)}


def switch(model: nn.Module, name: str) -> None:
    """Let the adapter of this name act alone; with "" none does, and the model is its base bit for
    bit. Nothing asks for a gradient afterwards."""
    for layer in layers_with_adapters(model).values():
        layer.enable_adapters(bool(name))
        layer.set_adapter([name] if name else [], inference_mode=True)


def _fp32(model: nn.Module) -> None:
    """Adapters are held in fp32 whatever the base is."""
    for name, parameter in model.named_parameters():
        if ".lora_A." in name or ".lora_B." in name:
            parameter.data = parameter.data.float()


@dataclass(frozen=True)
class Whole:
    """All adapters of a model as one LoRA: tensors by PEFT's names, rank and alpha by module."""

    state: dict[str, Tensor]
    ranks: dict[str, int]
    alphas: dict[str, float]


def as_one(model: PreTrainedModel) -> Whole:
    """The adapters inside `model` as one; a single adapter keeps its own scale."""
    whole = Whole({}, {}, {})
    for name, layer in layers_with_adapters(model).items():
        names = [a for a in (GIVEN, NEW) if a in layer.lora_A]
        single = len(names) == 1
        down = torch.cat([layer.lora_A[a].weight.detach() for a in names], 0)
        scale = {a: 1.0 if single else layer.scaling[a] for a in names}
        up = torch.cat([layer.lora_B[a].weight.detach() * scale[a] for a in names], 1)
        whole.state[f"{PREFIX}{name}.lora_A.weight"] = down.cpu().contiguous()
        whole.state[f"{PREFIX}{name}.lora_B.weight"] = up.cpu().contiguous()
        whole.ranks[name] = len(down)
        whole.alphas[name] = layer.scaling[names[0]] * len(down) if single else float(len(down))
    return whole


def deltas(model: PreTrainedModel) -> dict[str, Tensor]:
    """What all adapters together add to each weight, by the weight's name in the plain model."""
    return {
        f"{name}.weight": sum(layer.get_delta_weight(a) for a in layer.lora_A)
        for name, layer in layers_with_adapters(model).items()
    }
