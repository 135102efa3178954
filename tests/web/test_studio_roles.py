# ruff: noqa: F401, F811  fixtures are imported
"""Every route for every role, over each kind of database. A route that is missing here fails the
first test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from postgres import database, server
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select
from studio_house import ROLES, House, house, key, lines

from plumbline.feedback.collecting import accounts, projects, sessions
from plumbline.feedback.collecting.tables import items

P, S = "/api/projects/{project}", "/p/{project}"
ALL = (200, 200, 200, 200, 200, 401)
"""Owner, curator, annotator, viewer, a stranger (curator of another project), nobody."""
TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("POST", "/api/login"): (400,) * 6,  # the password is wrong
    ("POST", "/api/logout"): (204, 204, 204, 204, 204, 401),
    ("POST", "/api/setup"): (400,) * 6,  # there is an owner
    ("POST", "/api/join"): (400,) * 6,  # there is no such link
    ("GET", "/api/me"): ALL,
    ("GET", "/api/sessions"): ALL,
    ("DELETE", "/api/sessions/{session}"): (404, 404, 404, 404, 404, 401),  # another person's
    ("GET", "/api/tokens"): ALL,
    ("POST", "/api/tokens"): (201, 201, 201, 201, 201, 401),
    ("DELETE", "/api/tokens/{token}"): (404, 404, 404, 404, 404, 401),  # another person's
    ("POST", "/api/password"): (400, 400, 400, 400, 400, 401),  # the old one is wrong
    ("GET", "/api/audit"): (200, 403, 403, 403, 403, 401),
    ("GET", "/api/people"): (200, 403, 403, 403, 403, 401),
    ("POST", "/api/people/{user}"): (204, 403, 403, 403, 403, 401),
    ("GET", "/api/projects"): ALL,
    ("POST", "/api/projects"): (201, 403, 403, 403, 403, 401),
    ("GET", P): (200, 200, 200, 200, 404, 401),
    ("POST", P + "/items"): (200, 200, 403, 403, 404, 401),
    ("POST", P + "/assign"): (200, 200, 403, 403, 404, 401),
    ("DELETE", P + "/assign/{user}"): (200, 200, 403, 403, 404, 401),
    ("POST", P + "/share"): (200, 200, 403, 403, 404, 401),
    ("POST", P + "/assigned"): (204, 204, 403, 403, 404, 401),
    ("POST", P + "/rank"): (200, 200, 403, 403, 404, 401),
    ("POST", P + "/ask"): (200, 200, 403, 403, 404, 401),
    ("POST", P + "/adjudicate"): (200, 200, 403, 403, 404, 401),
    ("POST", P + "/close"): (204, 204, 403, 403, 404, 401),
    ("POST", P + "/guideline"): (200, 200, 403, 403, 404, 401),
    ("POST", P + "/members"): (204, 204, 403, 403, 404, 401),
    ("DELETE", P + "/members/{user}"): (404, 204, 403, 403, 404, 401),  # the curator was first
    ("POST", P + "/invites"): (201, 201, 403, 403, 404, 401),
    ("POST", P + "/next"): (200, 200, 200, 403, 404, 401),
    ("GET", P + "/given/{item}"): (404, 404, 404, 403, 404, 401),  # not given to them
    ("POST", P + "/judge"): (400, 400, 400, 403, 404, 401),  # not given to them
    ("POST", P + "/skip"): (400, 400, 400, 403, 404, 401),
    ("POST", P + "/undo"): (204, 204, 204, 403, 404, 401),
    ("POST", P + "/draft"): (400, 400, 400, 403, 404, 401),
    ("POST", P + "/revise"): (400, 400, 400, 403, 404, 401),  # no model revises
    ("POST", P + "/draw"): (400, 400, 403, 403, 404, 401),  # there are no models
    ("GET", P + "/items"): (200, 200, 403, 200, 404, 401),
    ("POST", P + "/seen"): (200, 200, 403, 403, 404, 401),  # a viewer sees everything anyway
    ("GET", P + "/people"): (200, 200, 403, 200, 404, 401),
    ("GET", P + "/agreement"): (200, 200, 403, 200, 404, 401),
    ("GET", P + "/export"): (400, 400, 403, 400, 404, 401),  # nobody has judged
    ("GET", "/api/runs/{run}/metrics"): (404, 403, 403, 403, 403, 401),  # there is no run
    # Pages: nobody is sent to log in (303), and 303 is where a form leads to.
    ("GET", "/login"): (303, 303, 303, 303, 303, 200),
    ("POST", "/login"): (400,) * 6,
    ("POST", "/logout"): (303,) * 6,
    ("GET", "/setup/{token}"): (400,) * 6,
    ("POST", "/setup/{token}"): (400,) * 6,
    ("GET", "/join/{token}"): (400,) * 6,
    ("POST", "/join/{token}"): (400,) * 6,
    ("GET", "/account"): (200, 200, 200, 200, 200, 303),
    ("POST", "/account/password"): (400, 400, 400, 400, 400, 303),
    ("POST", "/account/sessions/{session}/end"): (404, 404, 404, 404, 404, 303),
    ("POST", "/account/tokens"): (200, 200, 200, 200, 200, 303),
    ("POST", "/account/tokens/{token}/remove"): (404, 404, 404, 404, 404, 303),
    ("GET", "/audit"): (200, 403, 403, 403, 403, 303),
    ("GET", "/people"): (200, 403, 403, 403, 403, 303),
    ("POST", "/people/{user}"): (303, 403, 403, 403, 403, 303),
    ("GET", "/"): (200, 200, 200, 200, 200, 303),
    ("GET", "/new"): (200, 403, 403, 403, 403, 303),
    ("POST", "/new"): (303, 403, 403, 403, 403, 303),
    ("GET", "/runs"): (200, 403, 403, 403, 403, 303),
    ("GET", "/runs/{run}"): (404, 403, 403, 403, 403, 303),
    ("POST", S + "/settle"): (404, 404, 403, 403, 404, 303),
    ("GET", "/runs/{run}/report"): (404, 403, 403, 403, 403, 303),
    ("GET", S): (200, 200, 200, 200, 404, 303),
    ("POST", S + "/close"): (303, 303, 403, 403, 404, 303),
    ("POST", S + "/draw"): (303, 303, 403, 403, 404, 303),
    ("GET", S + "/items"): (200, 200, 403, 200, 404, 303),
    ("POST", S + "/seen"): (303, 303, 403, 403, 404, 303),
    ("GET", S + "/assign"): (200, 200, 403, 403, 404, 303),
    ("POST", S + "/assign"): (303, 303, 403, 403, 404, 303),
    ("POST", S + "/assign/{user}/back"): (303, 303, 403, 403, 404, 303),
    ("POST", S + "/share"): (303, 303, 403, 403, 404, 303),
    ("POST", S + "/assigned"): (303, 303, 403, 403, 404, 303),
    ("POST", S + "/ask"): (303, 303, 403, 403, 404, 303),
    ("GET", S + "/people"): (200, 200, 403, 200, 404, 303),
    ("POST", S + "/invites"): (200, 200, 403, 403, 404, 303),
    ("POST", S + "/members/{user}"): (303, 303, 403, 403, 404, 303),
    ("GET", S + "/guideline"): (200, 200, 200, 200, 404, 303),
    ("POST", S + "/guideline"): (303, 303, 403, 403, 404, 303),
    ("GET", S + "/judge"): (200, 200, 200, 403, 404, 303),
    ("GET", S + "/export"): (200, 200, 403, 200, 404, 303),
}
FORMS: dict[str, dict[str, str]] = {
    "/account/password": {"old": "wrong", "new": "long enough to do", "again": "long enough to do"},
    "/account/tokens": {"label": "t", "scopes": "read"},
    "/new": {"name": "new", "kind": "pair", "source": "microcosm", "count": "2"},
    S + "/invites": {"role": "viewer"},
    S + "/members/{user}": {"role": "viewer"},
    S + "/guideline": {"text": "Be fairer."},
    S + "/settle": {"event": "999"},
    S + "/seen": {"item": "1"},
    S + "/assign": {"user": "3", "count": "1"},  # the annotator
    S + "/share": {"users": "3", "each": "1"},
    S + "/ask": {"by": "novelty"},
}
"""What a page's form sends."""


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may what has nothing to do with how long a password takes."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(accounts, "_hasher", lambda: quick)
    monkeypatch.setattr(accounts, "_nobodys", lambda: quick.hash("the password of nobody"))


