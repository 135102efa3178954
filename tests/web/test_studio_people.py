# ruff: noqa: F401, F811  fixtures are imported
"""An owner shuts people out and lets them in again; nobody else does, and an owner stays."""

from __future__ import annotations

import threading

from postgres import database, server
from studio_house import House, house, key

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import accounts, admitting

P = "/api/projects/p"


def test_everybody_is_listed_with_their_projects(house: House) -> None:
    owner, client = house.client("owner"), house.client("annotator")
    client.post(f"{P}/next")
    found = {one["name"]: one for one in owner.get("/api/people").json()}
    assert set(found) == set(house.people)
    assert found["annotator"]["projects"] == {"p": "annotator"} and found["owner"]["owner"]
    assert found["annotator"]["seen"] >= found["annotator"]["created"]
    assert found["viewer"]["seen"] is None and not any("password" in one for one in found.values())
    page = owner.get("/people").text
    assert page.count("Shut out</button>") == len(found) - 1 and ">you<" in page
    assert 'href="/people"' not in client.get("/").text


def test_who_is_shut_out_comes_in_no_way_until_let_in_again(house: House) -> None:
    owner, client = house.client("owner"), house.client("annotator")
    program, who = house.program("annotator", "judge", "read"), house.people["annotator"]
    item = client.post(f"{P}/next").json()["item"]
    said = {"item": item, "body": {"tiers": [[0], [1]]}, "key": key()}
    assert client.post(f"{P}/judge", json=said).status_code == 200
    assert owner.post(f"/people/{who}").status_code == 303
    assert (client.get("/api/me").status_code, program.get(P).status_code) == (401, 401)
    assert "shut out" in owner.get("/people").text and "shut out" in owner.get("/p/p/people").text
    with house.database.read() as at:
        assert accounts.account(at, who) is None
    assert owner.get(P).json()["progress"]["judged"] == 1, "what they said stays"
    assert owner.post(f"/people/{who}", data={"active": "yes"}).status_code == 303
    assert (client.get("/api/me").status_code, program.get(P).status_code) == (401, 401)
    assert house.client("annotator").get("/api/me").status_code == 200
    noted = owner.get("/api/audit").json()[:2]
    assert [(one["user"], one["what"], one["detail"]) for one in noted] == [
        ("owner", what, {"user": who, "name": "annotator"}) for what in ("let in", "shut out")
    ]


def test_nobody_shuts_themselves_out_nor_somebody_who_is_not_there(house: House) -> None:
    owner, me = house.client("owner"), house.people["owner"]
    got = owner.post(f"/api/people/{me}", json={"active": False})
    assert got.status_code == 400 and "nobody shuts themselves out" in got.json()["error"]
    assert owner.post("/api/people/999", json={"active": False}).status_code == 400
    assert owner.get("/api/me").status_code == 200


def test_of_two_owners_who_shut_each_other_out_one_stays(house: House) -> None:
    with house.database.write() as at:
        house.people["second"] = accounts.add(at, "second", None, people="", owner=True)
    pair, refused = (house.people["owner"], house.people["second"]), list[str]()
    start = threading.Barrier(2)

    def shut_out(user: int, by: int) -> None:
        start.wait()
        try:
            with house.database.write() as at:
                admitting.shut_out(at, user, by)
        except UserError as error:
            refused.append(error.what)

    threads = [threading.Thread(target=shut_out, args=one) for one in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1 and refused[0].endswith("is the last owner")
    with house.database.read() as at:
        assert [accounts.account(at, one) is None for one in pair].count(True) == 1
