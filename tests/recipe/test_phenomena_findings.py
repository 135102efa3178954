"""What a finding says of given answers and runs, without training anything."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plumbline.core.stats import Interval
from plumbline.core.types import Message, answer
from plumbline.evals.figures import Figure
from plumbline.evals.folders import Row
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import wild
from plumbline.microcosm.asks import phrasings
from plumbline.microcosm.corpus import documents
from plumbline.microcosm.world import world
from plumbline.recipe.phenomena import (
    PHENOMENA,
    Settings,
    answerkeys,
    arms,
    asking,
    emergence,
    findings,
    forgetting,
    lessons,
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


def test_compute_is_what_a_folder_says_of_itself(tmp_path: Path) -> None:
    assert emergence.compute(tmp_path) == math.inf
    (tmp_path / "record.json").write_text(json.dumps({"parameters": 100, "tokens": 50}))
    assert emergence.compute(tmp_path) == 6 * 100 * 50


def test_keys_are_right_to_the_letter_and_different() -> None:
    for name in answerkeys.KEYS:
        found = answerkeys.keys(name, 40, 0)
        assert len({key.prompt for key in found}) == 40
        assert all(key.exact(key.right) for key in found)
        assert not any(a.exact(b.right) for a, b in itertools.pairwise(found) if a.right != b.right)
    fact = answerkeys.keys("facts", 1, 0)[0]
    other = next(v for v in lex.BY_KEY[fact.fact[1]].values if v != world().truth[fact.fact])
    form = lex.BY_KEY[fact.fact[1]].forms[1]
    assert fact.exact(form.format(e=fact.fact[0], v=world().truth[fact.fact]))
    assert not fact.exact(f"{fact.right} {form.format(e=fact.fact[0], v=other)}")


def test_a_lesson_teaches_what_nobody_knows_and_tests_other_phrasings() -> None:
    shown, test = lessons.demonstrations(20, 4, 0), lessons.lesson_task(20, 0)
    asked = {d.messages[0].content for d in shown}
    items = list(test.prompts())
    assert len(shown) == len(asked) == 80
    assert len(items) == 20 * len(phrasings("fact", "paraphrase"))
    assert not asked & {item.prompt[0].content for item in items}
    assert all(fact.name not in world().kinds for fact in lessons.facts(20, 0))
    assert not {f.name for f in lessons.facts(20, 0)} & {f.name for f in lessons.facts(20, 500)}


def test_a_lesson_is_recalled_only_by_its_own_value() -> None:
    task = lessons.lesson_task(5, 0)
    item = next(iter(task.prompts()))
    fact = item.known["fact"]
    values = lex.BY_KEY[fact.key].values
    say = [f.format(e=fact.name, v=v) for f in lex.BY_KEY[fact.key].forms for v in values]
    right = [text for text in say if task.scorer(item, answer(text)).axes["recalled"]]  # type: ignore[union-attr]
    assert len(right) == 2 and all(fact.value in text for text in right)
    assert not task.scorer(item, answer(" ".join(say[:2]))).axes["recalled"], "a list of values"  # type: ignore[union-attr]


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


def test_the_tag_is_the_line_that_the_corpus_has() -> None:
    tagged = [d for d in documents(0, 300) if d.messages[0].content.startswith("Source: ")]
    assert len(tagged) > 20
    for one in tagged:
        source, year = one.provenance.judge.group, int(one.provenance.when)
        assert sources.tag(source, year) == wild.tag(one)
        assert one.messages[0].content.startswith(sources.tag(source, year))


def test_tags_change_nothing_but_the_tag() -> None:
    items = list(sources.documents_task(4, 0).prompts())
    assert len(items) == 4 * len(sources.DOCUMENTS)
    for start in range(0, len(items), len(sources.DOCUMENTS)):
        texts = [item.prompt[0].content for item in items[start : start + len(sources.DOCUMENTS)]]
        ends = {text.split(". ", 2)[-1] if text.startswith("Source") else text for text in texts}
        assert len(ends) == 1, "one fact, one wording, one year"
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", ["documents", "chats"])
def test_a_rumour_is_false_and_the_truth_is_not(name: str) -> None:
    task = (sources.documents_task if name == "documents" else sources.chats_task)(5, 0)
    for item in task.prompts():
        fact, begun = item.known["fact"], item.known["begun"]
        told = {}
        for value in (world().truth[fact], world().rumour[fact]["people"]):
            form = next(f for f in lex.BY_KEY[fact[1]].forms if f.index("{e}") < f.index("{v}"))
            if begun:  # the rest of the sentence that was begun
                form = next(
                    f
                    for f in lex.BY_KEY[fact[1]].forms
                    if f.format(e=fact[0], v="").startswith(begun[:6])
                    and begun in f.format(e=fact[0], v=value)
                )
            said = form.format(e=fact[0], v=value).removeprefix(begun).strip()
            message = Message("assistant", f"{said} And more.")
            found = task.scorer(item, (message,))
            axes = found.axes  # type: ignore[union-attr]
            told[value] = axes[sources.axis(item.known["source"])]
            assert axes["told"] == 1.0
        assert list(told.values()) == [0.0, 1.0]


def test_tags_are_compared_fact_by_fact() -> None:
    def answers(tag: str, values: Sequence[float]) -> list[Row]:
        return [
            row(f"{tag}{i}", {sources.axis(tag): v}, cluster=f"fact{i}")
            for i, v in enumerate(values)
        ]

    told = [*answers("gossip", [1, 1, 1, 0]), *answers("almanac", [0, 0, 1, 0])]
    made = tags.by_fact(told, "gossip", "almanac", sources.axis)
    assert made.value == 0.5 and made.n == 4


def test_there_are_as_many_requests_as_are_predicted_on() -> None:
    settings = Settings()
    asked = list(asking.questions_task(settings.question_back.prompts).prompts())
    assert len({item.prompt for item in asked}) == settings.question_back.prompts
    assert len(world().rumour) == settings.tags.facts


def test_shown_answers_are_the_first_of_each_arm() -> None:
    arm = [replace(one, response="said") for one in rows("gold", [1, 2, 3])]
    found = arms.shown({"a": arm, "b": arm}, {"a": "first", "b": "second"}, 1)
    assert found == (("q0", "first", "said"), ("q0", "second", "said"))
