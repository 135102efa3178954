"""Answers are put before people, and a run waits for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from plumbline.cli.main import main
from plumbline.core.errors import UserError, Waiting
from plumbline.data import read
from plumbline.feedback.collecting import judging, projects, queue
from plumbline.feedback.collecting.database import Database, at
from plumbline.feedback.collecting.tables import items, users
from plumbline.recipe.run import run_recipe
from plumbline.stages.collect import Collect, asked
from plumbline.stages.command import train
from plumbline.stages.next_asked import judge_in, judges_in
from plumbline.store import Store, find_store

RECIPE = """
from dataclasses import dataclass, field
from plumbline.core.settings import option
from plumbline.recipe import Handle, recipe
from plumbline.stages import table
from plumbline.stages.collect import Collect
from plumbline.store import source

@dataclass(frozen=True)
class Settings:
    answers: str = option("")
    people: Collect = field(default_factory=lambda: Collect(project="mine", quota=2))

@recipe
def asking(settings: Settings) -> dict[str, Handle]:
    answers = source(settings.answers, "samples")
    return {"judged": table.collect(settings.people, answers=answers)}
"""


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    folder = tmp_path / "answers"
    folder.mkdir()
    rows = [{"prompt": f"Question {n}?", "responses": ["Yes.", "Yes.", "No."]} for n in range(3)]
    file = folder / "answers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def everybody_judges(home: Store, names: tuple[str, ...] = ("ann", "bob")) -> None:
    db = Database(at(home.root))
    with db.write() as now:
        made = projects.named(now, "mine")
        for name in names:
            now.execute(insert(users).values(name=name, people="", created=0.0))
            who = now.execute(select(users.c.id).where(users.c.name == name)).scalar_one()
            projects.join(now, made, who, "annotator")
            while given := queue.next_item(now, made, who):
                body = {"tiers": [[1], [0]]}
                judging.judge(now, made, who, given.item, body, key=f"key-of-{who}-{given.item}")
    db.close()


def test_a_recipe_waits_for_people_and_goes_on(tmp_path: Path, answers: Path) -> None:
    file, home = tmp_path / "recipe.py", find_store(tmp_path / "store")
    file.write_text(RECIPE, encoding="utf-8")
    sets = [f"answers={answers.parent}"]
    for _ in range(2):
        held = run_recipe(file, None, sets, home)
        assert held.exit_code == 3 and "6 judgements are wanted" in str(held.waiting)
    everybody_judges(home, ("ann",))
    assert "3 judgements are wanted" in str(run_recipe(file, None, sets, home).waiting)
    everybody_judges(home, ("bob",))
    done = run_recipe(file, None, sets, home)
    assert done.exit_code == 0
    found = read(done.folder("judged") / "data.jsonl").judgements
    assert len(found) == 6 and {one.tiers for one in found} == {((1,), (0,))}  # type: ignore[union-attr]


def test_the_command_waits_too_and_what_is_new_is_added(
    tmp_path: Path, answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(tmp_path / "store")]
    command = ["collect", str(answers), "--as", "mine", *store]
    assert main(command) == 3 == main(command)
    everybody_judges(find_store(tmp_path / "store"), ("ann",))
    assert main(command) == 0
    with answers.open("a") as more:
        more.write(json.dumps({"prompt": "And now?", "responses": ["A", "B"]}) + "\n")
        more.write(json.dumps({"prompt": "The same?", "responses": ["A", "A"]}) + "\n")
    capsys.readouterr()
    assert main(command) == 3
    assert "1 prompts have equal answers only" in capsys.readouterr().err


def test_models_are_compared_on_the_prompts_that_all_answered(tmp_path: Path) -> None:
    home, files = find_store(tmp_path / "store"), []
    for name, prompts in (("old", "abc"), ("new", "bcd")):
        files.append(tmp_path / f"{name}.jsonl")
        rows = [{"prompt": p, "responses": [f"{name} 1", f"{name} 2"]} for p in prompts]
        files[-1].write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(Waiting, match="2 judgements are wanted"):
        asked(home, Collect(project="mine"), files)
    db = Database(at(home.root))
    with db.read() as now:
        found = now.execute(select(items.c.models, items.c.answers)).all()
    db.close()
    assert [one.models for one in found] == [["old", "new"]] * 2
    assert found[0].answers[1][0][1] == "new 1"
    files[1].write_text('{"prompt": "z", "responses": ["x"]}\n', encoding="utf-8")
    with pytest.raises(UserError, match="no prompt is in all"):
        asked(home, Collect(project="other"), files)


def test_what_cannot_be_asked_is_named_and_nothing_is_kept(tmp_path: Path, answers: Path) -> None:
    home = find_store(tmp_path / "store")
    with pytest.raises(UserError, match="needs a name"):
        asked(home, Collect(), [answers])
    with answers.open("a") as more:
        more.write(json.dumps({"prompt": "Alone?", "responses": ["A"]}) + "\n")
    with pytest.raises(UserError, match="of 2 answers") as wrong:
        asked(home, Collect(project="mine"), [answers])
    assert wrong.value.where.endswith("answers.jsonl:4")
    with pytest.raises(Waiting):
        asked(home, Collect(project="mine", form="thumb"), [answers])
    with pytest.raises(UserError, match="another form"):
        asked(home, Collect(project="mine"), [answers])


def test_what_is_asked_next_follows_a_judge_people_or_the_words(
    tmp_path: Path, answers: Path
) -> None:
    home = find_store(tmp_path / "store")
    reward = tmp_path / "reward"
    pairs = tmp_path / "pairs.jsonl"
    rows = [{"prompt": f"Is {n} so?", "chosen": "No.", "rejected": "Yes."} for n in range(16)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    quick = {"steps": 2, "batch": 8, "eval.fraction": 0}
    train("reward", "microcosm", str(pairs), reward, sets=quick, store=home.root, say=str)
    (kept,) = judges_in(home)
    assert judge_in(home, kept[0]) == reward and kept[1].startswith("reward ")
    home.set_ref("careful", kept[0])
    assert judges_in(home) == [(kept[0], "ref:careful")]
    for by, judge in (("uncertainty", str(reward)), ("novelty", "")):
        with pytest.raises(Waiting):
            asked(home, Collect(project=by, next=by, judge=judge, share=0.0), [answers])  # type: ignore[arg-type]
        db = Database(at(home.root))
        with db.read() as now:
            made = projects.named(now, by)
            wanted = select(items.c.rank, items.c.random).where(items.c.project == made.id)
            found = now.execute(wanted).all()
        db.close()
        assert sorted(rank for rank, _ in found) == pytest.approx([-1, -2 / 3, -1 / 3])
        assert not any(drawn for _, drawn in found)
    with pytest.raises(UserError, match="is a judge's"):
        asked(home, Collect(project="x", next="uncertainty"), [answers])
    with pytest.raises(UserError, match="no disagreement about a thumb"):
        asked(home, Collect(project="x", form="thumb", next="disagreement"), [answers])
    with pytest.raises(UserError, match="is no reward model"):
        judge_in(home, home.record(kept[0]).inputs["model"])
