"""What every training command knows; each field is identity unless it is marked runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from plumbline.core.settings import option, runtime
from plumbline.text.length import Length


@dataclass(frozen=True)
class Eval:
    """Held-out evaluation on a tenth of the prompts, chosen by a hash of their text."""

    fraction: float = option(
        0.1, help="share of prompts held out (0 turns held-out evaluation off)"
    )
    most: int = option(500, help="largest number of held-out examples")
    every: int = option(0, help="steps between evaluations (0: only at the end)")
    patience: int = option(0, help="evaluations without improvement before stopping (0: never)")


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters (Hu et al., arXiv:2106.09685) on all linear layers but the head."""

    r: int = option(16, help="rank")
    alpha: float = option(32.0, help="scale: the update is alpha / r times B A")


@dataclass(frozen=True)
class Train:
    """Settings of one offline training. Objectives add their own (`train --list`)."""

    epochs: float = option(1.0, help="passes over the training data")
    steps: int | None = option(None, help="optimizer steps (overrides epochs)")
    batch: int = option(8, help="examples an optimizer step")
    lr: float | None = option(None, help="peak learning rate (none: the objective's default)")
    warmup: float = option(0.1, help="share of the steps that warm up")
    decay: Literal["cosine", "linear", "constant", "wsd"] = option(
        "cosine", help="shape of the learning rate after warm-up"
    )
    weight_decay: float = option(0.0, help="AdamW's decoupled decay of matrices")
    betas: tuple[float, float] = option((0.9, 0.999), help="AdamW's moment decays")
    clip: float = option(1.0, help="largest norm of the gradient (0: no clipping)")
    seed: int = option(0, help="order of the data, initial adapters and heads")
    precision: Literal["auto", "fp32", "bf16"] = option(
        "auto", help="auto: bf16 autocast where the machine multiplies it fast, else fp32"
    )
    template: str = option("auto", help="auto: the model's chat template, else plain; or text")
    turns: Literal["all", "last", "every"] = option(
        "all", help="demonstrations: all assistant turns, the last one, or every token of everyone"
    )
    max_unusable: float = option(
        0.01, help="largest share of unusable rows (empty or equal answers, no shared prompt)"
    )
    teacher: str = option("", help="distill: the model whose distribution is matched (MODEL)")
    teacher_top: int = option(64, help="distill: its likeliest tokens kept (0: whole vocabulary)")
    length: Length = field(default_factory=Length)
    eval: Eval = field(default_factory=Eval)
    lora: Lora = field(default_factory=Lora)
    micro_tokens: int | None = runtime(
        None, help="tokens of a micro-batch (none: from memory); never changes the result"
    )
    checkpointing: bool = runtime(False, help="gradient checkpointing: less memory, slower")
    save_every: int = runtime(0, help="steps between checkpoints (0: by time)")
    save_seconds: float = runtime(60.0, help="seconds between checkpoints")
    threads: int = runtime(0, help="CPU threads (0: torch's choice)")
