"""The recipe from end to end on models that know nothing: it runs, resumes and claims nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from tiny_model import make

from plumbline.core.errors import UserError
from plumbline.recipe import RunResult, load, run_recipe
from plumbline.recipe.phenomena import PHENOMENA
from plumbline.recipe.phenomena.predictions import read_predictions
from plumbline.stages.runs import points
from plumbline.store import Store

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
RECIPE, TINY = RECIPES / "phenomena.py", RECIPES / "phenomena-tiny.yaml"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, a byte tokenizer, room for the longest prompt."""
    return make(tmp_path_factory.mktemp("models") / "base", context=1024, chat=True)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("phenomena") / "store")


@pytest.fixture(scope="module")
def made(base: Path, store: Store) -> Iterator[RunResult]:
    yield run_recipe(RECIPE, TINY, sets(base), store)


def sets(base: Path) -> list[str]:
    return [f"base={base}", f"scaling.tokenizer={base}"]


def told(made: RunResult) -> dict[str, dict[str, object]]:
    results = json.loads((made.folder("report") / "results.json").read_text())
    assert isinstance(results, dict)
    return results


def test_every_phenomenon_is_measured_and_none_is_claimed(made: RunResult) -> None:
    results = told(made)
    assert made.exit_code == 0
    assert results["verdicts"] == dict.fromkeys(PHENOMENA, "inconclusive")
    measured = {name.partition(".")[0] for name in results["metrics"]}
    assert measured == set(PHENOMENA) - {"scaling"}, "four models are too few for a fit"
    assert "4 runs cannot fix five constants" in (made.folder("report") / "report.html").read_text()
    for name, claims in results["claims"].items():
        assert claims, name
        for claim in claims:
            assert claim["because"], "too few, or not measured, and it says which"


def test_the_claims_are_on_numbers_that_are_measured(made: RunResult) -> None:
    """But for those of scaling and emergence, which need models that have learnt something, and of
    over-optimisation, which are on numbers of comparisons."""
    measured = set(told(made)["metrics"])
    for name, one in read_predictions(RECIPES / "phenomena.yaml", PHENOMENA).items():
        if name not in ("scaling", "emergence", "overoptimisation"):
            assert {f"{name}.{claim.metric}" for claim in one.claims} <= measured


def test_the_page_tells_all_of_it(made: RunResult) -> None:
    page = (made.folder("report") / "report.html").read_text()
    words = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
    for one in read_predictions(RECIPES / "phenomena.yaml", PHENOMENA).values():
        assert one.title in words and one.expects.split(";")[0] in words
        assert all(claim.words in words for claim in one.claims)
        assert all(claim.what in words for claim in one.claims)
    assert page.count("<svg") == len(PHENOMENA), "one figure a phenomenon"
    assert "Measured:" not in words, "the verdicts stand at the top, not a comparison"


def test_the_planner_reads_the_same_models(made: RunResult) -> None:
    folders = [made.folder(label) for label in made.artifacts if label.startswith("scaling-w")]
    from_folders = points(folders)
    from_table = points([made.folder("scaling") / "runs.csv"])
    assert len(from_folders) == 4
    assert sorted((p.params, p.tokens) for p in from_table) == sorted(
        (p.params, p.tokens) for p in from_folders
    )


def test_a_second_run_does_nothing_and_a_prediction_only_judges_anew(
    made: RunResult, base: Path, store: Store, tmp_path: Path
) -> None:
    again = run_recipe(RECIPE, TINY, sets(base), store)
    assert again.ran == [] and again.artifacts == made.artifacts
    recipe = tmp_path / "phenomena.py"
    recipe.write_text(RECIPE.read_text())
    text = (RECIPES / "phenomena.yaml").read_text()
    recipe.with_suffix(".yaml").write_text(re.sub(r"\bn: \d+", "n: 1", text))
    changed = run_recipe(recipe, TINY, sets(base), store)
    assert changed.ran == ["report"], "models and measurements stay"
    assert set(told(changed)["verdicts"].values()) != {"inconclusive"}, "n = 1 is soon reached"


def test_some_can_be_run_alone(made: RunResult, base: Path, store: Store) -> None:
    alone = run_recipe(RECIPE, TINY, [*sets(base), "only=tags"], store)
    assert alone.ran == ["report"], "what is there is not made again"
    page = (alone.folder("report") / "report.html").read_text()
    assert f"Not run: {len(PHENOMENA) - 1}." in page and "not measured" not in page
    with pytest.raises(UserError, match="lime"):
        load(RECIPE).values(None, ["only=lime"])
