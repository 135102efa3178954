"""Where a block writes into the residual stream: two projections, and what is done behind them.

    pre-norm    x <- x + c o,          o = W z            (Llama, Qwen, Mistral, GPT-2)
    post-norm   x <- x + norm(o)                          (Gemma 2 and 3, OLMo 2)

z are the heads' outputs and W the attention's last projection; then the same with the feed-forward
layer's hidden values and its last projection. c is 1 but for models that scale what they add
(Granite); it is read off the model's own states, and what fits neither form is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from plumbline.core.errors import UserError
from plumbline.models.route import body_of

PROJECTIONS = {"o_proj", "out_proj", "c_proj", "dense", "down_proj", "fc2", "dense_4h_to_h"}
"""Last names of the layers that write into the residual stream."""
POST_NORMS = ("post_attention_layernorm", "post_feedforward_layernorm")


@dataclass(frozen=True)
class Block:
    """A block, the names of its two projections, and the norms behind them where there are any."""

    module: nn.Module
    names: tuple[str, str]
    norms: tuple[nn.Module, nn.Module] | None


def blocks_of(model: PreTrainedModel) -> list[Block]:
    """The blocks in their order. UserError for an architecture whose blocks write otherwise."""
    body = body_of(model)
    total = model.config.get_text_config().num_hidden_layers
    lists = [m for m in body.modules() if isinstance(m, nn.ModuleList) and len(m) == total]
    names = {id(module): name for name, module in model.named_modules()}
    if not lists:
        raise _refused(model, "its blocks cannot be told apart")
    return [_block(model, block, names) for block in lists[0]]


def projections(model: PreTrainedModel) -> list[str]:
    """The names of the layers that write into the stream, block by block."""
    return [name for block in blocks_of(model) for name in block.names]


def _block(model: PreTrainedModel, block: nn.Module, names: dict[int, str]) -> Block:
    width = model.config.get_text_config().hidden_size
    found = [
        names[id(module)]
        for name, module in block.named_modules()
        if name.rsplit(".", 1)[-1] in PROJECTIONS and _outputs(module) == width
    ]
    if len(found) != 2:
        raise _refused(
            model,
            f"a block has {len(found)} layers that write into its stream and not two"
            " (a mixture of experts, or quantised?)",
        )
    children = dict(block.named_children())
    norms = [children[name] for name in POST_NORMS if name in children]
    return Block(block, (found[0], found[1]), (norms[0], norms[1]) if len(norms) == 2 else None)


def _outputs(module: nn.Module) -> int:
    if isinstance(module, Conv1D):
        return int(module.nf)
    return int(getattr(module, "out_features", 0))


def _refused(model: PreTrainedModel, why: str) -> UserError:
    return UserError(
        f"an adapter cannot be compiled for {model.config.model_type!r}: {why}",
        fix="use --mode prompt, or --mode distill",
    )
