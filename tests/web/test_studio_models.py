"""Models in the studio answer prompts in the background; over SQLite and PostgreSQL."""

# ruff: noqa: F401, F811  fixtures are imported
from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from live import eventually
from pen import Pen, house, pen
from postgres import database, server
from sqlalchemy import select
from studio_house import House, key, lines

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, text_of, user
from plumbline.feedback.collecting import drawing, listing, projects
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.forms import Form
from plumbline.feedback.collecting.listing import Listed
from plumbline.feedback.collecting.tables import audit

P = "/api/projects/p"


def draw(client: TestClient, *prompts: Any, models: Any = ("ant", "bee"), n: int = 0) -> Any:
    return client.post(f"{P}/draw", json={"prompts": prompts, "models": list(models), "n": n})


def drawn(house: House, name: str = "p") -> None:
    """Let the models answer until nothing waits."""
    assert house.models is not None
    with house.models:
        eventually(lambda: not waiting(house, name))


def waiting(house: House, name: str = "p") -> int:
    with house.database.read() as at:
        return drawing.drawing(at, projects.named(at, name)).waiting


def listed(house: House, name: str = "p") -> list[Listed]:
    """The items of a project; of `p` those behind its first six."""
    with house.database.read() as at:
        project = projects.named(at, name)
        return listing.page(at, project, after=5 if name == "p" else -1, limit=100)


def texts(item: Listed) -> list[str]:
    return [text_of(one) for one in item.asked.answers]


def test_models_answer_prompts_which_become_items(house: House, pen: Pen) -> None:
    curator = house.client("curator")
    chat = [{"role": "user", "content": "And?"}]
    assert draw(curator, "Why?", chat).json() == {"prompts": 2}
    told = curator.get(P).json()["progress"]
    assert (told["items"], told["coming"], told["wanted"]) == (6, 2, 8)
    page = curator.get("/p/p").text
    assert "2 prompts wait for answers; 6 items have theirs" in page
    drawn(house)
    told = curator.get(P).json()["progress"]
    assert (told["items"], told["coming"], told["wanted"]) == (8, 0, 8)
    assert "wait for answers" not in curator.get("/p/p").text
    found = sorted(listed(house), key=texts)
    assert [texts(one) for one in found] == [
        ["ant 0 on And?", "bee 0 on And?"], ["ant 0 on Why?", "bee 0 on Why?"],
    ]  # fmt: skip
    assert all(one.models == ("ant", "bee") for one in found)
    seeds = {(prompt, seed) for _, prompt, _, seed in pen.asked}
    assert len(seeds) == len({seed for _, seed in seeds} - {None}) == 2, "one a prompt"
    with house.database.read() as at:
        noted = at.execute(select(audit.c.detail).where(audit.c.what == "draw")).scalar_one()
    assert noted == {"prompts": 2, "models": ["ant", "bee"], "each": 1}


def test_who_judges_never_learns_which_model_wrote(house: House) -> None:
    draw(house.client("curator"), "Why?")
    drawn(house)
    client, seen = house.client("annotator"), []
    while (found := client.post(f"{P}/next")).status_code == 200:
        seen.append(found.text)
        said = {"item": found.json()["item"], "body": {"tiers": [[0], [1]]}, "key": key()}
        client.post(f"{P}/judge", json=said)
    assert len(seen) == 7 and "ant 0 on Why?" in "".join(seen)
    told = "".join([*seen, client.get(P).text, client.get("/p/p").text])
    assert "models" not in told and "secret" not in told


def test_equal_answers_are_no_item_and_are_counted(house: House, pen: Pen) -> None:
    pen.says = lambda model, prompt, i: "Same." if "Why" in prompt[-1].content else f"{model}."
    curator = house.client("curator")
    draw(curator, "Why?", "How?", "")
    pen.says = lambda model, prompt, i: {"Why?": "Same.", "How?": model}.get(prompt[-1].content, "")
    drawn(house)
    assert [texts(one) for one in listed(house)] == [["ant", "bee"]]
    assert "2 prompts have no item" in curator.get("/p/p").text
    assert curator.get(P).json()["progress"]["coming"] == 0
    assert curator.post("/p/p/draw", data={"what": "leave"}).status_code == 303
    assert "have no item" not in curator.get("/p/p").text


def test_one_model_may_answer_several_times(house: House, pen: Pen) -> None:
    assert draw(house.client("curator"), "Why?", models=["cow"]).json() == {"prompts": 1}
    drawn(house)
    (one,) = listed(house)
    assert texts(one) == ["cow 0 on Why?", "cow 1 on Why?"] and one.models == ("cow", "cow")
    assert [n for _, _, n, _ in pen.asked] == [2], "as few as a pair takes"


