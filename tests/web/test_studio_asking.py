# ruff: noqa: F401, F811  fixtures are imported
"""Who is asked what, and first: assigning by forms that need no script, and the order of asking."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from postgres import database, server
from sqlalchemy import select
from studio_house import House, house, key

from plumbline.feedback.collecting import admitting, projects
from plumbline.feedback.collecting.database import Database, at
from plumbline.feedback.collecting.tables import items
from plumbline.store import Store

P, PAGE = "/api/projects/p", "/p/p/assign"
FIRST: dict[str, Any] = {"tiers": [[0], [1]]}


@pytest.fixture
def plain(tmp_path: Path) -> House:
    """On SQLite only."""
    return House(Database(at(tmp_path)), tmp_path)


def waiting(client: TestClient) -> dict[str, int]:
    """What the page says waits for each person."""
    rows = re.findall(
        r'<tr><th>(\w+)<small></small></th>.*?<td class="num">(\d+)</td>', client.get(PAGE).text
    )
    return {name: int(count) for name, count in rows}


def following(client: TestClient) -> int | None:
    got = client.post(f"{P}/next")
    return got.json()["item"] if got.status_code == 200 else None


def ranks(house: House) -> list[tuple[int, float, bool]]:
    with house.database.read() as at_:
        wanted = select(items.c.id, items.c.rank, items.c.random).order_by(items.c.number)
        return list(map(tuple, at_.execute(wanted.where(items.c.project == house.project.id))))


def test_items_are_assigned_by_number_and_by_the_next_ones(house: House) -> None:
    curator, client = house.client("curator"), house.client("annotator")
    who = str(house.people["annotator"])
    assert curator.post("/p/p/assigned", data={"assigned": "yes"}).status_code == 303
    assert "to those alone whom they are assigned to" in curator.get(PAGE).text
    assert following(client) is None
    sent = curator.post("/p/p/assign", data={"user": who, "items": "0-1, 3", "count": ""})
    assert sent.headers["Location"] == "/p/p/assign?given=3"
    assert "3 items were assigned" in curator.get(sent.headers["Location"]).text
    me = {"user": str(house.people["curator"]), "items": "", "count": "9"}
    assert curator.post("/p/p/assign", data=me).headers["Location"].endswith("given=3")
    assert waiting(curator) == {"annotator": 3, "curator": 3}
    chosen = {item for n, (item, _, _) in enumerate(ranks(house)) if n in (0, 1, 3)}
    for left in (3, 2, 1):
        assert waiting(curator)["annotator"] == left
        item = following(client)
        assert item in chosen
        client.post(f"{P}/judge", json={"item": item, "body": FIRST, "key": key()})
    assert following(client) is None
    noted = [one["what"] for one in house.client("owner").get("/api/audit").json()]
    assert noted == ["assigned", "assigned", "assigned only"]


def test_items_are_shared_out_and_taken_back(house: House) -> None:
    curator = house.client("curator")
    both = [str(house.people[name]) for name in ("annotator", "curator")]
    sent = {"users": both, "each": "2", "people": "1"}
    assert curator.post("/p/p/share", data=sent).headers["Location"].endswith("given=4")
    assert waiting(curator) == {"annotator": 2, "curator": 2}
    assert curator.post(f"/p/p/assign/{both[0]}/back").status_code == 303
    assert waiting(curator) == {"annotator": 0, "curator": 2}
    told = curator.post(f"{P}/share", json={"users": list(map(int, both)), "each": 9}).json()
    assert told == {"assigned": {both[0]: 2, both[1]: 2}}
    assert curator.delete(f"{P}/assign/{both[0]}").json() == {"taken": 2}


def test_a_bad_assignment_says_why_and_changes_nothing(plain: House) -> None:
    curator, who = plain.client("curator"), str(plain.people["annotator"])
    viewer = str(plain.people["viewer"])
    for data, words in (
        ({"user": who}, "which items"),
        ({"user": who, "items": "1", "count": "1"}, "which items"),
        ({"user": who, "items": "0-99"}, "its numbers are 0 to 5"),
        ({"user": who, "count": "many"}, "is no number"),
        ({"user": viewer, "items": "1"}, "not somebody who judges"),
        ({"user": "999", "count": "1"}, "not somebody who judges"),
    ):
        got = curator.post("/p/p/assign", data=data)
        assert got.status_code == 400 and words in got.text, data
    for data in ({"each": "2"}, {"users": who, "each": "0"}, {"users": who, "each": "1e9"}):
        assert curator.post("/p/p/share", data=data).status_code == 400
    with plain.database.write() as at_:
        admitting.shut_out(at_, int(who), plain.people["owner"])
    got = curator.post("/p/p/assign", data={"user": who, "items": "1"})
    assert got.status_code == 400 and f'value="{who}"' not in curator.get(PAGE).text
    assert waiting(curator) == {"annotator": 0, "curator": 0}


@pytest.mark.parametrize("by", ["random", "novelty", "disagreement"])
def test_the_order_of_asking_is_set_on_the_page(house: House, by: str) -> None:
    curator, before = house.client("curator"), ranks(house)
    with house.database.write() as at_:
        made = house.make(at_, "q", 4, quota=3)
        for name in ("annotator", "curator"):
            projects.join(at_, made, house.people[name], name)
    for n, name in enumerate(("annotator", "curator")):
        client = house.client(name)
        item = client.post("/api/projects/q/next").json()["item"]
        sent = {"item": item, "body": {"tiers": [[n], [1 - n]]}, "key": key()}
        assert client.post("/api/projects/q/judge", json=sent).status_code == 200
    assert curator.post("/p/q/ask", data={"by": by, "share": "0"}).status_code == 303
    placed = {"random": 3, "novelty": 3, "disagreement": 1}[by]
    page = curator.get("/p/q").text
    assert f"Set last: {by}, 0 % at random, {placed} items" in page and "by curator" in page
    with house.database.read() as at_:
        wanted = select(items.c.rank, items.c.random, items.c.done)
        rows = at_.execute(wanted.where(items.c.project == made.id)).all()
    assert sum(-1 <= rank < 0 for rank, _, _ in rows) == placed
    assert {drawn for rank, drawn, _ in rows if rank < 0} == {by == "random"}
    assert {done for rank, _, done in rows if rank < 0} == ({2} if by == "disagreement" else {0})
    assert ranks(house) == before, "another project"


def test_an_order_that_there_is_not_says_so(plain: House) -> None:
    owner = plain.client("owner")
    made = {"name": "t", "form": {"kind": "thumb"}}
    assert owner.post("/api/projects", json=made).status_code == 201
    assert 'value="disagreement"' not in owner.get("/p/t").text
    assert 'value="uncertainty"' not in owner.get("/p/p").text, "no reward model in this store"
    for project, sent, words in (
        ("t", {"by": "disagreement"}, "no disagreement about a thumb"),
        ("p", {"by": "noise"}, "noise"),
        ("p", {"by": "uncertainty"}, "name a reward model"),
        ("p", {"by": "uncertainty", "judge": "ref:none"}, "no artifact named"),
    ):
        got = owner.post(f"/api/projects/{project}/ask", json=sent)
        assert got.status_code == 400 and words in got.json()["error"] + got.json()["fix"], sent
    assert owner.post(f"{P}/ask", json={"by": "novelty", "share": 2}).status_code == 422


def registered(house: House, folder: Path, kind: str) -> str:
    """A folder that stands for a trained model, with a record in the store."""
    folder.mkdir()
    (folder / "metrics.jsonl").write_text('{"step": 1, "loss": 1.0}\n')
    home = Store(house.studio.folder)
    record = home.register(
        stage="train", version=1, config={"kind": kind}, inputs={}, folder=folder, kind=kind
    )
    return record.id


class Judge:
    """Stands for a reward model: it is sure of the first item that it reads, and of no other."""

    reward = True
    at_work, go_on = threading.Event(), threading.Event()

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def measured(self, examples: list[Any]) -> list[list[tuple[float, int]]]:
        self.at_work.set()
        assert self.go_on.wait(20)
        return [[(9.0 * (n == 0), 1), (0.0, 1)] for n, _ in enumerate(examples)]


def test_people_go_on_judging_while_a_reward_model_reads(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plumbline.stages import answering

    monkeypatch.setattr(answering, "Answerer", Judge)
    Judge.at_work.clear(), Judge.go_on.clear()  # type: ignore[func-returns-value]
    name, got = registered(house, tmp_path / "mine", "reward"), []
    curator, client = house.client("curator"), house.client("annotator")
    assert f'<option value="{name}">mine {name[:8]}</option>' in curator.get("/p/p").text
    sent = {"by": "uncertainty", "judge": name, "share": "0"}
    asking = threading.Thread(target=lambda: got.append(curator.post("/p/p/ask", data=sent)))
    asking.start()
    try:
        assert Judge.at_work.wait(20)
        item = following(client)
        said = {"item": item, "body": FIRST, "key": key()}
        assert client.post(f"{P}/judge", json=said).status_code == 200
        second = house.client("owner").post(f"{P}/ask", json={"by": "novelty"})
        assert second.status_code == 409 and "try again" in second.json()["fix"]
    finally:
        Judge.go_on.set()
        asking.join()
    assert got[0].status_code == 303
    order = [-1 / 6, -1, -5 / 6, -4 / 6, -3 / 6, -2 / 6]
    assert [rank for _, rank, _ in ranks(house)] == pytest.approx(order)
    assert house.client("owner").post(f"{P}/ask", json={"by": "novelty"}).json() == {"placed": 5}


def test_a_model_that_rewards_nothing_is_no_judge(plain: House, tmp_path: Path) -> None:
    owner, name = plain.client("owner"), registered(plain, tmp_path / "m", "model")
    got = owner.post(f"{P}/ask", json={"by": "uncertainty", "judge": name})
    assert got.status_code == 400 and "is no reward model" in got.json()["error"]


def test_runs_that_are_elsewhere_are_listed_by_their_records(
    plain: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("out") / "dpo"
    registered(plain, folder, "model")
    owner = plain.client("owner")
    (name,) = re.findall(rf'href="/runs/(\w+)">{re.escape(str(folder))}<', owner.get("/runs").text)
    assert owner.get(f"/api/runs/{name}/metrics").json()["curves"] == {"loss": [[1, 1.0]]}
    assert str(folder) in owner.get(f"/runs/{name}").text and str(folder) not in name
