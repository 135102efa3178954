"""More data and more parameters lower the loss along a power law (Kaplan et al. 2020,
arXiv:2001.08361; Hoffmann et al. 2022, arXiv:2203.15556, approach 3).

New models of several widths, each on several numbers of tokens of the base's corpus (drawn by
another seed), every one to the end of its own schedule, all with the base's tokenizer and measured
on the same documents, which none of them trained on. `stages.scaling` fits

    L(N, D) = E + A / N^alpha + B / D^beta

to them. `plumbline plan-compute --fit` reads the same runs: `runs.csv` lies beside the finding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.core.atomic import write_text
from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.core.stats import Interval
from plumbline.evals.charts import Panel, Series, chart, short
from plumbline.evals.figures import Figure
from plumbline.models.size import Shape
from plumbline.recipe import base
from plumbline.recipe.phenomena import findings
from plumbline.recipe.phenomena.findings import Finding
from plumbline.stages import table
from plumbline.stages.settings import Eval, Pretrain, Pretraining
from plumbline.store import Context, Handle, source

if TYPE_CHECKING:
    from plumbline.stages.compute import Law
    from plumbline.stages.scaling import Fitted, Point

NAME = "scaling"
LAYER = 24
"""Width a layer, two layers at least: 64 has three, 96 four."""
RATE = 0.03
"""Peak learning rate times the root of the width: 0.0075 at 16, 0.0031 at 96."""


def _pretrain() -> Pretrain:
    return Pretrain(
        batch=4, warmup=0.05, precision="fp32", eval=Eval(fraction=0.1, most=400),
        shape=Shape(kind="llama", context=256),
    )  # fmt: skip


@dataclass(frozen=True)
class Grid:
    """The models: each width on each number of tokens."""

    widths: tuple[int, ...] = option((16, 32, 64, 96), help="widths of the models")
    tokens: tuple[float, ...] = option((0.3, 0.8, 2.0, 4.5), help="millions of tokens each reads")
    seed: int = option(11, help="draws corpus, weights and order; not the base's own seed")
    tokenizer: str = option("", help="a model's folder (none: the microcosm's own tokenizer)")
    train: Pretrain = field(default_factory=_pretrain)


def runs(grid: Grid) -> dict[str, Handle]:
    """The models by name ("w24-0.25M"); the same corpus and tokenizer for all."""
    from plumbline.microcosm.corpus import count

    # A tenth is held out; a little more than is needed, so that nobody reads a text twice.
    size = count("mix", 1.2 * max(grid.tokens) * 1e6)
    read = base.corpus(base.Reading(size, "mix", grid.seed), label="scaling-corpus")
    words = base.weights(base.Weights(0), label="tokenizer")
    if grid.tokenizer:
        words = source(grid.tokenizer, kind="model", label="tokenizer")
    return {
        f"w{width}-{tokens:g}M": table.pretrain(
            how(grid, width, tokens), data=read, tokenizer=words,
            label=f"scaling-w{width}-{tokens:g}M",
        )
        for width in grid.widths
        for tokens in grid.tokens
    }  # fmt: skip


def how(grid: Grid, width: int, tokens: float) -> Pretraining:
    """The training of one model of the grid."""
    s = grid.train
    steps = max(1, round(tokens * 1e6 / (s.batch * s.shape.context)))
    shape = replace(s.shape, width=width, layers=max(2, round(width / LAYER)))
    rate = float(f"{RATE / math.sqrt(width):.2g}") if s.lr is None else s.lr
    return Pretraining(train=replace(s, shape=shape, steps=steps, lr=rate, seed=grid.seed))


finding = findings.declared(NAME)


def planned(grid: Grid) -> Handle:
    """The finding over all the models."""
    return finding(label=NAME, **runs(grid))


def find(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Fit the runs, or say why they cannot be fitted."""
    from plumbline.stages.runs import points
    from plumbline.stages.scaling import fit

    told = points(list(inputs.values()))
    write_text(ctx.out / "runs.csv", table_of(told))
    try:
        fitted, why = fit(told), ""
    except UserError as error:
        fitted, why = None, f"No fit: {error.what}."
    findings.write(ctx, NAME, found(told, fitted, why), inputs)


def table_of(told: Sequence[Point]) -> str:
    """The runs as the planner reads them."""
    lines = [f"{p.params:.0f},{p.tokens:.0f},{p.loss:.6f}" for p in told]
    return "\n".join(["params,tokens,loss", *lines]) + "\n"


def found(told: Sequence[Point], fitted: Fitted | None, why: str = "") -> Finding:
    """Constants with intervals, and the curve."""
    sizes, tokens = ([getattr(p, name) for p in told] for name in ("params", "tokens"))
    grid = (
        f"{len(told)} models of {short(min(sizes))} to {short(max(sizes))} parameters (embeddings "
        f"included), each on {short(min(tokens))} to {short(max(tokens))} tokens."
    )
    if fitted is None:
        return Finding({}, figure(told, None), (grid, why))
    off = f"The runs are off the fitted law by {fitted.off:.1%} of the loss (root mean square)."
    return Finding(dict(fitted.intervals), figure(told, fitted), (grid, off))


def figure(told: Sequence[Point], fitted: Fitted | None) -> Figure:
    """Loss against tokens, a colour a size: runs as points, the law as a line with its band."""
    series = []
    for index, size in enumerate(sorted({p.params for p in told}), start=1):
        mine = sorted((p for p in told if p.params == size), key=lambda p: p.tokens)
        dots = tuple(Interval(p.loss, math.nan, math.nan, 1) for p in mine)
        name, x = f"{short(size)} parameters", tuple(p.tokens for p in mine)
        if fitted and len(mine) > 1:
            grid = _between(x[0], x[-1])
            series.append(Series("", grid, _line(fitted, size, grid), index, "line"))
        series.append(Series(name, x, dots, index, "points"))
    panel = Panel(tuple(series), "held-out nats a token", log=True)
    caption = "Held-out loss by tokens read: runs (dots), the fitted law (lines) and its 95 % band"
    return chart((panel,), "tokens read", caption, log_x=True)


def _between(low: float, high: float, count: int = 25) -> tuple[float, ...]:
    return tuple(low * (high / low) ** (i / (count - 1)) for i in range(count))


def _line(fitted: Fitted, size: float, grid: Sequence[float]) -> tuple[Interval, ...]:
    return tuple(fitted.interval(partial(_loss, size, tokens)) for tokens in grid)


def _loss(size: float, tokens: float, law: Law) -> float:
    return law.loss(size, tokens)