@pytest.mark.parametrize(
    ("kind", "models", "n", "why"),
    [
        ("pair", ["ant", "bee", "cow"], 0, "2 answers"),
        ("pair", ["ant"], 3, "2 answers"),
        ("pair", ["ant", "ant"], 1, "each once"),
        ("pair", [], 0, "0 models"),
        ("pair", ["ant", "fly"], 0, "'fly'"),
        ("demonstration", ["ant"], 0, "choose no models"),
    ],
)
def test_what_a_form_cannot_ask_about_is_refused(
    house: House, kind: Any, models: list[str], n: int, why: str
) -> None:
    with house.database.write() as at:
        projects.create(at, "other-form", Form(kind))
    sent = {"prompts": ["Why?"], "models": models, "n": n}
    got = house.client("owner").post("/api/projects/other-form/draw", json=sent)
    assert got.status_code == 400 and why in json.dumps(got.json()), got.text
    assert not waiting(house, "other-form")


def test_a_form_of_single_answers_makes_an_item_of_each(house: House) -> None:
    owner = house.client("owner")
    owner.post("/api/projects", json={"name": "thumbs", "form": {"kind": "thumb"}})
    sent = {"prompts": ["Why?", "How?"], "models": ["ant", "bee"], "n": 2}
    owner.post("/api/projects/thumbs/draw", json=sent)
    assert owner.get("/api/projects/thumbs").json()["progress"]["coming"] == 8
    drawn(house, "thumbs")
    assert owner.get("/api/projects/thumbs").json()["progress"]["items"] == 8
    assert Counter(one.models for one in listed(house, "thumbs")) == {("ant",): 4, ("bee",): 4}


def test_an_address_that_is_down_is_said_and_tried_again(house: House, pen: Pen) -> None:
    curator, viewer = house.client("curator"), house.client("viewer")
    pen.down = "nobody answers at <address>"
    draw(curator, "Why?")
    assert house.models is not None
    with house.models:
        eventually(lambda: "nobody answers" in viewer.get("/p/p").text)
        assert "&lt;address&gt;" in viewer.get("/p/p").text
        assert "nobody answers" not in house.client("annotator").get("/p/p").text
        pen.down = ""
        assert curator.post("/p/p/draw", data={"what": "again"}).status_code == 303
        eventually(lambda: not waiting(house))
    assert len(listed(house)) == 1 and "nobody answers" not in curator.get("/p/p").text


def test_one_prompt_that_fails_holds_up_no_other(house: House, pen: Pen) -> None:
    def says(model: str, prompt: Conversation, i: int) -> str:
        if prompt[-1].content == "bad":
            raise UserError("this prompt is too long")
        return f"{model} {prompt[-1].content}"

    pen.says = says
    draw(house.client("curator"), "bad", *[f"good {n}" for n in range(20)])
    assert house.models is not None
    with house.models:
        eventually(lambda: waiting(house) == 1)
    assert len(listed(house)) == 20
    assert "1 prompt, which will be tried again: this prompt is too long" in (
        house.client("curator").get("/p/p").text
    )


