"""The studio's API as a program or a page uses it; over SQLite and PostgreSQL."""

# ruff: noqa: F401, F811  fixtures are imported
from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres import database, server
from sqlalchemy import func, select
from studio_house import PASSWORD, House, house, key, lines

from plumbline.core.types import Ranking
from plumbline.data import read
from plumbline.feedback.collecting import accounts, invites, projects, reading
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.tables import events, guidelines, items

P = "/api/projects/p"
FIRST: dict[str, Any] = {"tiers": [[0], [1]]}


def take(client: TestClient, place: str = P) -> dict[str, Any] | None:
    found = client.post(f"{place}/next")
    assert found.status_code in (200, 204), found.text
    return found.json() if found.status_code == 200 else None


def say(client: TestClient, item: int, body: Any = None, **more: Any) -> Any:
    sent = {"item": item, "body": body or FIRST, "seconds": 2.5, "key": key()} | more
    return client.post(f"{P}/judge", json=sent)


def count(house: House, *what: Any) -> int:
    with house.database.read() as at:
        return at.execute(select(func.count()).select_from(events).where(*what)).scalar_one()


def test_from_the_first_link_to_a_file_to_train_on(database: Database, tmp_path: Path) -> None:
    """As people do it: set up, make a project, invite, judge, export."""
    from plumbline.web.studio.app import build
    from plumbline.web.studio.state import Studio

    app = build(Studio(database, b"s" * 32, tmp_path, "http://testserver"))
    with database.write() as at:
        token = invites.first_owner(at)
    ann, bob = TestClient(app), TestClient(app)
    who = {"token": token, "name": "ann", "password": PASSWORD}
    ann.headers["X-CSRF-Token"] = ann.post("/api/setup", json=who).json()["csrf"]
    made = {"name": "p", "form": {"kind": "pair"}, "quota": 2, "guideline": "Be fair."}
    assert ann.post("/api/projects", json=made).json()["progress"]["items"] == 0
    rows = [{"prompt": f"{n}?", "responses": ["Yes.", "No."], "models": ["a", "b"]} for n in (1, 2)]
    assert ann.post(f"{P}/items", content=lines(*rows)).json() == {"added": 2, "lines": 2}
    link = ann.post(f"{P}/invites", json={"role": "annotator", "people": "north"}).json()["link"]
    comes = {"token": link.rsplit("/", 1)[1], "name": "bob", "password": PASSWORD, "people": ""}
    bob.headers["X-CSRF-Token"] = bob.post("/api/join", json=comes).json()["csrf"]
    for one in (ann, bob):
        while found := take(one):
            assert say(one, found["item"]).status_code == 200
    assert ann.get(P).json()["progress"] == {
        "items": 2, "full": 2, "judged": 4, "wanted": 0, "coming": 0,
    }  # fmt: skip
    (tmp_path / "e.jsonl").write_bytes(ann.get(f"{P}/export").content)
    said = read(tmp_path / "e.jsonl").judgements
    assert {type(one) for one in said} == {Ranking} and len(said) == 4
    assert {(j.provenance.judge.name, j.provenance.judge.group) for j in said} == {
        ("ann", ""), ("bob", "north"),
    }  # fmt: skip


def test_an_item_shows_its_judge_no_more_than_it_should(house: House) -> None:
    curator, annotator = house.client("curator"), house.client("annotator")
    found = take(curator)
    assert found and say(curator, found["item"]).status_code == 200
    shown = take(annotator)
    assert shown is not None
    assert set(shown) == {
        "item", "prompt", "answers", "shown", "form", "revises", "guideline", "began", "expires",
        "draft", "left",
    }  # fmt: skip
    whole = json.dumps([shown, annotator.get(P).json(), annotator.get("/api/projects").json()])
    assert "secret-a" not in whole and "known" not in whole and '"checks"' not in whole
    assert [answer["index"] for answer in shown["answers"]] == shown["shown"]


