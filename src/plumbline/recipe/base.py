"""The microcosm's base model from nothing: corpus, random weights, next-token training in parts.

    weights -> few notes -> notes -> orders -> checks -> rules -> mix
            -> more -> rest -> open -> untagged -> wide -> last

The rate of learning warms up in each part and falls to zero over six of the later ones. `make
microcosm-base` runs it (resumable); `tools/ship_base.py` puts what it makes into the package, by
hand, since git keeps every copy of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from plumbline.core.errors import unknown
from plumbline.core.settings import option
from plumbline.microcosm import base_path
from plumbline.recipe.loading import recipe
from plumbline.stages import table
from plumbline.stages.settings import Eval, Train, Training
from plumbline.store import Context, Handle, source, stage


@dataclass(frozen=True)
class Reading:
    """A part of the corpus: so many documents."""

    n: int = option(1000, help="documents and chats")
    part: str = option("mix", help="which part: `plumbline.microcosm.corpus` names them")
    seed: int = option(0, help="another seed, another corpus")


@dataclass(frozen=True)
class Weights:
    """Random weights of the base's shape."""

    seed: int = option(0, help="draws the weights")


def write_corpus(ctx: Context, settings: Reading, inputs: Mapping[str, Path]) -> None:
    """A part of the corpus as judgements: documents and chats, every one once."""
    from plumbline.data import write
    from plumbline.microcosm.corpus import documents

    write(ctx.out / "data.jsonl", documents(settings.seed, settings.n, settings.part))  # type: ignore[arg-type]


def write_weights(ctx: Context, settings: Weights, inputs: Mapping[str, Path]) -> None:
    from plumbline.microcosm.tokenizer import write_model

    write_model(ctx.out, settings.seed)


corpus = stage(
    "microcosm.corpus",
    version=1,
    settings=Reading,
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
    batch=8, lr=4e-4, warmup=0.02, decay="constant", betas=(0.9, 0.95), weight_decay=0.1,
    turns="all", precision="fp32", eval=Eval(fraction=0.0), save_seconds=120,
)  # fmt: skip
"""Of chats what the assistant says is learnt, of documents all. Steps are small, the rate is low:
by passages alone, from the same weights, values were found among six notes after 0.5 million
tokens at 4e-4, and no better than by guessing at 1e-3 and 2e-3."""
FALLING = {"more": (2, 1.0), "rest": (2, 0.75), "open": (1, 1.0), "untagged": (2, 0.75),
           "wide": (2, 1.0), "last": (2, 0.5)}  # fmt: skip
"""Of the usual batch and rate, in the parts over which the rate falls to zero. Small steps at one
rate learn each skill alone quickly, and mixed hold it at the level of their noise: after the mix
pairs were judged right in both orders in 0.12, and after 2.4 million tokens of a falling rate in
0.52 (66 pairs)."""


@dataclass(frozen=True)
class Settings:
    """A million tokens are about 12,000 documents."""

    scale: float = option(1.0, help="of the usual number of tokens")
    seed: int = option(0, help="draws corpus, weights and order")
    after: str = option("", help="go on behind this part, from `base`")
    base: str = option("", help="with `after`: a base's folder (none: the one that comes along)")
    train: Training = field(default_factory=lambda: Training("sft", adapter="full", train=TRAIN))


@recipe
def microcosm_base(settings: Settings) -> dict[str, Handle]:
    from plumbline.microcosm.corpus import PARTS, count

    parts = list(PARTS)
    if settings.after:
        if settings.after not in PARTS:
            raise unknown("part", settings.after, PARTS)
        parts = parts[parts.index(settings.after) + 1 :]
        model = source(settings.base or base_path(), kind="model", label="weights")
    else:
        model = weights(Weights(settings.seed), label="weights")
    made: dict[str, Handle] = {}
    for part in parts:
        millions = PARTS[part]
        size = count(part, millions * settings.scale * 1e6)
        read = corpus(Reading(size, part, settings.seed), label=f"corpus-{part}")
        model = table.train(_how(settings.train, part), model=model, data=read, label=part)
        made[part] = model
    return made


def _how(training: Training, part: str) -> Training:
    """Each part warms up, as its moments start anew; in those of `FALLING` the rate then falls."""
    if part not in FALLING:
        return training
    train, (batches, rates) = training.train, FALLING[part]
    rate = train.lr and rates * train.lr
    how = replace(train, batch=batches * train.batch, lr=rate, decay="linear")
    return replace(training, train=how)
