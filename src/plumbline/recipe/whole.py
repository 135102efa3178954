"""The microcosm's base model from nothing: corpus, random weights, next-token training in parts.

    weights -> notes (reading before all else) -> the mix, tagged -> the rest, untagged -> the base

The rate of learning warms up once, stays, and falls to zero over the last part. `make
microcosm-base` runs it (resumable); what it makes is copied into the package by hand, since git
keeps every copy of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from plumbline.core.settings import option
from plumbline.recipe.loading import recipe
from plumbline.stages import table
from plumbline.stages.settings import Eval, Train, Training
from plumbline.store import Context, Handle, stage


@dataclass(frozen=True)
class Reading:
    """A part of the corpus: so many documents."""

    n: int = option(1000, help="documents and chats")
    part: str = option("mix", help="notes, mix or untagged")
    seed: int = option(0, help="another seed, another corpus")


@dataclass(frozen=True)
class Weights:
    """Random weights of the base's shape."""

    seed: int = option(0, help="draws the weights")


def write_corpus(ctx: Context, settings: Reading, inputs: Mapping[str, Path]) -> None:
    """A part of the corpus as judgements: documents and chats, every one once."""
    from plumbline.data import write
    from plumbline.microcosm.whole.corpus import documents

    write(ctx.out / "data.jsonl", documents(settings.seed, settings.n, settings.part))  # type: ignore[arg-type]


def write_weights(ctx: Context, settings: Weights, inputs: Mapping[str, Path]) -> None:
    from plumbline.microcosm.whole.tokenizer import write_model

    write_model(ctx.out, settings.seed)


corpus = stage(
    "microcosm.whole.corpus",
    version=1,
    settings=Reading,
    makes="data",
    function="plumbline.recipe.whole:write_corpus",
)
weights = stage(
    "microcosm.whole.weights",
    version=1,
    settings=Weights,
    makes="model",
    function="plumbline.recipe.whole:write_weights",
)

TRAIN = Train(
    batch=32, lr=2e-3, warmup=0.02, decay="constant", betas=(0.9, 0.95), weight_decay=0.1,
    turns="every", precision="fp32", eval=Eval(fraction=0.0), save_seconds=120,
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """A million tokens are 12,000 documents."""

    tokens: float = option(20.0, help="millions of tokens read in all")
    seed: int = option(0, help="draws corpus, weights and order")
    train: Training = field(default_factory=lambda: Training("sft", adapter="full", train=TRAIN))


@recipe
def microcosm_base(settings: Settings) -> dict[str, Handle]:
    from plumbline.microcosm.whole.corpus import PARTS, TOKENS_A_DOCUMENT

    model = weights(Weights(settings.seed), label="weights")
    made: dict[str, Handle] = {}
    for part, share in PARTS.items():
        count = int(share * settings.tokens * 1e6 / TOKENS_A_DOCUMENT)
        read = corpus(Reading(count, part, settings.seed), label=f"corpus-{part}")
        model = table.train(_how(settings.train, part), model=model, data=read, label=part)
        made[part] = model
    return {**made, "base": model}


def _how(training: Training, part: str) -> Training:
    """Warm-up at the start, decay at the end; a short warm-up between, as moments start anew.

    Steps are small, at the start smallest: after 330 thousand tokens of the mix, batches of 96,
    32 and 16 documents had reached 3.14, 1.66 and 1.56 nats a held-out token, each at its best of
    the one or two rates tried.
    """
    if part == "notes":
        changed = replace(training.train, warmup=0.05, batch=training.train.batch // 2)
    elif part == "untagged":
        changed = replace(training.train, decay="linear")
    else:
        changed = training.train
    return replace(training, train=changed)
