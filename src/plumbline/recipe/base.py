"""The microcosm's base model from nothing: corpus, random weights, next-token training.

    corpus (generated)  ┐
    seeded weights      ┴->  train sft on every token, one epoch  ->  the base

`make microcosm-base` runs it (resumable; about an hour on two cores); what it makes is copied into
the package by hand, since git keeps every copy of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plumbline.core.settings import option
from plumbline.recipe.loading import recipe
from plumbline.recipe.world import Draw
from plumbline.stages import table
from plumbline.stages.settings import Eval, Train, Training
from plumbline.store import Context, Handle, stage


@dataclass(frozen=True)
class Weights:
    """Random weights of the base's shape."""

    seed: int = option(0, help="draws the weights")


def write_corpus(ctx: Context, settings: Draw, inputs: Mapping[str, Path]) -> None:
    """The wild corpus as judgements: documents and chats, every one once."""
    from plumbline.data import write
    from plumbline.microcosm.corpus import documents

    write(ctx.out / "data.jsonl", documents(settings.seed, settings.n))


def write_weights(ctx: Context, settings: Weights, inputs: Mapping[str, Path]) -> None:
    from plumbline.microcosm.tokenizer import write_model

    write_model(ctx.out, settings.seed)


corpus = stage(
    "microcosm.corpus",
    version=1,
    settings=Draw,
    makes="data",
    function="plumbline.recipe.base:write_corpus",
)
weights = stage(
    "microcosm.weights",
    version=1,
    settings=Weights,
    makes="model",
    function="plumbline.recipe.base:write_weights",
)

TRAIN = Train(
    batch=64, lr=3e-3, warmup=0.02, decay="wsd", betas=(0.9, 0.95), weight_decay=0.1,
    turns="every", precision="fp32", eval=Eval(fraction=0.0),
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """150,000 documents are 6.5 M tokens."""

    documents: int = option(150_000, help="documents and chats of the corpus")
    seed: int = option(0, help="draws corpus, weights and order")
    train: Training = field(default_factory=lambda: Training("sft", adapter="full", train=TRAIN))


@recipe
def microcosm_base(settings: Settings) -> dict[str, Handle]:
    read = corpus(Draw(settings.documents, settings.seed), label="corpus")
    start = weights(Weights(settings.seed), label="weights")
    return {"base": table.train(settings.train, model=start, data=read, label="base")}
