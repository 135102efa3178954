"""A scalar head on a decoder: reward r(x, y) = w . h at the last token of the rendered example.

The head is the `score` layer (linear, no bias) of transformers' `...ForSequenceClassification`, so
that a trained reward model is a plain folder of that class (num_labels = 1). It starts at 0: every
reward is 0 and the first Bradley-Terry loss is exactly log 2.

That class reads the last token that is not the pad id; the saved config therefore names a pad id
that never occurs in the data (`choose_pad`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel

from plumbline.core.errors import UserError
from plumbline.models.config import can_score


def prepare(config: PreTrainedConfig, folder: Path) -> None:
    """Make `config` ask for one scalar; UserError for an architecture without such a class."""
    if not can_score(config):
        raise UserError(
            f"transformers has no ...ForSequenceClassification for {config.model_type!r}",
            where=str(folder),
            fix="train the reward on an architecture that has one, such as Llama, Qwen or GPT-2",
        )
    config.num_labels = 1


def clear(model: PreTrainedModel) -> None:
    """Set a new head to 0."""
    with torch.no_grad():
        layer(model).weight.zero_()


def layer(model: PreTrainedModel) -> nn.Linear:
    """The `score` layer. Raises UserError where the architecture's head is something else."""
    found = dict(model.named_children()).get("score")
    if not isinstance(found, nn.Linear) or found.bias is not None:
        raise UserError(
            f"the classification head of {model.config.model_type!r} is not one linear layer",
            fix="train the reward on an architecture such as Llama, Qwen or GPT-2",
        )
    return found


def train(model: PreTrainedModel) -> None:
    """Train the head, in fp32."""
    layer(model).float().requires_grad_(True)


def choose_pad(candidates: Iterable[int], seen: Collection[int], rows: int) -> int:
    """The first of `candidates` (the tokenizer's pad, unk, other specials) that no data holds, else
    the highest id never seen. UserError where every id occurs."""
    for token in [*candidates, *range(rows - 1, -1, -1)]:
        if 0 <= token < rows and token not in seen:
            return token
    raise UserError(
        "every token id occurs in the data, so none can mark padding for the reward model",
        fix="use a tokenizer and model with a pad token",
    )
