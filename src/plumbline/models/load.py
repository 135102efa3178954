"""From a folder to a `Policy`: base weights, what of them is trained, and in which dtypes.

`full` trains everything; `last:N` the last N blocks and the final norm; `lora` a new adapter over
a frozen base; `none` nothing (scoring, sampling). An adapter folder is a model too: it stays frozen
and active under a new adapter. Trained weights are held in fp32.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import torch
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)

from plumbline.core.errors import UserError
from plumbline.models import adapters, check, heads
from plumbline.models import precision as precisions
from plumbline.models.adapters import GIVEN, NEW, Lora
from plumbline.models.config import is_reward, read_config, without_dropout
from plumbline.models.digest import digest_folder, stored_dtypes
from plumbline.models.locate import IDENTITY, Located, adapter_base, hub_name, is_adapter
from plumbline.models.policy import Policy, Source
from plumbline.models.quiet import quiet
from plumbline.models.route import body_of

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def load_model(
    model: Located | Path | str,
    *,
    adapter: str = "lora",
    lora: Lora | None = None,
    precision: str = "auto",
    scalar_head: bool = False,
    seed: int = 0,
    checkpointing: bool = False,
    device: torch.device | str | None = None,
) -> Policy:
    """The model of a folder, ready to train (or, with adapter "none", to score and sample).

    Dropout is 0 and the model in train mode. Raises UserError for what cannot be loaded or trained.
    """
    place = torch.device(device) if device is not None else precisions.default_device()
    where = model if isinstance(model, Located) else Located(Path(model), str(model))
    folder, base = where.path, _base_of(where)
    count = _blocks_wanted(adapter)
    bf16 = precisions.resolve(precision, place)
    config = read_config(base.path)
    dropouts = without_dropout(config)
    stored = _stored(base.path)
    held = precisions.held_dtype(stored, bf16=bf16, trained=adapter == "full" or count > 0)
    net = _read(base.path, config, held, scalar_head)
    names = adapters.linear_names(net)
    if is_adapter(folder):
        check_base(folder, base.path)
        adapters.add_given(net, folder)
    net.requires_grad_(False)
    _mark(net, adapter, count, names, lora or Lora(), seed)
    if scalar_head and adapter != "none":
        heads.train(net)
    _check_finite(net, folder)
    if checkpointing:
        _checkpoint_blocks(net)
    reload = partial(
        load_model,
        where,
        adapter="none",
        precision=precision,
        scalar_head=scalar_head,
        device=place,
    )
    return Policy(
        _on(net, place).train(),
        check.route(net, scalar_head),
        _source(where, base, stored, adapter, dropouts),
        bf16=bf16,
        adapters=_stack(folder, adapter),
        scalar_head=scalar_head,
        reload=reload,
    )


def check_base(folder: Path, base: Path) -> None:
    """UserError where a folder's manifesto was imprinted on other weights than those of `base`."""
    path = folder / IDENTITY
    if not path.is_file():
        return
    if json.loads(path.read_text("utf-8")).get("base") != digest_folder(base):
        raise UserError(
            f"this identity was made for other weights than those in {base}",
            where=str(folder),
            fix="imprint its manifesto on this base",
        )


def plain_base(policy: Policy) -> PreTrainedModel:
    """An adapter run's base read again in fp32 on the CPU, without adapters (to merge into)."""
    folder = _base_of(Located(policy.source.path, "")).path
    config = read_config(folder)
    without_dropout(config)
    return _read(folder, config, torch.float32, policy.scalar_head)


def _source(
    where: Located, base: Located, stored: torch.dtype, adapter: str, dropouts: dict[str, float]
) -> Source:
    """Where the weights came from, with their identity."""
    folder = where.path
    name = base.hub or hub_name(base.path) or str(base.path)
    identity = digest_folder(folder, base.path if is_adapter(folder) else None)
    return Source(folder, name, stored, identity, adapter, dropouts)


def _base_of(where: Located) -> Located:
    return adapter_base(where.path) if is_adapter(where.path) else where


def _stack(folder: Path, adapter: str) -> tuple[str, ...]:
    """Names of the adapters inside, oldest first."""
    given = (GIVEN,) if is_adapter(folder) else ()
    return (*given, NEW) if adapter == "lora" else given


def _blocks_wanted(adapter: str) -> int:
    """N of "last:N"; 0 for the other modes. Raises UserError for anything unknown."""
    if adapter in ("none", "lora", "full"):
        return 0
    kind, _, number = adapter.partition(":")
    if kind != "last" or not number.isdigit() or int(number) < 1:
        raise UserError(f"unknown adapter {adapter!r}", fix="one of lora, full, last:N (N >= 1)")
    return int(number)


