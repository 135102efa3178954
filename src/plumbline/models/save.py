"""A trained policy as a folder that plain `transformers` or `peft` loads, with no plumbline.

`full` and `last:N`: a whole model in the base's dtype. `lora`: a PEFT adapter against the original
base (fp32, as it was trained); with `merge` a whole model. A scalar head makes it a
`...ForSequenceClassification` folder, or an adapter whose `modules_to_save` is `score`.

PEFT reads a relative `base_model_name_or_path` from the current folder, not from the adapter's, so
the folder's README names the two lines that work from anywhere; plumbline looks beside the adapter.
Files are written aside and moved in one by one, the one that makes it a model folder last.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import GenerationConfig, PreTrainedModel

from plumbline.core import atomic
from plumbline.models import adapters, heads
from plumbline.models.digest import ADAPTER
from plumbline.models.load import plain_base
from plumbline.models.locate import microcosm_base_or_none
from plumbline.models.policy import Policy
from plumbline.models.quiet import quiet

TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "tokenizer.model",
    "spiece.model",
    "chat_template.jinja",
)
LAST = ("config.json", "adapter_config.json")


@dataclass(frozen=True)
class Extras:
    """What goes into the folder beside weights.

    end_ids: every token id that ends a turn; chat_template: written where the tokenizer has none;
    pad_id: an id that never occurs in the data (reward models).
    """

    end_ids: tuple[int, ...] = ()
    chat_template: str | None = None
    pad_id: int | None = None


def save_policy(
    policy: Policy,
    out: Path,
    tokenizer: Path | None = None,
    *,
    merge: bool = False,
    extras: Extras | None = None,
) -> Path:
    """Write the policy into `out` (made if need be; other files there stay) and return `out`."""
    extra = extras or Extras()
    out.mkdir(parents=True, exist_ok=True)
    atomic.sweep(out)
    with atomic.writing(out):
        aside = atomic.temp_beside(out / "model")
        aside.mkdir()
        try:
            _write(policy, aside, out, merge, extra)
            if tokenizer is not None:
                _copy_tokenizer(tokenizer, aside, extra)
            _generation(policy, aside, extra.end_ids)
            atomic.sync_tree(aside)
            for name in _order(aside):
                _move(aside / name, out / name)
            atomic.sync(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return out


def _write(policy: Policy, aside: Path, out: Path, merge: bool, extra: Extras) -> None:
    if policy.adapters and not merge:
        _write_adapter(policy, aside, out)
        return
    net = policy.model
    if policy.adapters:
        net = plain_base(policy)
        state = dict(net.named_parameters())
        with torch.no_grad():
            for name, delta in adapters.deltas(policy.model).items():
                state[name].add_(delta.to(state[name]))
            if policy.scalar_head:
                heads.layer(net).weight.copy_(heads.layer(policy.model).weight)
    _write_whole(policy, net, aside, extra)


def _write_whole(policy: Policy, net: PreTrainedModel, aside: Path, extra: Extras) -> None:
    """All weights in the base's dtype, and the config as it was given (dropout rates put back)."""
    dtype = policy.source.dtype
    state = {name: _cast(tensor, dtype) for name, tensor in net.state_dict().items()}
    with quiet(), _any_generation(net):
        net.save_pretrained(aside, state_dict=state)
    config = copy.deepcopy(net.config)
    for name, rate in policy.source.dropouts.items():
        setattr(config, name, rate)
    config.dtype, config.architectures = dtype, [type(net).__name__]
    if extra.pad_id is not None:
        config.pad_token_id = extra.pad_id
    config.save_pretrained(aside)


@contextmanager
def _any_generation(net: PreTrainedModel) -> Iterator[None]:
    """transformers refuses to save some settings that it loads; they are written apart, whole."""
    given = getattr(net, "generation_config", None)
    if given is not None:
        net.generation_config = GenerationConfig()
    try:
        yield
    finally:
        if given is not None:
            net.generation_config = given


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.detach().to(dtype) if tensor.is_floating_point() else tensor.detach()