def routes(found: Iterable[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Methods and paths, also of routers within routers (which newer FastAPI keeps as such)."""
    for route in found:
        if isinstance(route, APIRoute):
            yield from ((method, before + route.path) for method in route.methods)
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from routes(inner.routes, before + route.include_context.prefix)


def body_of(house: House, path: str) -> Any:
    """A body that would be taken from who may send it."""
    item, event = house_item(house), {"item": 1, "key": key()}
    return {
        "/api/login": {"name": key(), "password": "wrong"},
        "/api/setup": {"token": "none", "name": "eve", "password": "long enough to do"},
        "/api/join": {"token": "none", "name": "eve", "password": "long enough to do"},
        "/api/tokens": {"label": "t", "scopes": ["read"]},
        "/api/password": {"old": "wrong", "new": "long enough to do"},
        "/api/projects": {"name": f"new-{key()}", "form": {"kind": "pair"}},
        P + "/assign": {"user": house.people["annotator"], "items": [item]},
        P + "/share": {"users": [house.people["annotator"]], "each": 1},
        P + "/assigned": {"assigned": True},
        P + "/ask": {"by": "novelty"},
        P + "/seen": {"items": [item]},
        "/api/people/{user}": {"active": False},
        P + "/rank": {"utilities": {item: 0.5}},
        P + "/adjudicate": event | {"body": {"tiers": [[0], [1]]}},
        P + "/close": {"closed": True},
        P + "/guideline": {"text": "Be fairer."},
        P + "/members": {"user": house.people["viewer"], "role": "viewer"},
        P + "/invites": {"role": "annotator"},
        P + "/judge": event | {"body": {"tiers": [[0], [1]]}},
        P + "/skip": event | {"reason": "unclear"},
        P + "/undo": {"key": key()},
        P + "/draft": {"item": item, "body": {}},
        P + "/revise": {"item": item, "notes": [{"text": "too long"}]},
        P + "/draw": {"prompts": ["Why?"], "models": ["some"]},
    }.get(path)


def sent_to(house: House, path: str) -> dict[str, Any]:
    """What httpx sends to a route."""
    if path == P + "/items":
        return {"content": lines({"prompt": "Why?", "responses": ["Yes.", "No."]})}
    if path.startswith("/api/"):
        return {"json": body_of(house, path)}
    return {"data": FORMS.get(path, {"name": key(), "password": "wrong"})}


def house_item(house: House) -> int:
    with house.database.read() as at:
        wanted = select(items.c.id).where(items.c.project == house.project.id)
        return int(at.execute(wanted.limit(1)).scalar_one())


def somebody_elses(house: House) -> dict[str, Any]:
    """Path parameters: a session and a token that none of the roles has, and a member to remove."""
    with house.database.write() as at:
        other = accounts.add(at, "other", None, people="", owner=False)
        projects.join(at, house.project, other, "annotator")
        session = sessions.digest(sessions.begin(at, other, ""))[:16]
        sessions.make_token(at, other, "t", ["read"])
        token = sessions.tokens_of(at, other)[0].id
    return {"project": "p", "item": house_item(house), "user": other, "session": session,
            "token": token, "run": "none"}  # fmt: skip


def test_every_route_is_in_the_table(house: House) -> None:
    assert set(routes(house.app.routes)) == set(TABLE)


@pytest.mark.parametrize(("method", "path"), TABLE, ids=[" ".join(one) for one in TABLE])
def test_each_role_may_what_the_table_says(house: House, method: str, path: str) -> None:
    place = path.format(**somebody_elses(house))
    found = {}
    for role in reversed(ROLES):  # those who may least come first: nothing they do helps others
        sent = sent_to(house, path) if method == "POST" else {}
        got = house.client(role).request(method, place, **sent)
        found[role] = got.status_code
        if role == "nobody" and got.status_code == 303:
            assert got.headers["Location"].startswith("/login?next=")
    assert tuple(found[role] for role in ROLES) == TABLE[method, path]


def test_who_is_no_member_learns_not_even_that_a_project_is_there(house: House) -> None:
    stranger = house.client("stranger")
    there, not_there = (stranger.get(f"/api/projects/{name}") for name in ("p", "none"))
    assert (there.status_code, there.json()) == (not_there.status_code, not_there.json())
    assert [one["name"] for one in stranger.get("/api/projects").json()] == ["other"]


def test_an_item_of_another_project_is_out_of_reach(house: House) -> None:
    """The stranger curates `other`, and asks there for items of `p`."""
    stranger, item = house.client("stranger"), house_item(house)
    other = "/api/projects/other"
    me = {"user": house.people["stranger"], "items": [item]}
    assert stranger.post(f"{other}/assign", json=me).status_code == 404
    assert stranger.post(f"{other}/rank", json={"utilities": {item: 1}}).status_code == 404
    assert stranger.get(f"{other}/given/{item}").status_code == 404
    said = {"item": item, "body": {"tiers": [[0], [1]]}, "key": key()}
    assert stranger.post(f"{other}/judge", json=said).status_code == 400
    member = {"user": house.people["annotator"], "role": "viewer"}
    assert stranger.post(f"{other}/members", json=member).status_code == 404