def test_the_order_shown_is_the_order_stored(house: House) -> None:
    client, orders = house.client("annotator"), set()
    while found := take(client):
        say(client, found["item"])
        again = client.get(f"{P}/given/{found['item']}").json()
        assert again["shown"] == found["shown"] and again["body"]["tiers"] == FIRST["tiers"]
        orders.add(tuple(found["shown"]))
    assert orders == {(0, 1), (1, 0)}
    with house.database.read() as at:
        said = list(reading.said(at, house.project))
    assert {one.provenance.shown for one in said} == orders


def test_the_same_key_sent_twice_is_one_judgement(house: House) -> None:
    client = house.client("annotator")
    found, one = take(client), key()
    assert found
    first, second = (say(client, found["item"], key=one) for _ in range(2))
    assert first.json() == second.json() and count(house) == 1


def test_the_same_key_at_the_same_moment_is_one_judgement(house: House) -> None:
    client, one, got = house.client("annotator"), key(), []
    found = take(client)
    assert found
    item = found["item"]

    def send() -> None:
        got.append(say(client, item, key=one).json())

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 6 and len({answer.get("event") for answer in got}) == 1, got
    assert count(house) == 1


def test_an_undo_gives_the_item_back_and_keeps_both_events(house: House) -> None:
    client = house.client("annotator")
    found = take(client)
    assert found
    say(client, found["item"])
    assert client.post(f"{P}/undo", json={"key": key()}).json() == {"item": found["item"]}
    again = take(client)
    assert again and again["item"] == found["item"]
    assert client.get(f"{P}/given/{found['item']}").json()["body"] is None
    assert count(house) == 2
    assert client.post(f"{P}/undo", json={"key": key()}).status_code == 204


def test_a_draft_comes_back_with_its_item(house: House) -> None:
    client = house.client("annotator")
    found = take(client)
    assert found
    kept = {"tiers": [[1]], "note": "é\u202e"}
    assert client.post(f"{P}/draft", json={"item": found["item"], "body": kept}).status_code == 204
    again = take(client)
    assert again and again["draft"] == kept
    say(client, found["item"])
    assert client.get(f"{P}/given/{found['item']}").json()["draft"] is None


@pytest.mark.parametrize("text", [r"\ud800", r"\u0000", "x" * 100])
@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "1"])
def test_what_cannot_be_kept_is_refused_and_the_next_item_still_comes(
    house: House, text: str, number: str
) -> None:
    client = house.client("annotator")
    found = take(client)
    assert found
    body = f'{{"item": {found["item"]}, "body": {{"text": "{text}", "number": {number}}}}}'
    sent = client.post(f"{P}/draft", content=body, headers={"Content-Type": "application/json"})
    assert sent.status_code == (422 if number != "1" or "ud800" in text else 204), sent.text
    assert take(client)


