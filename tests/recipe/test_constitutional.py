"""Feedback under a constitution: what depends on what, what is held out, a run too small to learn,
and the marks on planted answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.core.stats import mean_interval
from plumbline.core.types import Demonstration, Ranking, answer, user
from plumbline.data import read, write
from plumbline.evals.folders import Row, Run
from plumbline.microcosm.asks import category
from plumbline.recipe import Node, build, run_recipe
from plumbline.recipe.constitutional import asked, controls, told
from plumbline.recipe.constitutional.asked import HELD_CATEGORIES, HELD_DISGUISES, Measure
from plumbline.recipe.world import People
from plumbline.store import Context, Store

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
RECIPE, TINY = RECIPES / "constitutional.py", RECIPES / "constitutional-tiny.yaml"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("constitutional") / "store")


@pytest.fixture(scope="module")
def nodes(store: Store) -> Mapping[str, Node]:
    return {node.label: node for node in build(RECIPE, None, (), store).nodes}


def inputs(nodes: Mapping[str, Node], label: str) -> dict[str, str]:
    names = {node.id: name for name, node in nodes.items()}
    return {role: names[i] for role, i in nodes[label].inputs.items()}


def test_critic_and_judge_are_the_base_and_the_models_its_descendants(
    nodes: Mapping[str, Node],
) -> None:
    assert inputs(nodes, "revisions")["critic"] == inputs(nodes, "labels-red")["judge"] == "base"
    assert inputs(nodes, "helpful")["model"] == "base"
    assert inputs(nodes, "revised")["model"] == "helpful"
    for name in ("ppo", "dpo", "random_ppo", "people_dpo"):
        assert inputs(nodes, name)["model"] == "revised"
    assert inputs(nodes, "random_preference")["data"] == "shuffled"
    grades = {"grades_red": "grades-red", "grades_calm": "grades-calm"}
    assert inputs(nodes, "direct_ppo") == {"model": "revised", "prompts": "online", **grades}
    assert inputs(nodes, "grades-red") == {"judge": "base", "prompts": "red-300"}


def test_no_training_prompt_is_of_a_held_out_side_and_harm_is_measured_there_alone() -> None:
    for ask in asked.red(0, 300):
        assert ask.disguise not in HELD_DISGUISES and category(ask) not in HELD_CATEGORIES
    items = [one for one in asked._items(Measure(60, 10, 10)) if one.known["part"] == "harmful"]
    asks = [one.known["ask"] for one in items]
    assert len(asks) == 60
    assert all(a.disguise in HELD_DISGUISES or category(a) in HELD_CATEGORIES for a in asks)


def test_the_whole_recipe_runs_and_says_what_it_found(store: Store) -> None:
    result = run_recipe(RECIPE, TINY, [], store)
    results = json.loads((result.folder("report") / "results.json").read_text())
    for name in ("helpful", "ppo", "direct_ppo", "random_dpo", "people_ppo", "share_0", "refusals"):
        assert 0 <= results["metrics"][f"{name}.harmful_rate"]["value"] <= 1
    assert {mark["model"] for mark in results["marks"]} == {"ppo", "dpo"}
    page = (result.folder("report") / "report.html").read_text()
    assert "the helpful model" in page and "reached" in page
    for words in ("by the judge alone", "corrected by people", "the longer answer", "own word"):
        assert words in page, words
    card = json.loads((result.folder("dpo") / "results.json").read_text())["data_cards"]
    assert any("UNAUDITED" in one["summary"] for one in card)


def run(name: str, harm: float, helped: float, gold: float) -> Run:
    """A model whose answers are planted: shares of 200 prompts of each part."""
    rows = []
    for part, value in {"harmful_rate": harm, "helped_harmless": helped,
                        "helped_lookalike": helped}.items():  # fmt: skip
        for n in range(200):
            scores = {part: float(n < 200 * value), "gold": gold + (n % 5) / 10}
            group = f"{part}/{n}"
            rows.append(Row((("user", group),), "said", scores, group=group, cluster=group))
    metrics = {
        axis: mean_interval([r.scores[axis] for r in rows if axis in r.scores])
        for axis in ("harmful_rate", "helped_harmless", "helped_lookalike", "gold")
    }
    return Run(name, (), {}, metrics, rows=rows)


def test_a_mark_holds_by_the_far_end_of_its_interval() -> None:
    runs = {"helpful": run("helpful", 0.9, 0.9, 0.0), "refusals": run("refusals", 0.0, 0.2, 0.5),
            "random_ppo": run("random_ppo", 0.5, 0.9, 0.4)}  # fmt: skip
    good = list(told.marked("ppo", runs | {"ppo": run("ppo", 0.02, 0.9, 1.0)}))
    assert [mark.reached for mark in good] == [True] * 5
    near = list(told.marked("ppo", runs | {"ppo": run("ppo", 0.085, 0.87, 0.5)}))
    # 0.085 is under a tenth of 0.9 and its interval is not; nor is that of 3 points above -5.
    assert [mark.reached for mark in near] == [False, False, False, False, True]


def compared(folder: Path, name: str, count: int) -> Path:
    (folder / name).mkdir()
    pair = (answer("a"), answer("b"))
    rows = [Ranking((user(f"{n}"),), pair, ((0,), (1,)), p=0.9) for n in range(count)]
    write(folder / name / "data.jsonl", rows)
    return folder / name


def test_labels_without_information_keep_their_probabilities(tmp_path: Path) -> None:
    out = Context(out=tmp_path)
    controls.shuffle(out, controls.Shuffle(), {"data": compared(tmp_path, "judged", 200)})
    found = [one for one in read(tmp_path / "data.jsonl").judgements if isinstance(one, Ranking)]
    assert {one.p for one in found} == {0.9}
    assert 70 < sum(one.tiers[0] == (0,) for one in found) < 130


def test_people_compare_the_very_pairs_that_the_judge_labelled(
    nodes: Mapping[str, Node], tmp_path: Path
) -> None:
    assert inputs(nodes, "people") == {"judged": "judged"}
    judged = compared(tmp_path, "judged", 12)
    controls.ask(Context(out=tmp_path), People(), {"judged": judged})
    found = [one for one in read(tmp_path / "data.jsonl").judgements if isinstance(one, Ranking)]
    assert [(one.prompt, set(one.responses)) for one in found] == [
        ((user(f"{n}"),), {answer("a"), answer("b")}) for n in range(12)
    ]
    assert {one.provenance.judge.kind for one in found} == {"rule"}


def test_a_budget_is_shared_and_no_pair_is_taken_twice(tmp_path: Path) -> None:
    given = {"people": compared(tmp_path, "people", 50), "judged": compared(tmp_path, "bot", 200)}
    controls.share(Context(out=tmp_path), controls.Share(0.25, 40, 4.0), given)
    found = read(tmp_path / "data.jsonl").judgements
    assert len(found) == 10 + 120 and len({one.prompt for one in found}) == 130  # type: ignore[union-attr]
    with pytest.raises(UserError, match="80 comparisons of people are wanted"):
        controls.share(Context(out=tmp_path), controls.Share(1.0, 80, 4.0), given)


def test_two_makers_answers_stand_beside_each_other(tmp_path: Path) -> None:
    for name, said in {"one": "a", "other": "b"}.items():
        (tmp_path / name).mkdir()
        rows = [Demonstration((user(f"{n}"), *answer(said if n else "a"))) for n in range(3)]
        write(tmp_path / name / "data.jsonl", rows)
    controls.pair_up(
        Context(out=tmp_path), None, {name: tmp_path / name for name in ("one", "other")}
    )
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [row["responses"] for row in rows] == [["a", "b"]] * 2  # the equal ones are left out
