"""A real studio in a thread, with a project of every form, for a real browser."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from sqlalchemy import select

from plumbline.core.types import Message, answer, user
from plumbline.feedback.collecting import accounts, projects, sessions
from plumbline.feedback.collecting.database import Database, at
from plumbline.feedback.collecting.forms import Asked, Axis, Form
from plumbline.feedback.collecting.projects import Item, Project
from plumbline.feedback.collecting.tables import drafts, events, work
from plumbline.web.listening import address, bound
from plumbline.web.studio import security
from plumbline.web.studio.app import build
from plumbline.web.studio.models import Models
from plumbline.web.studio.state import Studio
from plumbline.web.studio.writer import Writer

CHROMIUM = shutil.which("chromium")
WHY = "Debian's chromium is not installed"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
LOOKING = Path(__file__).with_name("looking.js")
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
ANSWERS = (
    "Leave in the morning: the pass is closed after **noon** when it snows.\n\n"
    "1. Fill two bottles.\n2. Tell somebody where you go.\n3. Turn back if you see cloud.",
    "You are so right to ask! Just go, nothing will happen to you. `No map needed`.",
    "I cannot say how the weather will be. The hut keeper can: ask her before you start.",
    "The pass is 2,312 m high and was first crossed in 1786.",
)
PROMPT = (
    Message("system", "You help people who walk in the mountains."),
    user("I want to cross the pass tomorrow."),
    Message("assistant", "Which one, and when do you want to start?"),
    user("The high one, around ten. What should I think of?"),
)
FORMS: dict[str, Form] = {
    "ranking": Form("ranking", strength=True),
    "pair": Form("pair", strength=True),
    "thumb": Form("thumb"),
    "rating": Form("rating", axes=(Axis("helpful", 1, 5, ("of no use", "solves it")),
                                   Axis("honest", 0, 100, ("made up", "true")))),
    "demonstration": Form("demonstration", turns=2),
    "correction": Form("correction"),
    "critique": Form("critique"),
}  # fmt: skip
COUNTS = {"ranking": 4, "pair": 2, "thumb": 1, "rating": 2, "demonstration": 0, "correction": 1,
          "critique": 1}  # fmt: skip


class House:
    """The studio, its address, and the people who were let in."""

    def __init__(
        self, folder: Path, url: str, writer: Writer | None = None, database: str = ""
    ) -> None:
        self.database, self.url = Database(database or at(folder)), url
        self.models = Models(self.database, writer) if writer else None
        self.studio = Studio(self.database, b"s" * 32, folder, url, models=self.models)
        self.app, self.people = build(self.studio), dict[str, int]()
        self.come("olive", owner=True)

    def come(self, name: str, *, people: str = "", owner: bool = False) -> int:
        """Somebody new."""
        with self.database.write() as here:
            self.people[name] = accounts.add(here, name, None, people=people, owner=owner)
        return self.people[name]

    def project(
        self,
        name: str,
        form: Form,
        *items: Asked,
        members: tuple[str, ...] = ("anna",),
        **more: Any,
    ) -> Project:
        """A project with items in the order given."""
        with self.database.write() as here:
            made = projects.create(here, name, form, **more)
            names = [tuple(f"secret-{i}" for i, _ in enumerate(one.answers)) for one in items]
            given = (Item(one, names[n], rank=float(n)) for n, one in enumerate(items))
            projects.add(here, made, given)
            for member in members:
                who = self.people.get(member)
                if who is None:
                    row = accounts.add(here, member, None, people="", owner=False)
                    who = self.people[member] = row
                projects.join(here, made, who, "annotator")
        return made

    def context(
        self, browser: Browser, name: str, size: str = "desktop", **more: Any
    ) -> BrowserContext:
        """A browser's profile in which somebody is logged in."""
        width, height = SIZES[size]
        made = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=size == "phone",
            reduced_motion="reduce", **more,
        )  # fmt: skip
        made.add_init_script(path=LOOKING)
        with self.database.write() as here:
            token = sessions.begin(here, self.people[name], f"the tests, {size}")
        signed = security._signer(self.studio).sign(token).decode()
        made.add_cookies([{"name": "plumbline", "value": signed, "url": self.url}])
        made.set_default_timeout(8000)
        return made

    def said(self, project: Project) -> list[Any]:
        """All events of a project, oldest first."""
        with self.database.read() as here:
            wanted = select(events).where(events.c.project == project.id)
            return list(here.execute(wanted.order_by(events.c.id)))

    def shown(self, project: Project) -> list[int]:
        """The order of the answers of who holds an item, as it is stored."""
        with self.database.read() as here:
            wanted = select(work.c.shown).where(
                work.c.project == project.id, work.c.state == "leased"
            )
            return list(here.execute(wanted).scalar_one())

    def draft(self) -> dict[str, Any] | None:
        """The last draft that the server has."""
        with self.database.read() as here:
            found: dict[str, Any] | None = here.execute(
                select(drafts.c.body).order_by(drafts.c.at.desc())
            ).scalar()
            return found


@contextmanager
def opened(folder: Path, writer: Writer | None = None, database: str = "") -> Iterator[House]:
    """The studio on a free port, in a thread of its own; on the database of a URL, or SQLite."""
    with bound("127.0.0.1", 0) as place:
        house = House(folder, address(place), writer, database)
        config = uvicorn.Config(house.app, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        with house.models or nullcontext():
            yield house
        server.should_exit = True
        thread.join()
        house.database.close()


def launched(play: Playwright) -> Browser:
    """Debian's Chromium."""
    return play.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())


def asked(kind: str, count: int = 1) -> list[Asked]:
    """Items for a form."""
    answers = ANSWERS[: COUNTS[kind]]
    return [
        Asked((*PROMPT[:-1], user(f"{PROMPT[-1].content}{' Day' + str(n) if n else ''}")),
              tuple(map(answer, answers)))
        for n in range(count)
    ]  # fmt: skip


def at_judge(page: Page, house: House, name: str) -> Page:
    """The page where one judges, ready."""
    page.goto(f"{house.url}/p/{name}/judge")
    page.wait_for_selector("#judge[data-ready], #done")
    return page


def eventually(true: Any, seconds: float = 8.0) -> Any:
    """Wait until something holds; what it said."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)
    return found
