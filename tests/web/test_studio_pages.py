"""The pages work without a script (but for judging), and each is for those it is for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from studio_house import PASSWORD, House, key

from plumbline.core.types import answer, user
from plumbline.feedback.collecting import invites, projects
from plumbline.feedback.collecting.database import Database, at
from plumbline.feedback.collecting.forms import Asked, Form
from plumbline.feedback.collecting.projects import Item
from plumbline.web.studio import pages
from plumbline.web.studio.app import STATIC


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(Database(at(tmp_path)), tmp_path, passwords=True)


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_from_the_first_link_to_an_export_without_a_script(tmp_path: Path) -> None:
    house = empty(tmp_path)
    with house.database.write() as here:
        token = invites.first_owner(here)
    olive = TestClient(house.app)
    short = olive.post(f"/setup/{token}", data={"name": "olive", "password": "short"})
    assert short.status_code == 400 and "at least 10 characters" in short.text
    assert (
        "New project"
        in olive.post(f"/setup/{token}", data={"name": "olive", "password": PASSWORD}).text
    )
    file = b'{"prompt": "Hi", "responses": ["Hello.", "What?"], "models": ["m1", "m2"]}\n'
    csrf = form_of(olive.get("/new").text)
    given = {"name": "greetings", "kind": "pair", "options": ["ties", "none"], **csrf}
    made = olive.post("/new", data=given, files={"file": ("a.jsonl", file)})
    assert made.status_code == 200 and "of 1 items done" in made.text
    bad = olive.post("/new", data={**given, "name": "b"}, files={"file": ("a.jsonl", file + b"{")})
    assert bad.status_code == 400 and "line 2" in bad.text
    assert olive.get("/p/b").status_code == 404, "nothing of it is kept"
    invited = olive.post(
        "/p/greetings/invites", data={"role": "annotator", "people": "north", **csrf}
    )
    link = re.search(r'id="link">http://testserver([^<]+)<', invited.text)
    assert link
    anna = TestClient(house.app)
    joined = anna.post(link[1], data={"name": "anna", "password": PASSWORD})
    assert joined.status_code == 200 and "Judge" in joined.text
    page = anna.get("/p/greetings/judge").text
    assert "Hello." in page and "m1" not in page
    data = json.loads(re.search(r'id="judge" data-judge="([^"]*)"', page)[1].replace("&#34;", '"'))
    said = {"item": data["item"], "body": {"tiers": [[0], [1]]}, "key": key()}
    csrf_a = re.search(r'name="csrf" content="(\w+)"', page)[1]
    headers = {"X-CSRF-Token": csrf_a}
    assert anna.post("/api/projects/greetings/judge", json=said, headers=headers).status_code == 200
    assert "Nothing is left" in anna.get("/p/greetings/judge").text
    assert "north" in olive.get("/p/greetings/people").text
    assert "A &gt; B" in olive.get("/p/greetings/items").text
    row = olive.get("/api/projects/greetings/export?as=pairs&format=jsonl&group=&anonymous=").json()
    assert row["chosen"] and "Hello." in json.dumps(row)
    olive.post("/logout", data=csrf)
    assert "Log in" in olive.get("/", follow_redirects=True).text


def empty(folder: Path) -> House:
    """A studio without anybody."""
    house = House.__new__(House)
    from plumbline.web.studio.app import build
    from plumbline.web.studio.state import Studio

    house.database = Database(at(folder))
    house.studio = Studio(house.database, b"s" * 32, folder, "http://testserver")
    house.app = build(house.studio)
    return house


@pytest.mark.parametrize(
    "kind", ["ranking", "pair", "thumb", "rating", "demonstration", "critique"]
)
def test_a_project_of_the_microcosm_can_be_judged(house: House, kind: str) -> None:
    client = house.client("owner")
    given = {"name": f"m-{kind}", "kind": kind, "source": "microcosm", "count": "5",
             "options": ["ties", "none", "strength"]}  # fmt: skip
    assert client.post("/new", data=given).status_code == 303
    page = client.get(f"/p/m-{kind}/judge").text
    assert 'id="judge"' in page and "gossip" not in page


def test_axes_are_read_with_their_anchors(house: House) -> None:
    client = house.client("owner")
    given = {"name": "axes", "kind": "rating", "source": "microcosm", "count": "2",
             "axes": "helpful 1 5 of no use | solves it\nhonest 0 100"}  # fmt: skip
    assert client.post("/new", data=given).status_code == 303
    with house.database.read() as here:
        axes = projects.named(here, "axes").form.axes
    assert [(a.name, a.low, a.high, a.anchors) for a in axes] == [
        ("helpful", 1, 5, ("of no use", "solves it")),
        ("honest", 0, 100, ("", "")),
    ]
    refused = client.post("/new", data=given | {"name": "bad", "axes": "helpful one five"})
    assert refused.status_code == 400 and "helpful 1 5" in refused.text


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "x"]
)
def test_log_in_leads_nowhere_else(house: House, place: str) -> None:
    reply = house.client("nobody").post(
        "/login", data={"name": "owner", "password": PASSWORD, "next": place}
    )
    assert reply.status_code == 303 and reply.headers["location"] == "/"


def test_curves_of_a_run_are_sent_thinned_and_whole_lines_only(house: House) -> None:
    folder = house.studio.folder / "work" / "run-1"
    folder.mkdir(parents=True)
    lines = [json.dumps({"step": n, "loss": 1 / (n + 1), "odd": "x"}) for n in range(1000)]
    (folder / "metrics.jsonl").write_text("\n".join(lines) + '\n{"step": 1000, "lo')
    client = house.client("owner")
    name = re.search(r'href="/runs/(\w+)"', client.get("/runs").text)[1]
    assert "work/run-1" in client.get(f"/runs/{name}").text
    found = client.get(f"/api/runs/{name}/metrics").json()
    assert found["rows"] == 1000 and list(found["curves"]) == ["loss"]
    loss = found["curves"]["loss"]
    assert loss[0] == [0, 1] and len(loss) <= 400 and loss[-1][0] > 990


def test_a_run_is_reported_in_a_sandbox(house: House) -> None:
    folder = house.studio.folder / "work" / "run-2"
    folder.mkdir(parents=True)
    told = {"command": "evaluate", "label": "<b>mine</b>", "seconds": {}, "peak_gb": None,
            "metrics": {"gold": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}}}  # fmt: skip
    (folder / "metrics.jsonl").write_text('{"step": 1, "loss": 1.0}\n')
    (folder / "results.json").write_text(json.dumps(told))
    client = house.client("owner")
    name = re.search(r'href="/runs/(\w+)">work/run-2', client.get("/runs").text)[1]
    found = client.get(f"/runs/{name}/report")
    assert (
        found.status_code == 200 and "&lt;b&gt;mine" in found.text and "<script" not in found.text
    )
    policy = found.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "script-src" not in policy
    assert found.headers["x-frame-options"] == "DENY"
    (folder / "report.html").write_text("<h1>as it was written</h1>")
    assert client.get(f"/runs/{name}/report").text == "<h1>as it was written</h1>"
    (folder / "report.html").unlink()
    (folder / "results.json").write_text("{")
    assert client.get(f"/runs/{name}/report").status_code == 400


def test_disagreement_between_groups_is_said(house: House) -> None:
    from plumbline.feedback.collecting import accounts, judging, queue

    with house.database.write() as here:
        asked = (Asked((user(f"{n}?"),), (answer("a"), answer("b"))) for n in range(6))
        made = projects.create(here, "split", Form("pair"), quota=6)
        projects.add(here, made, map(Item, asked))
        for n in range(6):
            group = "north" if n < 3 else "south"
            who = accounts.add(here, f"{group}-{n}", None, people=group, owner=False)
            projects.join(here, made, who, "annotator")
            while (given := queue.next_item(here, made, who)) is not None:
                best = int(group == "south")
                body = {"tiers": [[best], [1 - best]]}
                judging.judge(here, made, who, given.item, body, seconds=3, key=key())
    page = house.client("viewer").get("/p/split").status_code
    assert page == 404, "no member of it"
    text = house.client("owner").get("/p/split").text
    assert "Groups of people differ on 6 items" in text and "people of different groups" in text
    assert "--data ref:split@GROUP" in text


def test_a_curator_settles_an_item_by_letting_a_judgement_stand(house: House) -> None:
    from plumbline.feedback.collecting import accounts, judging, queue, reading

    with house.database.write() as here:
        made = projects.create(here, "split", Form("pair"), quota=2)
        asked = (Asked((user(f"{n}?"),), (answer("a"), answer("b"))) for n in range(2))
        projects.add(here, made, map(Item, asked))
        for n in range(2):
            who = accounts.add(here, f"judge-{n}", None, people="", owner=False)
            projects.join(here, made, who, "annotator")
            while (given := queue.next_item(here, made, who)) is not None:
                body = {"tiers": [[n], [1 - n]]}
                judging.judge(here, made, who, given.item, body, key=key())
    client = house.client("owner")
    page = client.get("/p/split/items?differ=1").text
    events = re.findall(r'name="event" value="(\d+)"', page)
    assert len(events) == 4 and "Settled by" not in page
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    reply = client.post("/p/split/settle", data={"event": events[1], "csrf": csrf})
    assert reply.status_code == 303
    assert len(re.findall(r'name="event"', client.get("/p/split/items?differ=1").text)) == 2
    assert client.get("/p/split/items").text.count("Settled by") == 1
    with house.database.read() as here:
        assert len(list(reading.said(here, made))) == 3


def test_the_scripts_are_short_and_nothing_is_inline() -> None:
    scripts = sorted(STATIC.glob("*.js"))
    assert sum(len(one.read_text().splitlines()) for one in scripts) < 600
    for script in scripts:
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|eval\(|https?://(?!www.w3.org)",
                             script.read_text())  # fmt: skip
    templates = Path(pages.__file__).with_name("templates")
    for one in templates.glob("*.html"):
        page = one.read_text()
        assert not re.search(
            r"\son(?!ly)\w+=|style=|<style|<script(?! type=\"module\" src=)|\|safe", page
        )
