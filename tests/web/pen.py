"""A writer of the tests' own, and a studio in which it writes."""

# ruff: noqa: F401, F811  fixtures are imported
from __future__ import annotations

import threading
from pathlib import Path

import pytest
from postgres import database, server
from studio_house import House

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, answer, user
from plumbline.feedback.collecting import projects
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.forms import Asked, Form
from plumbline.feedback.collecting.projects import Item

ORIGINAL = "Go at noon.\nIt is\u202e safe 🌙."


class Pen:
    """A writer as the tests want it: what it was asked, and what it does."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Conversation, int, int | None]] = []
        self.down, self.free = "", threading.Event()
        self.says = lambda model, prompt, i: f"{model} {i} on {prompt[-1].content}"
        self.free.set()

    def models(self) -> list[str]:
        if self.down:
            raise UserError(self.down, fix="start it")
        return ["ant", "bee", "cow"]

    def answers(
        self, model: str, prompt: Conversation, *, n: int = 1, seed: int | None = None
    ) -> list[str]:
        self.asked.append((model, prompt, n, seed))
        assert self.free.wait(20)
        if self.down:
            raise UserError(self.down, fix="start it")
        return [self.says(model, prompt, i) for i in range(n)]


@pytest.fixture
def pen() -> Pen:
    return Pen()


@pytest.fixture
def house(database: Database, tmp_path: Path, pen: Pen) -> House:
    """Over each kind of database; `p` has six items, `critiques` two."""
    made = House(database, tmp_path, writer=pen)
    with database.write() as at:
        form = Form("critique", reviser="ant")
        project = projects.create(at, "critiques", form)
        asked = (Asked((user(f"When {n}?"),), (answer(ORIGINAL),)) for n in range(2))
        projects.add(at, project, (Item(one, ("bee",)) for one in asked))
        for role in ("curator", "annotator"):
            projects.join(at, project, made.people[role], role)
    return made
