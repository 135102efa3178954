# ruff: noqa: F401, F811  fixtures are imported
"""Nobody sees what others said of an item that they may still be asked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from postgres import database, server
from sqlalchemy import select
from studio_house import House, house, key

from plumbline.feedback.collecting import accounts, judging, projects, queue
from plumbline.feedback.collecting.projects import Project
from plumbline.feedback.collecting.tables import events, items

P = "/api/projects/b"
FIRST: dict[str, Any] = {"tiers": [[0], [1]]}


def judged_by(house: House, count: int, quota: int, *people: str, **more: Any) -> Project:
    """The project `b`, of which these people have judged every item: by turns for the first and
    the second answer. The curator and the viewer are members."""
    with house.database.write() as at:
        made = house.make(at, "b", count, quota=quota, **more)
        projects.join(at, made, house.people["curator"], "curator")
        projects.join(at, made, house.people["viewer"], "viewer")
        for n, name in enumerate(people):
            who = accounts.add(at, name, None, people=name.partition("-")[0], owner=False)
            projects.join(at, made, who, "annotator")
            while given := queue.next_item(at, made, who):
                body = {"tiers": [[n % 2], [1 - n % 2]]}
                judging.judge(at, made, who, given.item, body, key=key())
    return made


def listed(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{P}/items").json()
    return found


def asked_of(client: TestClient) -> set[int]:
    """All items that somebody is given, skipping them."""
    found = set()
    while (got := client.post(f"{P}/next")).status_code == 200:
        found.add(got.json()["item"])
        sent = {"item": got.json()["item"], "reason": "enough", "key": key()}
        assert client.post(f"{P}/skip", json=sent).status_code == 200
    return found


@pytest.mark.parametrize("name", ["owner", "curator"])
def test_who_may_be_asked_sees_a_count_and_no_answer(house: House, name: str) -> None:
    judged_by(house, 2, 3, "ann", "bob")
    client = house.client(name)
    found = listed(client)
    assert [(one["hidden"], one["done"], one["said"], one["models"]) for one in found] == [
        (True, 2, [], [])
    ] * 2
    page = client.get("/p/b/items").text
    assert page.count("2 people have judged it; shown once you have judged it") == 2
    assert "ann" not in page and "A &gt; B" not in page and "secret-a" not in page
    assert "on 2 items that you may still be asked" in client.get("/p/b/items?differ=1").text


def test_a_viewer_never_judges_and_sees_all(house: House) -> None:
    judged_by(house, 2, 3, "ann", "bob")
    client = house.client("viewer")
    assert all(len(one["said"]) == 2 and not one["hidden"] for one in listed(client))
    assert client.get("/p/b/items?differ=1").text.count("A &gt; B") == 2


def test_what_one_has_judged_is_seen_and_a_skip_that_can_be_taken_back_shows_nothing(
    house: House,
) -> None:
    judged_by(house, 3, 3, "ann", "bob")
    client = house.client("curator")
    for path, more in (("judge", {"body": FIRST}), ("skip", {"reason": "odd"})):
        item = client.post(f"{P}/next").json()["item"]
        assert client.post(f"{P}/{path}", json={"item": item, "key": key()} | more).is_success
    assert [len(one["said"]) for one in listed(client)].count(0) == 2
    assert client.post(f"{P}/seen", json={"items": [item]}).json() == {"skipped": 1}
    assert [len(one["said"]) for one in listed(client)].count(0) == 1
    assert client.post(f"{P}/undo", json={"key": key()}).json()["item"] != item
    held = client.post(f"{P}/next").json()["item"]
    assert next(one for one in listed(client) if one["id"] == held)["hidden"], "it is in hand"


def test_what_is_full_is_seen_and_can_be_settled(house: House) -> None:
    judged_by(house, 2, 2, "ann", "bob")
    client = house.client("curator")
    assert all(len(one["said"]) == 2 for one in listed(client))
    assert client.get("/p/b/items?differ=1").text.count("Let this stand") == 4
    event = listed(client)[0]["said"][0]["event"]
    assert client.post("/p/b/settle", data={"event": str(event)}).status_code == 303
    assert client.get("/p/b/items?differ=1").text.count("Let this stand") == 2


def test_a_closed_project_hides_nothing(house: House) -> None:
    judged_by(house, 2, 3, "ann", "bob")
    client = house.client("curator")
    client.post(f"{P}/close", json={"closed": True})
    assert [len(one["said"]) for one in listed(client)] == [2, 2]
    client.post(f"{P}/close", json={"closed": False})
    assert [len(one["said"]) for one in listed(client)] == [0, 0]


def test_who_sees_them_is_never_asked_it_not_even_after_an_undo(house: House) -> None:
    judged_by(house, 3, 3, "ann", "bob")
    client = house.client("curator")
    one, two, three = (found["id"] for found in listed(client))
    held = client.post(f"{P}/next").json()["item"]
    sent = {"item": held, "body": FIRST, "key": key()}
    assert client.post(f"{P}/judge", json=sent).status_code == 200
    other = next(item for item in (one, two, three) if item != held)
    page = client.post("/p/b/seen", data={"item": str(other)})
    assert page.status_code == 303 and page.headers["Location"].endswith(f"#item-{other}")
    seen = next(found for found in listed(client) if found["id"] == other)
    assert [said["name"] for said in seen["said"]] == ["ann", "bob", "curator"]
    assert seen["said"][-1]["body"] == {"reason": judging.SAW} and seen["done"] == 2
    assert client.post(f"{P}/seen", json={"items": [other, held]}).json() == {"skipped": 0}
    undone = client.post(f"{P}/undo", json={"key": key()})
    assert undone.json() == {"item": held}, "the judgement before it, not the look"
    assert client.post(f"{P}/undo", json={"key": key()}).status_code == 204
    late = client.post(f"{P}/judge", json={"item": other, "body": FIRST, "key": key()})
    assert late.status_code == 400 and "saw what others said" in late.json()["error"]
    assert asked_of(client) == {one, two, three} - {other}


def test_a_look_at_what_is_in_hand_or_assigned_gives_it_up(house: House) -> None:
    made = judged_by(house, 2, 3, "ann", "bob")
    client, who = house.client("curator"), house.people["curator"]
    held = client.post(f"{P}/next").json()["item"]
    assert client.post(f"{P}/seen", json={"items": [held]}).json() == {"skipped": 1}
    with house.database.write() as at:
        projects.assign_only(at, made)
        (left,) = {one["id"] for one in listed(client)} - {held}
        queue.assign(at, made, who, [left])
    assert client.post(f"{P}/seen", json={"items": [left]}).json() == {"skipped": 1}
    assert client.post(f"{P}/next").status_code == 204
    with house.database.read() as at:
        counts = at.execute(select(items.c.taken, items.c.done).where(items.c.project == made.id))
        assert set(map(tuple, counts)) == {(2, 2)}


def test_an_owner_who_looks_is_a_member_from_then_on(house: House) -> None:
    judged_by(house, 2, 3, "ann", "bob")
    client = house.client("owner")
    item = listed(client)[0]["id"]
    assert client.post(f"{P}/seen", json={"items": [item, item]}).json() == {"skipped": 1}
    people = {one["name"]: one for one in client.get(f"{P}/people").json()}
    assert (people["owner"]["role"], people["owner"]["skipped"]) == ("curator", 1)
    assert client.post(f"{P}/seen", json={"items": [1]}).status_code == 404, "of another project"


def test_a_settled_item_is_asked_no_more_and_so_is_seen(house: House) -> None:
    judged_by(house, 2, 3, "ann", "bob")
    curator, owner = house.client("curator"), house.client("owner")
    item = curator.post(f"{P}/next").json()["item"]
    assert curator.post(f"{P}/judge", json={"item": item, "body": FIRST, "key": key()}).is_success
    other = next(one["id"] for one in listed(curator) if one["id"] != item)
    word = {"item": other, "body": FIRST, "key": key()}
    assert curator.post(f"{P}/adjudicate", json=word).status_code == 200
    found = {one["id"]: one for one in listed(owner)}
    assert not found[other]["open"] and len(found[other]["said"]) == 2
    progress = owner.get(P).json()["progress"]
    assert (progress["full"], progress["wanted"]) == (2, 0)
    assert owner.post(f"{P}/next").status_code == 204
    assert curator.post(f"{P}/undo", json={"key": key()}).json() == {"item": item}
    assert {one["id"]: one["open"] for one in listed(owner)} == {item: True, other: False}


def test_what_groups_differ_on_is_hidden_likewise(house: House) -> None:
    judged_by(house, 4, 5, "north-1", "south-1", "north-2", "south-2")
    curator, viewer = house.client("curator"), house.client("viewer")
    whole, fair = (one.get(f"{P}/agreement").json()["forms"][0] for one in (viewer, curator))
    assert len(whole["conflicts"]) == whole["divided"]["count"] == 4 and whole["divided"]["items"]
    assert fair["conflicts"] == fair["divided"]["items"] == [] and fair["divided"]["count"] == 4
    page = curator.get("/p/b").text
    assert "Groups of people differ on 4 items" in page and "you may still be asked" in page
    assert "What groups differ on" not in page
    seen = listed(curator)[0]["id"]
    curator.post(f"{P}/seen", json={"items": [seen]})
    (left,) = curator.get(f"{P}/agreement").json()["forms"][0]["conflicts"]
    assert left["prompt"][-1]["content"] == "b 0?"


def test_all_of_a_page_can_be_seen_at_once(house: House) -> None:
    judged_by(house, 3, 3, "ann", "bob")
    client = house.client("curator")
    page = client.get("/p/b/items").text
    assert "What others said of 3 items of this page" in page
    (form,) = re.findall(r"<form method.*?</form>", page, re.S)
    sent = re.findall(r'name="item" value="(\d+)"', form)
    assert client.post("/p/b/seen", data={"item": sent, "after": "-1"}).status_code == 303
    assert not any(one["hidden"] for one in listed(client)) and asked_of(client) == set()
    with house.database.read() as at:
        reasons = at.execute(select(events.c.body).where(events.c.kind == "skipped")).scalars()
        assert list(reasons) == [{"reason": judging.SAW}] * 3