def test_many_at_once_judge_no_item_twice(house: House) -> None:
    """Twelve people, each with two tabs, on forty items that want one judgement each."""
    with house.database.write() as at:
        made = house.make(at, "many", 40)
        for n in range(12):
            house.people[f"p{n}"] = accounts.add(at, f"p{n}", None, people="", owner=False)
            projects.join(at, made, house.people[f"p{n}"], "annotator")
    place, wrong = "/api/projects/many", []

    def work(client: TestClient) -> None:
        while (found := client.post(f"{place}/next")).status_code == 200:
            sent = {"item": found.json()["item"], "body": FIRST, "key": key()}
            if (answer := client.post(f"{place}/judge", json=sent)).status_code != 200:
                wrong.append(answer.text)

    clients = [house.program(f"p{n}", "judge") for n in range(12) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with house.database.read() as at:
        here = items.c.project == made.id
        kept = at.execute(select(items.c.taken, items.c.done).where(here)).all()
        who = select(events.c.item, events.c.user).where(events.c.project == made.id).distinct()
        assert len(at.execute(who).all()) == 40
    assert not wrong and kept == [(1, 1)] * 40


def test_a_closed_project_takes_nothing(house: House) -> None:
    curator, client = house.client("curator"), house.client("annotator")
    found = take(client)
    assert found
    curator.post(f"{P}/close", json={"closed": True})
    assert say(client, found["item"]).status_code == 409 and take(client) is None
    curator.post(f"{P}/close", json={"closed": False})
    assert say(client, found["item"]).status_code == 200


def test_what_is_left_goes_down_to_nothing(house: House) -> None:
    house.studio.recent.get = lambda name, seconds, counted: counted()  # type: ignore[method-assign]
    client, left = house.client("annotator"), []
    while found := take(client):
        left.append(found["left"])
        say(client, found["item"])
    assert left == [6, 5, 4, 3, 2, 1]


def test_a_bad_line_names_its_number_and_nothing_is_kept(house: House) -> None:
    client, good = house.client("curator"), {"prompt": "Why?", "responses": ["Yes.", "No."]}
    for bad in (
        b"{", b"[]", b"\xff", b'{"prompt": "\\ud800", "responses": ["a", "b"]}',
        lines({"prompt": "?", "responses": ["only one"]}), lines({"prompts": "?"}),
        lines(good | {"known": {"tiers": [[7], [1]]}}),
    ):  # fmt: skip
        sent = client.post(f"{P}/items", content=lines(good) + b"\n" + bad + b"\n" + lines(good))
        assert sent.status_code == 400 and "line 3" in sent.json()["error"], sent.text
    with house.database.read() as at:
        here = items.c.project == house.project.id
        assert at.execute(select(func.count()).where(here)).scalar_one() == 6


def test_items_that_are_there_already_are_not_added_again(house: House) -> None:
    client, row = house.client("curator"), {"prompt": "Why?", "responses": ["Yes.", "No."]}
    assert client.post(f"{P}/items", content=lines(row, row)).json() == {"added": 1, "lines": 2}
    assert client.post(f"{P}/items", content=lines(row)).json() == {"added": 0, "lines": 1}


def test_a_curator_sees_items_with_what_was_said(house: House) -> None:
    curator, client = house.client("curator"), house.client("annotator")
    found = take(client)
    assert found
    say(client, found["item"])
    pages = [curator.get(f"{P}/items", params={"after": n, "limit": 3}).json() for n in (-1, 2)]
    assert [one["number"] for page in pages for one in page] == list(range(6))
    judged = next(one for page in pages for one in page if one["said"])
    assert judged["id"] == found["item"] and judged["models"] == ["secret-a", "secret-b"]
    assert judged["said"][0]["name"] == "annotator" and judged["said"][0]["seconds"] == 2.5


def test_people_are_listed_with_their_checks(house: House) -> None:
    owner, client = house.client("owner"), house.client("annotator")
    made = {"name": "c", "form": {"kind": "pair"}, "checks": 0.99}
    owner.post("/api/projects", json=made)
    known = [
        {
            "prompt": f"{n}?",
            "responses": ["Yes.", "No."],
            "known": {"tiers": [[n % 2], [1 - n % 2]]},
        }
        for n in range(4)
    ]
    place = "/api/projects/c"
    assert owner.post(f"{place}/items", content=lines(*known)).json()["added"] == 4
    with house.database.write() as at:
        projects.join(at, projects.named(at, "c"), house.people["annotator"], "annotator")
    while found := take(client, place):
        sent = {"item": found["item"], "body": FIRST, "seconds": 4, "key": key()}
        assert client.post(f"{place}/judge", json=sent).status_code == 200
    worker = next(one for one in owner.get(f"{place}/people").json() if one["name"] == "annotator")
    assert (worker["right"], worker["asked"], worker["seconds"]) == (2, 4, 4)


def test_assigned_items_go_to_who_they_are_assigned_to(house: House) -> None:
    with house.database.write() as at:
        made = house.make(at, "named", 4, assigned=True)
        for name in ("annotator", "curator"):
            projects.join(at, made, house.people[name], name)
        here = items.c.project == made.id
        chosen = list(at.execute(select(items.c.id).where(here).order_by(items.c.id)).scalars())[:2]
    place = "/api/projects/named"
    given_ = {"user": house.people["annotator"], "items": chosen}
    assert house.client("curator").post(f"{place}/assign", json=given_).json() == {"assigned": 2}
    found = take(house.client("annotator"), place)
    assert found and found["item"] in chosen and found["left"] == 2
    assert take(house.client("curator"), place) is None


def test_agreement_is_of_what_was_said(house: House) -> None:
    for name in ("curator", "annotator"):
        client = house.client(name)
        for _ in range(3):
            found = take(client)
            assert found and say(client, found["item"]).status_code == 200
    told = house.client("viewer").get(f"{P}/agreement").json()
    assert told["judgements"] == 6 and told["judges"] == 2


@pytest.mark.parametrize("form", ["pairs", "pooled-pairs", "rankings", "labels", "demonstrations"])
def test_every_form_is_exported_as_both_kinds_of_file(
    house: House,
    tmp_path: Path,
    form: str,
) -> None:
    client = house.client("annotator")
    while found := take(client):
        say(client, found["item"])
    rows = {}
    for kind in ("jsonl", "parquet"):
        got = house.client("viewer").get(f"{P}/export", params={"as": form, "format": kind})
        assert got.status_code == 200, got.text
        (tmp_path / f"e.{kind}").write_bytes(got.content)
        said = read(tmp_path / f"e.{kind}").judgements
        assert len(said) == int(got.headers["X-Plumbline-Rows"]) > 0
        rows[kind] = len(said)
    assert rows["jsonl"] == rows["parquet"]


def test_an_export_says_what_it_left_out(house: House) -> None:
    client, bodies = house.client("annotator"), [FIRST, {"tiers": [[0, 1]]}]
    for body in bodies:
        found = take(client)
        assert found and say(client, found["item"], body).status_code == 200
    got = house.client("viewer").get(f"{P}/export", params={"as": "pairs"})
    assert (got.headers["X-Plumbline-Rows"], got.headers["X-Plumbline-Left-Out"]) == ("1", "1")


def test_an_anonymous_export_names_nobody_and_is_noted(house: House) -> None:
    client = house.client("annotator")
    found = take(client)
    assert found
    say(client, found["item"])
    sent = {"anonymous": "a seed", "group": ""}
    once, again = (house.client("viewer").get(f"{P}/export", params=sent) for _ in range(2))
    assert once.content == again.content and b'"annotator"' not in once.content
    noted = house.client("owner").get("/api/audit").json()[0]
    assert (noted["user"], noted["project"], noted["what"]) == ("viewer", "p", "export")
    assert "a seed" not in json.dumps(noted)


def test_an_export_of_a_group_is_of_that_group_only(house: House) -> None:
    client = house.client("annotator")
    found = take(client)
    assert found
    say(client, found["item"])
    viewer = house.client("viewer")
    assert viewer.get(f"{P}/export", params={"group": "north"}).status_code == 400


def test_guidelines_have_versions_and_judgements_keep_theirs(house: House) -> None:
    curator, client = house.client("curator"), house.client("annotator")
    for version in (1, 2):
        found = take(client)
        assert found and found["guideline"] == version
        say(client, found["item"])
        curator.post(f"{P}/guideline", json={"text": f"Version {version + 1}."})
    with house.database.read() as at:
        rubrics = [one.provenance.rubric for one in reading.said(at, house.project)]
        kept = at.execute(select(guidelines.c.text).where(guidelines.c.project == 1)).scalars()
        assert list(kept) == ["Be fair.", "Version 2.", "Version 3."]
    assert rubrics == ["p@1", "p@2"]


def test_what_is_asked_first_can_be_said(house: House) -> None:
    with house.database.read() as at:
        here = items.c.project == house.project.id
        chosen = list(at.execute(select(items.c.id).where(here)).scalars())
    utilities = {str(item): n / 10 for n, item in enumerate(chosen)}
    sent = {"utilities": utilities, "share": 0}
    assert house.client("curator").post(f"{P}/rank", json=sent).json() == {"placed": 6}
    found = take(house.client("annotator"))
    assert found and found["item"] == chosen[-1]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=json_values, path=st.sampled_from(["judge", "skip", "undo", "draft", "next"]))
def test_no_body_is_a_bug(house: House, body: Any, path: str) -> None:
    """Whatever is sent, the answer is a success or says what was wrong."""
    client = house.client("annotator")
    take(client)
    for sent in (body, {"item": 1, "body": body, "key": "k" * 8, "reason": "x"}):
        answer = client.post(
            f"{P}/{path}", content=json.dumps(sent), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (200, 204, 400, 422), answer.text
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error", "fix"}