def test_a_bug_ends_no_thread(house: House, pen: Pen, capsys: pytest.CaptureFixture[str]) -> None:
    good = pen.says
    pen.says = lambda model, prompt, i: str(1 // 0)
    curator = house.client("curator")
    draw(curator, *[f"{n}?" for n in range(10)])
    assert house.models is not None
    with house.models:
        eventually(lambda: "a bug of the studio (ZeroDivisionError)" in curator.get("/p/p").text)
        pen.says = good
        house.models.drawer.wake()
        eventually(lambda: not waiting(house))
    assert len(listed(house)) == 10 and "ZeroDivisionError" in capsys.readouterr().err


def test_a_closed_project_waits(house: House) -> None:
    curator = house.client("curator")
    draw(curator, "Why?")
    curator.post(f"{P}/close", json={"closed": True})
    with house.database.read() as at:
        assert drawing.waiting(at) is None
    curator.post(f"{P}/close", json={"closed": False})
    with house.database.read() as at:
        assert drawing.waiting(at) is not None


def test_who_finishes_second_changes_nothing(house: House) -> None:
    """As two studios over one database would."""
    draw(house.client("curator"), "Why?")
    with house.database.read() as at:
        one = drawing.waiting(at)
    assert one is not None
    for said in (["A.", "B."], ["C.", "D."]):
        with house.database.write() as at:
            drawing.finish(at, one, said, ["ant", "bee"])
    assert [texts(item) for item in listed(house)] == [["A.", "B."]]


def test_many_prompts_are_numbered_once(house: House) -> None:
    """Eight threads put items in while a file comes in by hand."""
    curator = house.client("curator")
    draw(curator, *[f"{n}?" for n in range(60)])
    assert house.models is not None
    with house.models:
        for n in range(20):
            row = {"prompt": f"by hand {n}", "responses": ["Yes.", "No."]}
            curator.post(f"{P}/items", content=lines(row))
        eventually(lambda: not waiting(house))
    numbers = [one.number for one in listed(house)]
    assert sorted(numbers) == list(range(6, 86))


def test_what_no_database_keeps_is_taken_out(house: House, pen: Pen) -> None:
    pen.says = lambda model, prompt, i: f"{model}\0\ud800\r\nend"
    draw(house.client("curator"), "Why?")
    drawn(house)
    assert [texts(one) for one in listed(house)] == [["ant\ufffd?\nend", "bee\ufffd?\nend"]]


# -- the page of a new project


def make(client: TestClient, **more: Any) -> Any:
    file = more.pop("file", None)
    given = {"name": "new", "kind": "pair", "options": ["ties", "none"]} | more
    return client.post("/new", data=given, files={"file": ("a.jsonl", file)} if file else None)


def test_a_project_with_models_is_made_by_its_page(house: House) -> None:
    owner = house.client("owner")
    page = owner.get("/new").text
    assert all(f'value="{name}"' in page for name in ("ant", "bee", "cow"))
    file = lines({"prompt": "Why?"}, {"prompt": [{"role": "user", "content": "How?"}]})
    assert make(owner, models=["ant", "bee"], file=file).status_code == 303
    drawn(house, "new")
    assert len(listed(house, "new")) == 2
    made = make(owner, name="world", models=["bee"], source="microcosm", count="3", each="")
    assert made.status_code == 303
    drawn(house, "world")
    assert [one.models for one in listed(house, "world")] == [("bee", "bee")] * 3


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"prompt": "Why?", "responses": ["Yes."]}, "line 1"),
        ({"prompt": "Why?", "known": {"tiers": [[0], [1]]}}, "line 1"),
        ({"prompts": "Why?"}, "line 1"),
        ({"prompt": 3}, "line 1"),
        (None, "no prompt in the file"),
    ],
)
def test_a_file_that_is_not_of_prompts_makes_no_project(house: House, row: Any, why: str) -> None:
    owner = house.client("owner")
    got = make(owner, models=["ant", "bee"], file=lines(row) if row else b"\n")
    assert got.status_code == 400 and why in got.text
    assert owner.get("/api/projects/new").status_code == 404


def test_models_that_cannot_be_listed_are_said_and_no_page_fails(house: House, pen: Pen) -> None:
    pen.down = "no answer from <there>"
    page = house.client("owner").get("/new")
    assert page.status_code == 200 and "no answer from &lt;there&gt;" in page.text


def test_a_studio_without_models_offers_none(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path)
    owner = house.client("owner")
    assert "Models" not in owner.get("/new").text
    assert make(owner, models=["ant", "bee"], source="microcosm").status_code == 400
    with database.write() as at:
        drawing.ask(at, house.project, [drawing.Prompt((user("Why?"),))], ["ant", "bee"], 0)
    assert "runs without models" in owner.get("/p/p").text
    assert "runs without models" not in house.client("annotator").get("/p/p").text
    assert "still writing answers" not in house.client("annotator").get("/p/p/judge").text


def test_who_has_judged_all_hears_that_more_is_coming(house: House) -> None:
    house.client("owner").post("/api/projects", json={"name": "empty", "form": {"kind": "pair"}})
    sent = {"prompts": ["Why?"], "models": ["ant", "bee"]}
    house.client("owner").post("/api/projects/empty/draw", json=sent)
    assert "still writing answers" in house.client("owner").get("/p/empty/judge").text


def test_a_reviser_is_of_a_critique_and_one_of_the_models(house: House) -> None:
    owner = house.client("owner")
    assert make(owner, reviser="ant", source="microcosm", count="2").status_code == 400
    critique = {"kind": "critique", "source": "microcosm", "count": "2"}
    assert make(owner, reviser="fly", **critique).status_code == 400
    assert make(owner, reviser="bee", **critique).status_code == 303
    assert owner.get("/api/projects/new").json()["form"]["reviser"] == "bee"
