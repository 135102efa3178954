"""Does an ability appear suddenly, or only its metric? (Wei et al. 2022, arXiv:2206.07682, against
Schaeffer et al. 2023, arXiv:2304.15004.)

The models of `scaling` and the base answer the same questions. Exact match asks for every token at
once; the log-probability of the same right answers asks for each. If only the metric is sudden, the
second has come most of its way while the first still stands at nothing:

    low      models whose exact match is at most `LOW`
    rise     logp of the best low model less that of the one with least compute, nats a token
    share    rise / (logp of the best of all models less that of the one with least compute)
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plumbline.core.stats import Interval, bootstrap
from plumbline.evals.charts import Panel, Series, chart
from plumbline.evals.figures import Figure
from plumbline.evals.folders import Row
from plumbline.recipe.phenomena import arms, findings, scaling
from plumbline.recipe.phenomena.answerkeys import KEYS
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.scored import Keys, scored
from plumbline.store import Context, Handle

NAME, LOW = "emergence", 0.05
TITLES = {"sums": "sums in steps", "reading": "reading", "facts": "facts"}


@dataclass(frozen=True)
class Model:
    """One model: operations of its training (6 N D), and its answers."""

    name: str
    compute: float
    answers: Sequence[Row]

    def column(self, axis: str) -> dict[str, float]:
        """A number an item."""
        return {row.group: row.scores[axis] for row in self.answers if axis in row.scores}

    def mean(self, axis: str) -> float:
        return float(np.mean(list(self.column(axis).values())))


finding = findings.declared(NAME)


def planned(settings: Keys, grid: scaling.Grid, base: Handle, record: Handle | None) -> Handle:
    """Every model of the grid, and the base, with its scores.

    `record`: what says how many tokens the base has read, as its folder in the store does not.
    """
    found: dict[str, Handle] = {} if record is None else {"base:record": record}
    for name, model in {**scaling.runs(grid), "base": base}.items():
        found[f"{name}:model"] = model
        found[f"{name}:scores"] = scored(settings, model=model, label=f"{NAME}-{name}")
    return finding(label=NAME, **found)


def find(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Both scores by compute, and how far the one had come while the other stood at nothing."""
    names = [role.removesuffix(":model") for role in inputs if role.endswith(":model")]
    models = [_model(name, inputs) for name in names]
    models.sort(key=lambda model: model.compute)
    metrics: dict[str, Interval] = {}
    for ability in KEYS:
        metrics |= {f"{ability}.{name}": i for name, i in risen(models, ability).items()}
    unknown = [m.name for m in models if not math.isfinite(m.compute)]
    how = (
        f"{len(models)} models: those of the scaling law and the base.",
        *(f"Tokens of {name} are not recorded, so it stands last." for name in unknown),
    )
    own = {role: path for role, path in inputs.items() if role.endswith(":scores")}
    findings.write(ctx, NAME, Finding(metrics, figure(models), how), own)


def _model(name: str, inputs: Mapping[str, Path]) -> Model:
    folder = inputs[f"{name}:model"]
    told = (inputs.get(f"{name}:record"), folder / "results.json", folder / "record.json")
    return Model(name, compute(told), arms.rows(inputs[f"{name}:scores"]))


def compute(told: Sequence[Path | None]) -> float:
    """6 N D from the first file that says what a model is and has read; else infinite."""
    for path in told:
        if path is not None and path.is_file():
            facts = json.loads(path.read_text("utf-8"))
            if facts.get("parameters") and facts.get("tokens"):
                return 6.0 * float(facts["parameters"]) * float(facts["tokens"])
    return math.inf


def risen(models: Sequence[Model], ability: str) -> dict[str, Interval]:
    """`rise`, `share` and the best exact match; models stand in the order of their compute."""
    exact, logp = f"{ability}.exact", f"{ability}.logp"
    first = models[0]
    low = [model for model in models if model.mean(exact) <= LOW]
    best = max(models, key=lambda model: model.mean(exact))
    found = {"best": arms.share(best.answers, exact)}
    if first not in low or len(low) < 2:
        return found
    nearly = max(low, key=lambda model: model.mean(logp))
    top = max(models, key=lambda model: model.mean(logp))
    items = list(first.column(logp))
    topics = {row.group: row.cluster for row in first.answers}
    a, b, c = (np.array([m.column(logp)[i] for i in items]) for m in (first, nearly, top))
    clusters = [topics[item] for item in items]
    found["rise"] = bootstrap(lambda x, y: float((y - x).mean()), a, b, clusters=clusters)
    if top not in low:  # else nothing has emerged, and there is no whole to have a share of
        found["share"] = bootstrap(
            lambda x, y, z: float((y - x).sum() / (z - x).sum()), a, b, c, clusters=clusters
        )
    return found


def figure(models: Sequence[Model]) -> Figure:
    """Exact match above, log-probability below, by compute."""
    finite = [m.compute for m in models if math.isfinite(m.compute)] or [1.0]
    x = tuple(m.compute if math.isfinite(m.compute) else 2 * max(finite) for m in models)
    above, below = (
        tuple(
            Series(
                title,
                tuple(beside * at for at in x),  # so that points do not hide each other
                tuple(fold(m.answers, f"{name}.{axis}") for m in models),
                i,
                "points",
            )
            for i, ((name, title), beside) in enumerate(
                zip(TITLES.items(), (0.94, 1.0, 1.06), strict=True), start=1
            )
        )
        for axis, fold in (("exact", arms.share), ("logp", arms.mean))
    )
    caption = "The same questions by two metrics, by the operations of training; last the base"
    panels = (Panel(above, "exact match"), Panel(below, "log-probability a token"))
    return chart(panels, "operations of training (6 N D)", caption, log_x=True)
