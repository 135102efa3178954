"""A model turns a critique into a revision, and it is always known whose words it is."""

# ruff: noqa: F401, F811  fixtures are imported
from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from live import eventually
from pen import ORIGINAL, Pen, house, pen
from postgres import database, server
from sqlalchemy import func, select
from studio_house import House, key

from plumbline.core.types import Critique, Edit, answer
from plumbline.data import read
from plumbline.feedback.collecting import projects, reading, revising
from plumbline.feedback.collecting.tables import events, items

C = "/api/projects/critiques"
NOTE = {"text": "too late", "span": [3, 10]}


def held(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.post(f"{C}/next").json()
    return found


def revise(client: TestClient, item: int, *notes: Any) -> Any:
    return client.post(f"{C}/revise", json={"item": item, "notes": list(notes or [NOTE])})


def judge(client: TestClient, item: int, revision: str, **more: Any) -> None:
    body = {"notes": [NOTE], "revision": revision} | more
    said = {"item": item, "body": body, "seconds": 3, "key": key()}
    got = client.post(f"{C}/judge", json=said)
    assert got.status_code == 200, got.text


def said(house: House) -> tuple[list[Any], dict[str, Any]]:
    """The judgements that stand, and the last body."""
    with house.database.read() as at:
        project = projects.named(at, "critiques")
        body = select(events.c.body).where(events.c.project == project.id)
        last = at.execute(body.order_by(events.c.id.desc()).limit(1)).scalar_one()
        return list(reading.said(at, project)), last


def test_the_model_reads_the_conversation_and_the_notes(house: House, pen: Pen) -> None:
    client = house.client("annotator")
    found = held(client)
    got = revise(
        client, found["item"], NOTE, {"text": "be kinder"}, {"text": "?", "span": [17, 24]}
    )
    assert got.status_code == 200 and got.json()["text"].startswith("ant 0 on")
    ((model, prompt, n, seed),) = pen.asked
    assert (model, n, seed) == ("ant", 1, None)
    assert [turn.role for turn in prompt] == ["user", "assistant", "user"]
    assert prompt[1].content == ORIGINAL
    assert '- on the words "at noon": too late\n- on all of it: be kinder\n' in prompt[2].content
    assert f'- on the words "{ORIGINAL[17:24]}": ?' in prompt[2].content


def test_a_revision_that_stands_says_who_wrote_it(house: House, pen: Pen, tmp_path: Path) -> None:
    pen.says = lambda model, prompt, i: "Go at eight.\r\n"
    client = house.client("annotator")
    item = held(client)["item"]
    text = revise(client, item).json()["text"]
    judge(client, item, text)
    (note, edit), body = said(house)
    assert body["reviser"] == "ant" and "offered" not in body and body["revision"] == text
    assert isinstance(note, Critique) and note.provenance.writer == ""
    assert isinstance(edit, Edit) and edit.corrected == answer("Go at eight.")
    assert (edit.provenance.writer, edit.proposed) == ("ant", ())
    assert (edit.provenance.judge.kind, edit.provenance.judge.name) == ("human", "annotator")
    for kind in ("jsonl", "parquet"):
        got = house.client("curator").get(f"{C}/export", params={"format": kind})
        (tmp_path / f"e.{kind}").write_bytes(got.content)
        assert read(tmp_path / f"e.{kind}").judgements == [note, edit]
    page = house.client("owner").get("/p/critiques/items").text
    assert "a better answer by ant:" in page


def test_a_revision_that_is_changed_keeps_both_texts(house: House, tmp_path: Path) -> None:
    client = house.client("annotator")
    item = held(client)["item"]
    text = revise(client, item).json()["text"]
    judge(client, item, "Go at eight, please.")
    (_, edit), body = said(house)
    assert (body["reviser"], body["offered"]) == ("ant", text)
    assert edit.corrected == answer("Go at eight, please.") and edit.proposed == answer(text)
    assert edit.provenance.writer == "ant"
    hidden = {"anonymous": "a seed"}
    (tmp_path / "e.jsonl").write_bytes(
        house.client("curator").get(f"{C}/export", params=hidden).content
    )
    _, again = read(tmp_path / "e.jsonl").judgements
    assert again.provenance.writer == "ant" and again.provenance.judge.name != "annotator"
    assert (
        "a better answer by ant, changed:" in house.client("owner").get("/p/critiques/items").text
    )


def test_a_revision_that_is_not_taken_is_no_edit(house: House) -> None:
    client = house.client("annotator")
    item = held(client)["item"]
    text = revise(client, item).json()["text"]
    judge(client, item, "")
    (note,), body = said(house)
    assert isinstance(note, Critique) and (body["reviser"], body["offered"]) == ("ant", text)
    page = house.client("owner").get("/p/critiques/items").text
    assert "a better answer by ant was not taken" in page


def test_a_revision_back_to_the_answer_is_the_persons_own(house: House) -> None:
    client = house.client("annotator")
    item = held(client)["item"]
    revise(client, item)
    judge(client, item, ORIGINAL)
    (_, choice), _ = said(house)
    assert choice.good and choice.provenance.writer == ""


def test_who_sends_a_judgement_cannot_say_who_wrote_it(house: House) -> None:
    client = house.client("annotator")
    item = held(client)["item"]
    judge(client, item, "My own words.", reviser="bee", offered="Never said.")
    (_, edit), body = said(house)
    assert "reviser" not in body and "offered" not in body and edit.provenance.writer == ""


def test_a_curator_lets_a_models_revision_stand_as_what_it_is(house: House) -> None:
    client = house.client("annotator")
    item = held(client)["item"]
    judge(client, item, revise(client, item).json()["text"])
    with house.database.read() as at:
        event = at.execute(select(func.max(events.c.id))).scalar_one()
    owner = house.client("owner")
    assert owner.post("/p/critiques/settle", data={"event": event}).status_code == 303
    (_, edit), _ = said(house)
    assert edit.provenance.writer == "ant" and edit.provenance.judge.name == "owner"


def test_which_model_revises_is_not_told_while_one_judges(house: House) -> None:
    client = house.client("annotator")
    found = held(client)
    assert found["revises"] is True and found["form"]["reviser"] == ""
    judge(client, found["item"], revise(client, found["item"]).json()["text"] + "!")
    client.post(f"{C}/undo", json={"key": key()})
    again = client.get(f"{C}/given/{found['item']}").text
    told = again + client.get("/p/critiques/judge").text + client.get(C).text
    told += client.get("/api/projects").text
    assert '"ant"' not in told and '"offered"' not in told and "revision" in told
    assert house.client("curator").get(C).json()["form"]["reviser"] == "ant"


def test_only_who_holds_an_item_may_ask(house: House, pen: Pen) -> None:
    client, curator = house.client("annotator"), house.client("curator")
    mine, other = held(client)["item"], held(curator)["item"]
    assert mine != other and revise(client, other).status_code == 400
    judge(client, mine, "")
    assert revise(client, mine).status_code == 400, "it is judged"
    with house.database.read() as at:
        strange = at.execute(select(items.c.id).where(items.c.project == house.project.id)).first()
    assert strange is not None and revise(curator, strange.id).status_code == 400
    curator.post(f"{C}/close", json={"closed": True})
    assert revise(curator, other).status_code == 409
    assert not pen.asked


@pytest.mark.parametrize(
    "notes", [[], [{"text": " "}], [{"text": "a", "span": [3, 99]}], [{"words": "a"}], ["a"]]
)
def test_notes_that_are_none_reach_no_model(house: House, pen: Pen, notes: list[Any]) -> None:
    client = house.client("annotator")
    sent = {"item": held(client)["item"], "notes": notes}
    assert client.post(f"{C}/revise", json=sent).status_code in (400, 422)
    assert not pen.asked


def test_one_at_a_time_a_person(house: House, pen: Pen) -> None:
    pen.free.clear()
    client, curator = house.client("annotator"), house.client("curator")
    item, other = held(client)["item"], held(curator)["item"]
    got: list[Any] = []
    asking = threading.Thread(target=lambda: got.append(revise(client, item)))
    asking.start()
    eventually(lambda: pen.asked)
    second = revise(client, item)
    assert second.status_code == 429 and "already" in second.json()["error"]
    pen.free.set()
    asking.join()
    assert got[0].status_code == 200 and revise(curator, other).status_code == 200
    assert revise(client, item).status_code == 200


def test_a_model_that_does_not_answer_is_a_sentence(house: House, pen: Pen) -> None:
    client, curator = house.client("annotator"), house.client("curator")
    mine, theirs = held(client)["item"], held(curator)["item"]
    pen.down = "model ant is away"
    got = revise(client, mine)
    assert got.status_code == 502 and "ant" not in got.json()["error"].split()
    assert "model ant is away" in revise(curator, theirs).json()["error"]
    pen.down = ""
    for text in ("", "  \n", ORIGINAL, f" {ORIGINAL}\n"):
        pen.says = lambda model, prompt, i, text=text: text
        got = revise(client, mine)
        assert got.status_code == 502 and "changed nothing" in got.json()["error"]
    with house.database.read() as at:
        assert revising.offering(at, mine, house.people["annotator"], "") == {}
