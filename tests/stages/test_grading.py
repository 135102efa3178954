"""A judge that grades as an artifact: what its folder says, who takes it, where it came from."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from plumbline.cli.main import main
from plumbline.core.errors import UserError
from plumbline.core.types import Demonstration, user
from plumbline.data import write as write_data
from plumbline.feedback.judging.constitution import read_constitution
from plumbline.feedback.judging.template import read_template
from plumbline.feedback.rewards import Answered
from plumbline.recipe import Handle, recipe, run_recipe, source
from plumbline.stages import table
from plumbline.stages.judging import grading
from plumbline.stages.judging.settings import Grading
from plumbline.stages.online_settings import Drawing, HeldOut, Online, Onlining, Rewarding
from plumbline.stages.rewarding import graded_by
from plumbline.stages.settings import Picking
from plumbline.store import Context, Store, lineage

RULES = "## kind\nBe kind.\n\n## short\nwhen: /please/\nBe short.\n"
WORDS = (
    'compare: "?"\noptions: [["A"], ["B"]]\n'
    'grade: "{principle} {answer}?"\ngrades: [[1, ["1"]], [2, ["2"]]]\n'
)


@pytest.fixture
def place(tmp_path: Path, tiny_model: Path) -> Path:
    """A folder with a judge, a constitution, a template and prompts."""
    shutil.copytree(tiny_model, tmp_path / "judge")
    (tmp_path / "rules.md").write_text(RULES)
    (tmp_path / "words.yaml").write_text(WORDS)
    asked = [Demonstration((user(f"Say {i}."),)) for i in range(12)]
    write_data(tmp_path / "asked.jsonl", asked)
    return tmp_path


def inputs(place: Path) -> dict[str, Path]:
    names = {"judge": "judge", "constitution": "rules.md", "template": "words.yaml"}
    return {role: place / name for role, name in names.items()}


def made(place: Path, out: str = "out", **more: Path) -> Path:
    folder = place / out
    folder.mkdir()
    how = Grading(principles=2, name="kind")
    grading.stage(Context(out=folder), how, inputs(place) | more)
    return folder


def test_a_folder_names_its_judge_and_holds_what_it_is_told(place: Path) -> None:
    folder = made(place)
    found = grading.read(folder)
    assert json.loads((folder / "judge.json").read_text())["judge"] == "../judge"
    assert found.rules.id == read_constitution(place / "rules.md").id
    assert found.words.id == read_template(place / "words.yaml").id
    assert (found.how.principles, found.how.name, found.only) == (2, "kind", None)
    asked = [Answered((user("x, please"),), [1], ((2,), (3,)), ("a", "b"), (True, True))]
    reward = graded_by(found, Rewarding())
    before = grading.Grader(str(place / "judge"), found.rules, found.words, found.how)
    assert (reward(asked) == graded_by(before, Rewarding())(asked)).all()
    assert reward.name == "judge:kind" and len(set(reward(asked))) == 2


def test_the_id_is_by_content(place: Path) -> None:
    one = grading.read(made(place))
    shutil.copytree(place / "judge", place / "same")
    assert grading.read(made(place, "moved", judge=place / "same")).id == one.id
    renamed = replace(one, how=replace(one.how, name="other"))
    assert renamed.id == one.id != replace(one, how=replace(one.how, principles=1)).id
    (place / "rules.md").write_text(RULES.replace("kind.", "good."))
    assert grading.read(made(place, "reworded")).id != one.id
    assert grading.read(made(place, "few", prompts=place / "asked.jsonl")).id != one.id


def test_only_answers_to_its_prompts_are_graded(place: Path) -> None:
    reward = graded_by(grading.read(made(place, prompts=place / "asked.jsonl")), Rewarding())
    asked = [
        Answered((user(said),), [1], ((2,),), ("a",), (True,)) for said in ("Say 3.", "Say it.")
    ]
    known, other = reward(asked)
    assert known != 0 and other == 0


def test_a_judge_that_went_or_changed_is_refused(place: Path) -> None:
    folder = made(place)
    weights = place / "judge" / "model.safetensors"
    state = load_file(weights)
    save_file(
        {name: t + torch.ones_like(t) for name, t in state.items()}, weights, {"format": "pt"}
    )
    with pytest.raises(UserError, match="holds another model now"):
        grading.read(folder)
    shutil.rmtree(place / "judge")
    with pytest.raises(UserError, match="is gone"):
        grading.read(folder)
    (folder / "judge.json").write_text("[]")
    with pytest.raises(UserError, match="names no judge"):
        grading.read(folder)


def test_what_cannot_grade_is_refused(place: Path) -> None:
    (place / "words.yaml").write_text('compare: "?"\noptions: [["A"], ["B"]]\n')
    with pytest.raises(UserError, match="no grades"):
        made(place)
    for how, given in ((Grading(), {}), (Grading(judge="http://a.b"), inputs(place))):
        with pytest.raises(UserError, match="from one judge"):
            grading.stage(Context(out=place / "other"), how, given)
    with pytest.raises(UserError, match="takes its judge as an input"):
        steps_online(place)


def steps_online(place: Path) -> None:
    from plumbline.stages.steps import online

    how = Onlining("rloo", rewards=("judge:judge",))
    online(Context(out=place / "other"), how, {"model": place / "judge"})


def trained(place: Path) -> object:
    """A recipe: a model trained on grades, and the best of four by them."""
    train = Online(
        iterations=1, prompts=3, precision="fp32", threads=1, heldout=HeldOut(fraction=0.0),
        draw=Drawing(n=2, max_new=6),
    )  # fmt: skip

    @recipe
    def graded() -> dict[str, Handle]:
        model = source(place / "judge", kind="model", label="base")
        rules = source(place / "rules.md", kind="any", label="rules")
        words = source(place / "words.yaml", kind="any", label="words")
        asked = source(place / "asked.jsonl", label="asked")
        reward = table.grader(
            Grading(name="kind"), judge=model, constitution=rules, template=words, label="grades"
        )
        how = Onlining("rloo", "full", train=train)
        policy = table.rl(how, model=model, prompts=asked, reward=reward, label="policy")
        best = table.pick(
            Picking(1, 6, of=2), model=model, prompts=asked, reward=reward, label="best"
        )
        return {"policy": policy, "best": best}

    return graded


def test_a_recipe_trains_on_grades_and_picks_by_them(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(place / "store")
    result = run_recipe(trained(place), None, [], store)  # type: ignore[arg-type]
    lines = (result.folder("policy") / "metrics.jsonl").read_text().splitlines()
    assert "reward.judge:kind" in json.loads(lines[0]) and len(lines) == 1
    said = json.loads((result.folder("policy") / "results.json").read_text())["data_cards"]
    assert [one["summary"].partition(";")[2] for one in said] == [" nobody has checked the grades"]
    assert len((result.folder("best") / "answers.jsonl").read_text().splitlines()) == 12
    again = run_recipe(trained(place), None, [], store)  # type: ignore[arg-type]
    assert not again.ran, "all is there"
    walked = {line.record.label for line in lineage(store, result.artifacts["policy"])}
    assert {"grades", "base", "rules", "words", "asked"} <= walked
    shutil.rmtree(place / "judge")
    shutil.move(place / "store", place / "elsewhere")
    monkeypatch.chdir(place)
    moved = Store(place / "elsewhere")
    assert grading.read(moved.path(result.artifacts["grades"])).how.name == "kind"
    model = moved.path(result.artifacts["base"])
    command = [
        "rl", "rloo", "--model", str(model), "--reward", f"ref:{result.artifacts['grades']}",
        "--prompts", "asked.jsonl", "--out", "typed", "--set", "iterations=1", "--set",
        "prompts=2", "--set", "draw.max_new=6", "--set", "heldout.fraction=0",
        "--store", str(place / "elsewhere"),
    ]  # fmt: skip
    assert main(command) == 0, capsys.readouterr().err
    ids = moved.record(json.loads(Path("typed/record.json").read_text())["id"])
    assert result.artifacts["grades"] in ids.inputs.values(), "from there it leads to the judge"
