"""What every training command knows; each field is identity unless it is marked runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from plumbline.core.settings import option, runtime
from plumbline.evals.tasks import Generation
from plumbline.feedback.endpoint.limits import Limits
from plumbline.models.size import Shape
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
class Learning:
    """What every training knows, whatever it learns from."""

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
    template_options: dict[str, Any] = option(
        factory=dict, help='values for a chat template, say {"enable_thinking": false}'
    )
    length: Length = field(default_factory=Length)
    lora: Lora = field(default_factory=Lora)
    micro_tokens: int | None = runtime(
        None, help="tokens of a micro-batch (none: from memory); never changes the result"
    )
    save_seconds: float = runtime(60.0, help="seconds between checkpoints")
    threads: int = runtime(0, help="CPU threads (0: torch's choice)")


@dataclass(frozen=True)
class Train(Learning):
    """Settings of one offline training. Objectives add their own (`train --list`)."""

    epochs: float = option(1.0, help="passes over the training data")
    steps: int | None = option(None, help="optimizer steps (overrides epochs)")
    batch: int = option(8, help="examples an optimizer step")
    turns: Literal["all", "last", "every"] = option(
        "all", help="demonstrations: all assistant turns, the last one, or every token of everyone"
    )
    max_unusable: float = option(
        0.01, help="largest share of unusable rows (empty or equal answers, no shared prompt)"
    )
    teacher: str = option("", help="distill: the model whose distribution is matched (MODEL)")
    teacher_top: int = option(64, help="distill: its likeliest tokens kept (0: whole vocabulary)")
    eval: Eval = field(default_factory=Eval)
    checkpointing: bool = runtime(False, help="gradient checkpointing: less memory, slower")
    save_every: int = runtime(0, help="steps between checkpoints (0: by time)")


@dataclass(frozen=True)
class Pretrain(Train):
    """Settings of `train pretrain`: every token of every text is trained. A `batch` of packs, each
    as long as the context, is an optimizer step; without `lr` it follows from the size of the model
    (stages.pretrain.default_lr)."""

    batch: int = option(32, help="packs of texts (each about length.max tokens) an optimizer step")
    warmup: float = option(0.02, help="share of the steps that warm up")
    decay: Literal["cosine", "linear", "constant", "wsd"] = option(
        "wsd", help="shape of the learning rate after warm-up; wsd: stable, then down a fifth"
    )
    weight_decay: float = option(0.1, help="AdamW's decoupled decay of matrices")
    betas: tuple[float, float] = option((0.9, 0.95), help="AdamW's moment decays")
    turns: Literal["every"] = option("every", help="every token is trained")
    tokenizer: str = option(
        "auto", help="train (from the texts), keep (the model's) or a folder; auto: keep or train"
    )
    vocabulary: int = option(4096, help="entries of a trained tokenizer")
    tokenizer_characters: int = option(
        50_000_000, help="text that a tokenizer is trained on, the first of each file"
    )
    eval_characters: int = option(1_000_000, help="largest held-out text, in characters")
    measure_before: bool = option(True, help="a given model is also measured before training")
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True)
class Pretraining:
    """Pretraining as a stage of a recipe. Without the input `model` a new one is made."""

    adapter: str = option("full", help="lora, full or last:N")
    merge: bool = option(True, help="write whole weights instead of an adapter")
    train: Pretrain = field(default_factory=Pretrain)


@dataclass(frozen=True)
class Training:
    """A training stage of a recipe: `values` overlay the objective's own settings.

    Unlike the command it merges by default: an artifact of the store stands alone.
    """

    objective: str = option("sft", help="a name of `train --list`")
    adapter: str = option("lora", help="lora, full or last:N")
    merge: bool = option(True, help="write whole weights instead of an adapter")
    values: dict[str, Any] = option(factory=dict, help="the objective's own settings")
    train: Train = field(default_factory=Train)


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn."""

    n: int = option(1, help="answers a prompt")

    max_new: int = option(128, help="longest answer in tokens")
    temperature: float = option(1.0, help="0 is greedy")
    top_p: float = option(1.0, help="smallest set of tokens with this mass (1: all)")
    top_k: int = option(0, help="that many likeliest tokens (0: all)")
    min_p: float = option(0.0, help="tokens with this share of the likeliest one's probability")
    min_new: int = option(0, help="shortest answer in tokens")
    stop: tuple[str, ...] = option((), help="strings that end an answer, which is cut there")
    seed: int = option(0, help="another seed, other answers")
    template: str = option("auto", help="auto: the model's chat template, else plain; or text")
    template_options: dict[str, Any] = option(
        factory=dict, help='values for a chat template, say {"enable_thinking": false}'
    )
    precision: Literal["auto", "fp32", "bf16"] = option("auto", help="as in training")

    def generation(self) -> Generation:
        return Generation(
            self.n, self.max_new, self.temperature, self.top_p, self.seed,
            self.top_k, self.min_p, self.min_new, self.stop,
        )  # fmt: skip


@dataclass(frozen=True)
class Picking(Sampling):
    """Best of n: a reward picks each answer among several draws."""

    of: int = option(4, help="draws for each answer")
    key: str = runtime("", help="a judge's address: the environment variable with its key")
    limits: Limits = runtime(factory=Limits, help="how much a judge's address is asked")


@dataclass(frozen=True)
class Evaluation(Sampling):
    """Sampling is greedy by default, so that a number can be had again."""

    temperature: float = option(0.0, help="0 is greedy")
    items: int = option(200, help="prompts of a task that draws its own (gold)")
