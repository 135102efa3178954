"""The stage that imprints the manifesto and writes whole weights with its layer at a strength.

The layer is fitted as `plumbline imprint` fits it on a model of this world (`stages.imprint`), then
multiplied and merged, so that an artifact of the store stands alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plumbline.core.settings import option
from plumbline.recipe.phenomena.upheld import MANIFESTO
from plumbline.store import Context, stage

Layer = Literal["compile", "polish"]


@dataclass(frozen=True)
class Imprinting:
    """How a layer is fitted, and what it is multiplied by."""

    mode: Layer = option("compile", help="closed form, or then some steps")
    strength: float = option(1.0, help="1: as fitted")
    probes: int = option(160, help="questions that the model answers under the manifesto")
    seed: int = option(0, help="questions and answers")


def imprint(ctx: Context, settings: Imprinting, inputs: Mapping[str, Path]) -> None:
    """The base's weights with the layer merged in; results.json is the fit's."""
    from plumbline.microcosm.probing import known
    from plumbline.models.load import load_model
    from plumbline.models.save import save_policy
    from plumbline.stages.imprint import making
    from plumbline.stages.imprint.measuring import scale
    from plumbline.stages.imprint.settings import Imprint, ImprintJob
    from plumbline.stages.steps import ticks

    s, base, layer = settings, inputs["model"], ctx.scratch / "layer"
    layer.mkdir(exist_ok=True)
    how = Imprint(mode=s.mode, probes=s.probes, seed=s.seed, test=0)
    job = ImprintJob(base, MANIFESTO, how, known(base))
    making.run(job, layer, ctx.scratch, ctx.say, lambda phase: ticks(ctx, phase))
    policy = load_model(layer, adapter="none", precision="fp32")
    scale(policy, s.strength)
    save_policy(policy, ctx.out, base, merge=True)
    shutil.copyfile(layer / "results.json", ctx.out / "results.json")


imprinted = stage(
    "phenomena.imprinted",
    version=2,
    settings=Imprinting,
    inputs={"model": "model"},
    makes="model",
    function="plumbline.recipe.phenomena.imprinted:imprint",
)
