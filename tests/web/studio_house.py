"""A studio of the tests' own, with people in every role of the project `p`."""

# ruff: noqa: F401, F811  fixtures are imported
from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from itsdangerous import Signer
from postgres import database, server

from plumbline.core.types import answer, user
from plumbline.feedback.collecting import accounts, projects, sessions
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.forms import Asked, Form
from plumbline.feedback.collecting.projects import Item, Project
from plumbline.web.studio import security
from plumbline.web.studio.app import build
from plumbline.web.studio.models import Models
from plumbline.web.studio.state import Studio
from plumbline.web.studio.writer import Writer

PASSWORD = "a long enough secret"
ROLES = ("owner", "curator", "annotator", "viewer", "stranger", "nobody")


class House:
    """The studio and who is there: `people` by name, all but nobody logged in by `client`."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        passwords: bool = False,
        writer: Writer | None = None,
    ) -> None:
        self.database = database
        self.models = Models(database, writer) if writer else None
        self.studio = Studio(database, b"s" * 32, folder, "http://testserver", models=self.models)
        self.app = build(self.studio)
        self.people: dict[str, int] = {}
        kept = accounts.hashed("somebody", PASSWORD) if passwords else None
        with database.write() as at:
            self.project = self.make(at, "p", 6)
            self.other = self.make(at, "other", 2)
            for name in ROLES[:-1]:
                owner = name == "owner"
                self.people[name] = accounts.add(at, name, kept, people="", owner=owner)
            for role in ("curator", "annotator", "viewer"):
                projects.join(at, self.project, self.people[role], role)
            projects.join(at, self.other, self.people["stranger"], "curator")

    @staticmethod
    def make(at: Any, name: str, count: int, **more: Any) -> Project:
        """A project of pairs."""
        made = projects.create(at, name, Form("pair"), guideline="Be fair.", **more)
        asked = (
            Asked((user(f"{name} {n}?"),), (answer(f"Yes {n}."), answer(f"No {n}.")))
            for n in range(count)
        )
        projects.add(at, made, (Item(one, ("secret-a", "secret-b")) for one in asked))
        return made

    def client(self, name: str) -> TestClient:
        """A browser in which somebody is logged in; of nobody, one in which nobody is."""
        made = TestClient(self.app, follow_redirects=False)
        if name != "nobody":
            with self.database.write() as at:
                token = sessions.begin(at, self.people[name], "tests")
            made.cookies.set("plumbline", security._signer(self.studio).sign(token).decode())
            made.headers["X-CSRF-Token"] = made.get("/api/me").json()["csrf"]
        return made

    def program(self, name: str, *scopes: str) -> TestClient:
        """A program with a token of somebody's."""
        with self.database.write() as at:
            token = sessions.make_token(at, self.people[name], "tests", scopes)
        return TestClient(self.app, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Over each kind of database."""
    yield House(database, tmp_path)


def key() -> str:
    """A key of an event."""
    return uuid.uuid4().hex


def lines(*rows: dict[str, Any]) -> bytes:
    """Rows as they are sent."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def signed_by(secret: bytes, token: str) -> str:
    """A session's cookie as a secret signs it."""
    return Signer(secret, salt="session").sign(token).decode()