def _write_adapter(policy: Policy, aside: Path, out: Path) -> None:
    from peft import LoraConfig

    whole = adapters.as_one(policy.model)
    state = whole.state
    if policy.scalar_head:
        weight = heads.layer(policy.model).weight.detach().float().cpu().contiguous()
        state = state | {f"{adapters.PREFIX}score.weight": weight}
    save_file(state, aside / ADAPTER, metadata={"format": "pt"})
    rank = Counter(whole.ranks.values()).most_common(1)[0][0]
    alpha = Counter(whole.alphas.values()).most_common(1)[0][0]
    base = _base_name(policy, aside, out)
    config = LoraConfig(
        r=rank,
        lora_alpha=adapters.whole_number(alpha),
        rank_pattern={name: r for name, r in whole.ranks.items() if r != rank},
        alpha_pattern={name: a for name, a in whole.alphas.items() if a != alpha},
        target_modules=adapters.suffixes(list(whole.ranks)),
        modules_to_save=["score"] if policy.scalar_head else None,
        task_type="SEQ_CLS" if policy.scalar_head else "CAUSAL_LM",
        base_model_name_or_path=base,
        fan_in_fan_out=adapters.has_conv1d(policy.model),
        inference_mode=True,
    )
    config.save_pretrained(str(aside))
    (aside / "README.md").write_text(_readme(base, policy), "utf-8")


def _base_name(policy: Policy, aside: Path, out: Path) -> str:
    return base_name(policy.source.base, aside, out)


def base_name(source: str, aside: Path, out: Path) -> str:
    """A Hub name, or the base's folder relative to `out`; the embedded microcosm comes along, into
    `aside`."""
    base = Path(source)
    if not base.is_dir():
        return source
    own = microcosm_base_or_none()
    if own is not None and own.resolve() == base.resolve():
        shutil.copytree(base, aside / "base")
        return "base"
    return Path(os.path.relpath(base.resolve(), out.resolve())).as_posix()


README = """---
base_model: {base}
library_name: peft
---
A LoRA adapter. Weights it was made for: sha256 {digest}.

    from pathlib import Path
    from peft import PeftModel
    from transformers import {kind}

    here = Path("...")  # this folder
    base = {where}
    model = PeftModel.from_pretrained({kind}.from_pretrained(base{more}), here)
"""


def _readme(base: str, policy: Policy) -> str:
    kind = "AutoModelForSequenceClassification" if policy.scalar_head else "AutoModelForCausalLM"
    local = Path(policy.source.base).is_dir()
    return README.format(
        base=base,
        digest=policy.source.digest,
        kind=kind,
        where=f'(here / "{base}").resolve()' if local else f'"{base}"',
        more=", num_labels=1" if policy.scalar_head else "",
    )


def _copy_tokenizer(source: Path, aside: Path, extra: Extras) -> None:
    """The tokenizer's files as they are; a chat template and a pad token where asked for."""
    for name in TOKENIZER:
        if (source / name).is_file():
            shutil.copyfile(source / name, aside / name)
    file = aside / "tokenizer_config.json"
    config = json.loads(file.read_text("utf-8")) if file.exists() else {}
    has_template = "chat_template" in config or (aside / "chat_template.jinja").exists()
    if extra.chat_template is not None and not has_template:
        (aside / "chat_template.jinja").write_text(extra.chat_template, "utf-8")
    if extra.pad_id is not None:
        config["pad_token"] = _token(source, extra.pad_id)
        file.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _token(source: Path, token_id: int) -> str:
    from transformers import AutoTokenizer

    return str(AutoTokenizer.from_pretrained(source).convert_ids_to_tokens(token_id))


def _generation(policy: Policy, aside: Path, end_ids: Iterable[int]) -> None:
    """generation_config.json with every id at which sampling must stop (the base's and ours)."""
    if policy.scalar_head:
        return
    given = getattr(policy.model, "generation_config", None)
    config = copy.deepcopy(given) if given is not None else GenerationConfig()
    old = config.eos_token_id
    known = [] if old is None else old if isinstance(old, list) else [old]
    union = list(dict.fromkeys([*known, *end_ids]))
    config.eos_token_id = union[0] if len(union) == 1 else union or None
    atomic.write_json(aside / "generation_config.json", config.to_diff_dict())


def _order(aside: Path) -> list[str]:
    """Names to move: whatever makes the folder a model comes last."""
    return sorted((p.name for p in aside.iterdir()), key=lambda name: (name in LAST, name))


def _move(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(source, target)
