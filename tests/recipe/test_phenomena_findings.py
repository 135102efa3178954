"""What a finding says of given answers and runs, without training anything."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plumbline.core.stats import Interval
from plumbline.evals.figures import Figure
from plumbline.evals.folders import Row
from plumbline.microcosm import base_path
from plumbline.recipe import phenomena
from plumbline.recipe.phenomena import (
    PHENOMENA,
    arms,
    emergence,
    findings,
    forgetting,
    scaling,
    sources,
    tags,
)
from plumbline.recipe.phenomena.findings import Finding
from plumbline.recipe.phenomena.predictions import read_predictions
from plumbline.stages.compute import Law
from plumbline.stages.runs import points
from plumbline.stages.scaling import Point, fit
from plumbline.store import Context

ROOT = Path(__file__).resolve().parents[2]
LAW = Law("planted", "", 1.1, 40.0, 200.0, 0.3, 0.4)


def row(group: str, scores: Mapping[str, float], text: str = "", cluster: str = "") -> Row:
    return Row((("user", group),), text, scores, group=group, cluster=cluster or group)


def rows(axis: str, values: Sequence[float]) -> list[Row]:
    return [row(f"q{i}", {axis: value}) for i, value in enumerate(values)]


def test_arms_are_paired_by_prompt_over_repeats() -> None:
    """Prompts differ by far more than arms do, and repeats of an arm count together."""
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 5, 200)
    first = [*rows("gold", hard + 1.0), *rows("gold", hard + 3.0)]
    made = arms.change(first, rows("gold", hard + 1.5), "gold")
    assert made.value == pytest.approx(0.5) and made.n == 200
    assert made.high - made.low < 1e-6, "what the prompts share cancels"
    assert not arms.mean(first, "gold").known or arms.mean(first, "gold").high > 0.5


def test_roles_are_grouped_into_arms(tmp_path: Path) -> None:
    for name, value in (("few-0", 1.0), ("few-1", 0.0), ("many-0", 1.0)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "results.json").write_text(json.dumps({"label": name, "metrics": {}}))
        line = {"prompt": "p", "response": "r", "scores": {"rate": value}, "model": name}
        (folder / "samples.jsonl").write_text(json.dumps(line) + "\n")
    inputs = {"few.0": tmp_path / "few-0", "few.1": tmp_path / "few-1"}
    inputs |= {"few.0.model": tmp_path, "many.0": tmp_path / "many-0"}
    found = arms.grouped(inputs)
    assert {arm: len(answers) for arm, answers in found.items()} == {"few": 2, "many": 1}
    assert arms.share(found["few"], "rate").value == 0.5


def test_a_finding_is_read_as_it_was_written(tmp_path: Path) -> None:
    metrics = {"a": Interval(0.5, 0.4, 0.6, 10), "b": Interval(1.0, math.nan, math.nan, 1)}
    made = Finding(metrics, Figure("<svg/>", "alt", "c"), ("how",), (("asked", "who", "said"),))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "results.json").write_text(json.dumps({"seconds": {"train": 2.0}}))
    findings.write(Context(tmp_path), "name", made, {"x": tmp_path / "in", "y": tmp_path / "in"})
    again = findings.read(tmp_path)
    assert again.metrics["a"] == metrics["a"] and math.isnan(again.metrics["b"].low)
    assert (again.figure, again.how, again.answers) == (made.figure, made.how, made.answers)
    assert again.seconds == {"train": 2.0}, "one folder in two roles counts once"


def grid() -> list[Point]:
    rng = np.random.default_rng(3)
    return [
        Point(n, d, LAW.loss(n, d) * math.exp(0.002 * rng.standard_normal()))
        for n in (6e4, 1.3e5, 2.6e5, 6.2e5)
        for d in (2.5e5, 6e5, 1.4e6, 3.2e6)
    ]


def test_scaling_finds_a_planted_law_and_draws_it() -> None:
    told = grid()
    made = scaling.found(told, fit(told, draws=100))
    assert made.metrics["alpha"].low < 0.3 < made.metrics["alpha"].high
    assert made.metrics["beta"].low < 0.4 < made.metrics["beta"].high
    assert made.metrics["alpha"].n == 16
    assert made.figure and "620 k parameters" in made.figure.alt
    assert made.figure.svg.count("var(--m4)") > 0, "four sizes, four colours"


def test_the_planner_reads_the_runs_of_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text(scaling.table_of(grid()))
    again = points([tmp_path / "runs.csv"])
    assert [(p.params, p.tokens) for p in again] == [(p.params, p.tokens) for p in grid()]
    assert [p.loss for p in again] == pytest.approx([p.loss for p in grid()], abs=1e-6)


def test_runs_that_cannot_be_fitted_are_no_finding(tmp_path: Path) -> None:
    few = grid()[:4]
    made = scaling.found(few, None, "No fit: too few.")
    assert made.metrics == {} and "No fit: too few." in made.how
    assert made.figure is not None


def test_the_grid_has_its_tokens_and_its_shapes() -> None:
    plans = scaling.runs(scaling.Grid())
    assert len(plans) == 16
    for name, handle in plans.items():
        s = handle.settings.train
        width, tokens = name.removeprefix("w").removesuffix("M").split("-")
        assert s.shape.width == int(width)
        assert s.steps * s.batch * s.shape.context == pytest.approx(1e6 * float(tokens), rel=0.01)
    held = {h.settings.train.eval for h in plans.values()}
    assert len(held) == 1, "all are measured on the same documents"


def model(name: str, compute: float, exact: float, logp: float, n: int = 60) -> emergence.Model:
    hits = round(exact * n)
    answers = [
        row(f"q{i}", {"sums.exact": float(i < hits), "sums.logp": logp + 0.01 * (i % 5)})
        for i in range(n)
    ]
    return emergence.Model(name, compute, answers)


def test_a_metric_that_is_sudden_and_an_ability_that_is_not() -> None:
    """Log-probability comes three quarters of its way while exact match is still nothing."""
    grown = [model("a", 1, 0, -4.0), model("b", 2, 0, -2.0), model("c", 3, 0.02, -1.0)]
    found = emergence.risen([*grown, model("d", 4, 0.9, 0.0)], "sums")
    assert found["rise"].value == pytest.approx(3.0) and found["rise"].low > 2.9
    assert found["share"].value == pytest.approx(0.75) and found["share"].n == 60
    assert found["best"].value == pytest.approx(0.9)


def test_an_ability_that_is_sudden_itself() -> None:
    flat = [model("a", 1, 0, -4.0), model("b", 2, 0, -3.9), model("c", 3, 0, -3.9)]
    found = emergence.risen([*flat, model("d", 4, 0.9, 0.0)], "sums")
    assert found["share"].high < 0.1 and found["rise"].high < 0.2


def test_the_claims_on_them_are_on_numbers_that_these_give() -> None:
    told = grid()
    law = set(scaling.found(told, fit(told, draws=20)).metrics)
    grown = [model("a", 1, 0, -4.0), model("b", 2, 0, -2.0), model("d", 4, 0.9, 0.0)]
    risen = {
        f"{ability}.{name}"
        for ability in ("sums", "reading")
        for name in emergence.risen(grown, "sums")
    }
    predicted = read_predictions(ROOT / "recipes" / "phenomena.yaml", PHENOMENA)
    assert {claim.metric for claim in predicted["scaling"].claims} <= law
    assert {claim.metric for claim in predicted["emergence"].claims} <= risen


def test_where_nothing_has_emerged_there_is_no_share() -> None:
    found = emergence.risen([model("a", 1, 0, -4.0), model("b", 2, 0, -2.0)], "sums")
    assert "rise" in found and "share" not in found
    found = emergence.risen([model("a", 1, 0.5, -1.0), model("b", 2, 0.9, -0.5)], "sums")
    assert set(found) == {"best"}, "the least model can do it already"


def test_compute_is_what_the_first_file_says_that_knows(tmp_path: Path) -> None:
    told = [None, tmp_path / "results.json", tmp_path / "record.json"]
    assert emergence.compute(told) == math.inf
    (tmp_path / "results.json").write_text(json.dumps({"parameters": 100}))
    (tmp_path / "record.json").write_text(json.dumps({"parameters": 100, "tokens": 50}))
    assert emergence.compute(told) == 6 * 100 * 50


def test_the_base_that_comes_along_says_what_it_has_read() -> None:
    handle = phenomena._record(phenomena.Settings())
    assert handle is not None and emergence.compute([base_path() / "record.json"]) > 1e15


def test_what_is_forgotten_more_by_all_weights_than_by_lora() -> None:
    told = {"full-A:A": 1.0, "full-AB:A": 0.25, "lora-A:A": 0.5, "lora-AB:A": 0.25}
    made = {
        arm: rows("recalled", [float(i < 40 * v) for i in range(40)]) for arm, v in told.items()
    }
    assert forgetting.difference_of_drops(made).value == pytest.approx(0.5)
    shares = [
        forgetting.lost(made[f"{way}-A:A"], made[f"{way}-AB:A"]).value for way in ("full", "lora")
    ]
    assert shares == pytest.approx([0.75, 0.5]), "LoRA had learnt half as much"


def test_tags_are_compared_fact_by_fact() -> None:
    def answers(tag: str, values: Sequence[float]) -> list[Row]:
        return [
            row(f"{tag}{i}", {sources.axis(tag): v}, cluster=f"fact{i}")
            for i, v in enumerate(values)
        ]

    told = [*answers("gossip", [1, 1, 1, 0]), *answers("almanac", [0, 0, 1, 0])]
    made = tags.by_fact(told, "gossip", "almanac", sources.axis)
    assert made.value == 0.5 and made.n == 4


def test_shown_answers_are_the_first_of_each_arm() -> None:
    arm = [replace(one, response="said") for one in rows("gold", [1, 2, 3])]
    found = arms.shown({"a": arm, "b": arm}, {"a": "first", "b": "second"}, 1)
    assert found == (("q0", "first", "said"), ("q0", "second", "said"))
