"""A studio's project as data: what stands in it is what is trained on, and stays that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from plumbline.cli.main import main
from plumbline.core.errors import UserError
from plumbline.core.types import answer, user
from plumbline.data import read
from plumbline.feedback.collecting import judging, projects, queue
from plumbline.feedback.collecting.database import Database, at
from plumbline.feedback.collecting.forms import Asked, Form
from plumbline.feedback.collecting.projects import Item
from plumbline.feedback.collecting.tables import users
from plumbline.stages.collected import data_path, taken
from plumbline.store import Store, find_store


@pytest.fixture
def home(tmp_path: Path) -> Store:
    store = find_store(tmp_path / "store")
    db = Database(at(store.root))
    with db.write() as now:
        now.execute(insert(users).values(name="ann", people="scholars", created=0.0))
        made = projects.create(now, "mine", Form("pair"))
        asked = [
            Asked((user(f"Where is {n}?"),), (answer(f"In the {n}."), answer(f"At {n}.")))
            for n in range(12)
        ]
        projects.add(now, made, map(Item, asked))
        projects.join(now, made, 1, "annotator")
    db.close()
    return store


def judged(home: Store, count: int) -> None:
    db = Database(at(home.root))
    with db.write() as now:
        made, ann = projects.named(now, "mine"), now.execute(select(users.c.id)).scalar_one()
        for _ in range(count):
            given = queue.next_item(now, made, ann)
            assert given is not None
            body = {"tiers": [[0], [1]]}
            judging.judge(now, made, ann, given.item, body, key=f"key-of-{given.item}")
    db.close()


def test_a_project_is_data_and_a_run_keeps_what_it_was_trained_on(home: Store) -> None:
    assert taken(home, "other") is None
    with pytest.raises(UserError, match="nobody has judged"):
        data_path("ref:mine", home)
    judged(home, 3)
    first = taken(home, "mine")
    assert first and first == taken(home, "mine") == home.refs()["mine"]
    before = read(data_path("ref:mine", home)).judgements
    judged(home, 2)
    after = read(data_path("ref:mine", home)).judgements
    assert (len(before), len(after)) == (3, 5) and after[:3] == before
    assert len(read(home.path(first) / "data.jsonl").judgements) == 3
    assert before[0].provenance.judge.group == "scholars"


def test_a_project_is_trained_on_and_exported(home: Store, tmp_path: Path) -> None:
    judged(home, 12)
    out = tmp_path / "out"
    quick = ["--set", "steps=2", "--set", "batch=4", "--set", "eval.fraction=0"]
    train = ["train", "dpo", "--model", "microcosm", "--data", "ref:mine", "--out", str(out)]
    assert main([*train, *quick, "--store", str(home.root)]) == 0
    record = json.loads((out / "record.json").read_text("utf-8"))
    assert record["inputs"]["data"] in home.ids()
    file = tmp_path / "pairs.jsonl"
    assert main(["export", "ref:mine", "--out", str(file), "--store", str(home.root)]) == 0
    assert len(file.read_text("utf-8").splitlines()) == 12


def test_a_group_is_trained_on_alone(home: Store) -> None:
    judged(home, 3)
    assert len(read(data_path("ref:mine@scholars", home)).judgements) == 3
    assert home.refs()["mine.scholars"] == taken(home, "mine@scholars") != taken(home, "mine")
    with pytest.raises(UserError, match="nobody of the group 'keepers'"):
        data_path("ref:mine@keepers", home)


def test_a_name_means_one_thing(home: Store, tmp_path: Path) -> None:
    judged(home, 1)
    (tmp_path / "a.jsonl").write_text('{"prompt": "a", "chosen": "b", "rejected": "c"}\n')
    told = ["import", str(tmp_path / "a.jsonl"), "--as", "mine", "--store", str(home.root)]
    assert main(told) == 0
    with pytest.raises(UserError, match="both a project"):
        data_path("ref:mine", home)
