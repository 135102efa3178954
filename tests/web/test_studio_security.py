# ruff: noqa: F401, F811  fixtures are imported
"""What the studio refuses: other sites, stolen or stale sessions, tokens beyond their scope."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from postgres import database, server
from studio_house import PASSWORD, ROLES, House, house, key, lines, signed_by

from plumbline.feedback.collecting import sessions
from plumbline.feedback.collecting.database import Database
from plumbline.web.studio import around
from plumbline.web.studio.app import build
from plumbline.web.studio.state import Recent, Studio, secret_in

P = "/api/projects/p"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Passwords are hashed here."""
    return House(Database(f"sqlite:///{tmp_path / 'studio.sqlite'}"), tmp_path, passwords=True)


def logged_in(house: House, name: str = "annotator") -> TestClient:
    client = TestClient(house.app, follow_redirects=False)
    told = client.post("/api/login", json={"name": name, "password": PASSWORD})
    assert told.status_code == 200, told.text
    client.headers["X-CSRF-Token"] = told.json()["csrf"]
    return client


@pytest.mark.parametrize("path", ["/api/me", "/api/none", "/none", "/static/none.css", "/"])
def test_every_answer_carries_the_headers(house: House, path: str) -> None:
    got = TestClient(house.app, follow_redirects=False).get(path)
    for name, value in around.HEADERS.items():
        assert got.headers[name] == value
    assert "unsafe" not in got.headers["Content-Security-Policy"]
    assert got.headers["Cache-Control"] == ("no-cache" if "static" in path else "no-store")


def test_a_bug_carries_the_headers_too_and_tells_nothing(house: House) -> None:
    house.app.add_api_route("/api/bug", lambda: {}["secret"])
    got = TestClient(house.app, raise_server_exceptions=False).get("/api/bug")
    assert got.status_code == 500 and "secret" not in got.text
    assert got.headers["Content-Security-Policy"] == around.HEADERS["Content-Security-Policy"]


def test_no_page_of_documentation_is_served(house: House) -> None:
    client = house.client("owner")
    assert {client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}


def test_the_cookie_is_signed_and_kept_from_scripts(house: House) -> None:
    client = TestClient(house.app)
    got = client.post("/api/login", json={"name": "owner", "password": PASSWORD})
    cookie = got.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "Secure" not in cookie  # there is no TLS here


def test_with_tls_the_cookie_is_secure_and_bound_to_the_host(house: House) -> None:
    app = build(Studio(house.database, b"s" * 32, house.studio.folder, "https://studio.test"))
    client = TestClient(app, base_url="https://studio.test")
    got = client.post("/api/login", json={"name": "owner", "password": PASSWORD})
    assert (
        "__Host-plumbline=" in got.headers["Set-Cookie"] and "Secure" in got.headers["Set-Cookie"]
    )
    assert "Domain" not in got.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in got.headers and client.get("/api/me").status_code == 200


def test_a_cookie_that_somebody_else_signed_is_nobodys(house: House) -> None:
    with house.database.write() as at:
        token = sessions.begin(at, house.people["owner"], "")
    for cookie in (token, signed_by(b"t" * 32, token), f"{token}.", "", "\xff"):
        headers = {"Cookie": f"plumbline={cookie}".encode("latin-1")}
        assert TestClient(house.app).get("/api/me", headers=headers).status_code == 401  # type: ignore[arg-type]


def test_a_change_needs_the_sessions_own_csrf_token(house: House) -> None:
    client, other = house.client("annotator"), house.client("annotator")
    for token in ("", "0" * 64, "é", other.headers["X-CSRF-Token"]):
        got = client.post(f"{P}/next", headers={"X-CSRF-Token": token.encode()})  # type: ignore[dict-item]
        assert got.status_code == 403, token
    assert client.post(f"{P}/next").status_code == 200
    token = client.headers.pop("X-CSRF-Token")
    assert client.post(f"{P}/next").status_code == 403
    assert client.post(f"{P}/next", data={"csrf": token}).status_code == 200


@pytest.mark.parametrize("path", ["/api/login", f"{P}/next"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.test"}, {"Origin": "null"}, {"Origin": "http://testserver:81"},
    ],
)  # fmt: skip
def test_nothing_changes_from_another_site(
    house: House, path: str, headers: dict[str, str]
) -> None:
    got = house.client("annotator").post(path, headers=headers, json={})
    assert got.status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}]
)
def test_the_studios_own_pages_may(house: House, headers: dict[str, str]) -> None:
    assert house.client("annotator").post(f"{P}/next", headers=headers).status_code == 200


def test_logging_out_ends_the_session_itself(house: House) -> None:
    client = house.client("annotator")
    cookie = client.cookies["plumbline"]
    assert client.post("/api/logout").status_code == 204
    headers = {"Cookie": f"plumbline={cookie}"}
    assert TestClient(house.app).get("/api/me", headers=headers).status_code == 401


def test_a_session_can_be_ended_from_another(house: House) -> None:
    one, two = house.client("annotator"), house.client("annotator")
    found = one.get("/api/sessions").json()
    assert sorted(session["this"] for session in found) == [False, True]
    other = next(session["id"] for session in found if not session["this"])
    assert one.delete(f"/api/sessions/{other}").status_code == 204
    assert (one.get("/api/me").status_code, two.get("/api/me").status_code) == (200, 401)


