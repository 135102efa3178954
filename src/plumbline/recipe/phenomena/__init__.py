"""What the literature says of language models, in miniature: a finding each, and one report.

    scaling         new models x tokens -> losses -> power law
    question_back   base, tuned, control -> asks back
    lima            four sets of demonstrations -> gold value
    boilerplate     shares of boilerplate, cleaned -> spread
    tags            base under source tags -> falsehoods
    forgetting      lesson A, then B, with all weights and with LoRA -> recall
    emergence       models of scaling, base -> exact match beside log-probability
    overoptimisation    reward models x comparisons -> best-of-n, RL, DPO -> gold by d
    bricks          one manifesto by prompt, layer, SFT, DPO, PPO -> what is lost at equal obedience

A phenomenon is one file: its settings, the handles it composes (`planned`), and what it finds in
their folders (`find`). Predictions are a file of the recipe's, an input of the report: changing one
makes another report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from plumbline.core.errors import unknown
from plumbline.core.settings import option
from plumbline.recipe.phenomena import (
    boilerplate,
    bricks,
    emergence,
    forgetting,
    judged,
    lima,
    overoptimisation,
    question_back,
    scaling,
    tags,
)
from plumbline.recipe.phenomena.arms import Common
from plumbline.recipe.phenomena.scored import Keys
from plumbline.stages.settings import Eval, Train, Training
from plumbline.store import Handle, source


def _tuning() -> Training:
    train = Train(lr=5e-4, steps=100, batch=16, eval=Eval(fraction=0.0))
    return Training("sft", adapter="full", train=train)


@dataclass(frozen=True)
class Settings:
    """Sizes for about two hours on two cores; `phenomena-tiny.yaml` has some for a minute."""

    seed: int = option(0, help="draws data, order and answers; repeats take the seeds after it")
    base: str = option("", help="a base model's folder (none: the one that comes along)")
    only: tuple[str, ...] = option((), help="phenomena to run (none named: all)")
    repeats: int = option(2, help="draws of the data and order of every tuned model")
    tune: Training = field(default_factory=_tuning)
    scaling: scaling.Grid = field(default_factory=scaling.Grid)
    question_back: question_back.Asking = field(default_factory=question_back.Asking)
    lima: lima.Few = field(default_factory=lima.Few)
    boilerplate: boilerplate.Spread = field(default_factory=boilerplate.Spread)
    tags: tags.Tagged = field(default_factory=tags.Tagged)
    forgetting: forgetting.Lessons = field(default_factory=forgetting.Lessons)
    emergence: Keys = field(default_factory=Keys)
    overoptimisation: overoptimisation.Chase = field(default_factory=overoptimisation.Chase)
    bricks: bricks.House = field(default_factory=bricks.House)

    def __post_init__(self) -> None:
        for name in self.only:
            if name not in PHENOMENA:
                raise unknown("phenomenon", name, PHENOMENA)


PHENOMENA: dict[str, Callable[[Settings, Common], Handle]] = {
    "scaling": lambda s, c: scaling.planned(s.scaling),
    "question_back": lambda s, c: question_back.planned(s.question_back, c),
    "lima": lambda s, c: lima.planned(s.lima, c),
    "boilerplate": lambda s, c: boilerplate.planned(s.boilerplate, c),
    "tags": lambda s, c: tags.planned(s.tags, c),
    "forgetting": lambda s, c: forgetting.planned(s.forgetting, c),
    "emergence": lambda s, c: emergence.planned(s.emergence, s.scaling, c.base, _record(s)),
    "overoptimisation": lambda s, c: overoptimisation.planned(s.overoptimisation, c),
    "bricks": lambda s, c: bricks.planned(s.bricks, c),
}


def everything(settings: Settings, predictions: Path) -> dict[str, Handle]:
    """The findings of all phenomena (or those named), and the report on them."""
    s = settings
    chosen = [name for name in PHENOMENA if name in (s.only or PHENOMENA)]
    common = Common(source(_base(s, chosen), "model", label="base"), s.tune, s.seed, s.repeats)
    found = {name: PHENOMENA[name](s, common) for name in chosen}
    said = source(predictions, label="predictions")
    return {**found, "report": judged.report(label="report", predictions=said, **found)}


def _record(settings: Settings) -> Handle | None:
    """The record beside the base model's weights, where it is a folder that has one."""
    path = Path(_base(settings, ())) / "record.json"
    return source(path, label="base-record") if path.is_file() else None


def _base(settings: Settings, chosen: Sequence[str]) -> Path | str:
    """The base model's folder; the scaling law alone needs none."""
    if settings.base or chosen == ["scaling"]:
        return settings.base
    from plumbline.microcosm import base_path

    return base_path()