def _stored(folder: Path) -> torch.dtype:
    """The dtype most of the base's bytes have. Raises UserError where there are no weights."""
    found = stored_dtypes(folder)
    main = max(found, key=lambda name: found[name], default="F32")
    if main not in DTYPES:
        raise UserError(
            f"weights of type {main} (quantised?) cannot be trained",
            where=str(folder),
            fix="give the weights in float32, bfloat16 or float16",
        )
    return DTYPES[main]


def _read(
    folder: Path, config: PreTrainedConfig, dtype: torch.dtype, scalar_head: bool
) -> PreTrainedModel:
    """The model with its weights; every weight must be in the folder (but a new scalar head)."""
    if scalar_head:
        heads.prepare(config, folder)
    elif is_reward(config):
        raise UserError(
            "this is a reward model (scalar head), not a language model",
            where=str(folder),
            fix="give the language model it was trained from",
        )
    kind = AutoModelForSequenceClassification if scalar_head else AutoModelForCausalLM
    try:
        with quiet():
            net, info = kind.from_pretrained(  # type: ignore[misc]
                folder,
                config=config,
                dtype=dtype,
                use_safetensors=True,
                output_loading_info=True,
                trust_remote_code=False,
            )
    except (RuntimeError, OSError, ValueError) as error:
        raise UserError(
            f"the weights do not fit the config: {str(error).strip().splitlines()[0]}",
            where=str(folder),
            fix="check that config.json and the weights belong together",
        ) from error
    missing = sorted(name for name in info["missing_keys"] if not name.startswith("score."))
    if missing:
        raise UserError(
            f"{len(missing)} weights are missing, first {missing[0]}",
            where=str(folder),
            fix="check that config.json and the weights belong together",
        )
    if any(name.startswith("score.") for name in info["missing_keys"]):
        heads.clear(net)
    return net


def _mark(
    net: PreTrainedModel, adapter: str, count: int, names: list[str], lora: Lora, seed: int
) -> None:
    """Say which parameters are trained."""
    if adapter == "full":
        net.requires_grad_(True)
    elif adapter == "lora":
        adapters.add_new(net, names, lora, seed)
        for name, parameter in net.named_parameters():
            parameter.requires_grad_(f".{NEW}." in name)
        for layer in adapters.layers_with_adapters(net).values():
            active = [a for a in (GIVEN, NEW) if a in layer.lora_A]
            layer.set_adapter(active, inference_mode=True)
        for name, parameter in net.named_parameters():
            parameter.requires_grad_(f".{NEW}." in name)
    elif count:
        for module in _last_blocks(net, count):
            module.requires_grad_(True)


def _last_blocks(net: PreTrainedModel, count: int) -> list[nn.Module]:
    """The last `count` blocks and the norms that stand beside them."""
    body = body_of(net)
    total = net.config.num_hidden_layers
    for parent in body.modules():
        for blocks in parent.children():
            if isinstance(blocks, nn.ModuleList) and len(blocks) == total:
                if count > total:
                    raise UserError(
                        f"last:{count}, but the model has {total} blocks",
                        fix=f"give last:1 to last:{total}, or full",
                    )
                beside = [m for m in parent.children() if m is not blocks and _is_norm(m)]
                return [*blocks[-count:], *beside]
    raise UserError(
        f"cannot tell the blocks of {net.config.model_type!r} apart",
        fix="use --adapter lora or --adapter full",
    )


def _checkpoint_blocks(net: PreTrainedModel) -> None:
    """Recompute each block's activations in the backward pass (transformers renamed this)."""
    if hasattr(net, "activation_checkpointing_enable"):
        net.activation_checkpointing_enable({"use_reentrant": False})
    else:
        net.gradient_checkpointing_enable({"use_reentrant": False})


def _on(net: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    nn.Module.to(net, device)
    return net


def _is_norm(module: nn.Module) -> bool:
    return "norm" in type(module).__name__.lower() and all(p.ndim == 1 for p in module.parameters())


def _check_finite(net: nn.Module, folder: Path) -> None:
    for name, parameter in net.named_parameters():
        if not torch.isfinite(parameter).all():
            raise UserError(
                f"NaN or infinity in {name}",
                where=str(folder),
                fix="these weights are damaged; fetch or train them again",
            )