def test_a_new_password_ends_all_other_sessions(house: House) -> None:
    one, two = logged_in(house), logged_in(house)
    new = {"old": PASSWORD, "new": "quite another secret"}
    assert one.post("/api/password", json=new).status_code == 204
    assert (one.get("/api/me").status_code, two.get("/api/me").status_code) == (200, 401)
    again = TestClient(house.app).post(
        "/api/login", json={"name": "annotator", "password": PASSWORD}
    )
    assert again.status_code == 400


def test_too_many_attempts_wait(house: House) -> None:
    client, wrong = TestClient(house.app), {"name": "owner", "password": "wrong"}
    got = [client.post("/api/login", json=wrong) for _ in range(6)]
    assert [one.status_code for one in got] == [400] * 5 + [429]
    assert 0 < int(got[-1].headers["Retry-After"]) <= 901


SCOPED = {
    "read": {("GET", P), ("GET", f"{P}/items"), ("GET", f"{P}/people"), ("GET", "/api/audit")},
    "judge": {("GET", P), ("POST", f"{P}/next"), ("POST", f"{P}/undo")},
    "export": {("GET", f"{P}/export")},
    "manage": {("GET", P), ("POST", f"{P}/close"), ("POST", f"{P}/items")},
}


@pytest.mark.parametrize("scope", SCOPED)
def test_a_token_does_what_its_scope_says(house: House, scope: str) -> None:
    program = house.program("owner", scope)
    bodies = {f"{P}/close": {"closed": False}, f"{P}/undo": {"key": key()}}
    for method, path in sorted(set().union(*SCOPED.values())):
        if path.endswith("/items") and method == "POST":
            got = program.post(path, content=lines({"prompt": "?", "responses": ["a", "b"]}))
        else:
            got = program.request(method, path, json=bodies.get(path))
        assert (got.status_code != 403) == ((method, path) in SCOPED[scope]), (method, path)


def test_a_token_does_no_more_than_its_person(house: House) -> None:
    program = house.program("annotator", *sessions.SCOPES)
    assert program.post(f"{P}/next").status_code == 200
    assert program.get(f"{P}/items").status_code == 403
    assert program.post(f"{P}/close", json={"closed": True}).status_code == 403
    assert program.get("/api/projects/other").status_code == 404


@pytest.mark.parametrize("name", ROLES[:-1])
def test_a_token_touches_no_account(house: House, name: str) -> None:
    program = house.program(name, *sessions.SCOPES)
    for path in ("/api/sessions", "/api/tokens"):
        assert program.get(path).status_code == 403
    more = {"label": "t", "scopes": ["manage"]}
    assert program.post("/api/tokens", json=more).status_code == 403
    assert program.post("/api/logout").status_code == 403


def test_a_token_is_shown_once_and_works_until_it_is_removed(house: House) -> None:
    client = house.client("owner")
    made = client.post("/api/tokens", json={"label": "ci", "scopes": ["read"]}).json()
    program = TestClient(house.app, headers={"Authorization": f"Bearer {made['token']}"})
    assert program.get(P).status_code == 200
    listed = client.get("/api/tokens").json()
    assert made["token"] not in str(listed) and listed[0]["label"] == "ci"
    assert client.delete(f"/api/tokens/{listed[0]['id']}").status_code == 204
    assert program.get(P).status_code == 401


def test_a_request_that_is_too_large_ends_whatever_it_says(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(around, "LARGEST", 10_000)
    monkeypatch.setattr(around, "LARGEST_JSON", 1_000)
    client, ndjson = house.client("curator"), {"Content-Type": "application/x-ndjson"}
    row = lines({"prompt": "Why?", "responses": ["Yes.", "No."]})
    for body in (row * 1000, iter([row] * 1000)):
        got = client.post(f"{P}/items", content=body, headers=ndjson)
        assert got.status_code == 413 and set(got.json()) == {"error", "fix"}
    nobody = TestClient(house.app)
    big = {"name": "x" * 2000, "password": ""}
    assert nobody.post("/api/login", json=big).status_code == 413


def test_a_field_that_nobody_reads_is_an_error(house: House) -> None:
    got = house.client("owner").post("/api/projects", json={"name": "x", "form": {}, "quotas": 2})
    assert got.status_code == 422 and "quotas" in got.json()["error"]


def test_a_page_sends_nobody_to_log_in_and_back(house: House) -> None:
    from fastapi import Depends

    from plumbline.web.studio.security import person

    house.app.add_api_route("/somewhere", lambda: {}, dependencies=[Depends(person)])
    got = TestClient(house.app, follow_redirects=False).get("/somewhere?a=b&c=//d")
    assert got.status_code == 303
    assert got.headers["Location"] == "/login?next=/somewhere%3Fa%3Db%26c%3D//d"


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = secret_in(tmp_path / "store")
    assert len(first) == 32 and secret_in(tmp_path / "store") == first
    assert secret_in(tmp_path / "another") != first
    mode = os.stat(tmp_path / "store" / "studio.key").st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["studio.key"]


def test_what_was_counted_is_kept_for_its_time() -> None:
    recent, counted = Recent(), iter(range(9))
    assert [recent.get("a", 60, lambda: next(counted)) for _ in range(3)] == [0, 0, 0]
    assert recent.get("b", 60, lambda: next(counted)) == 1
    assert recent.get("a", 0, lambda: next(counted)) == 2
