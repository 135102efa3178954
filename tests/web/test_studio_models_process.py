"""Models of a studio that is a process: a kill, an address that is away, and `plumbline serve`."""

# ruff: noqa: F401, F811  fixtures are imported
from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from live import eventually
from postgres import database, server
from sqlalchemy import func, select
from studio_house import House
from test_studio_process import bearer, refused, studio

from plumbline.core.types import text_of
from plumbline.feedback.collecting import drawing, listing, projects, sessions
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.tables import draws, items

P = "/api/projects/p"


class Slow(BaseHTTPRequestHandler):
    """An address whose models take their time."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.reply({"object": "list", "data": [{"id": "ant"}, {"id": "bee"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(0.05)
        words = f"{asked['model']} on {asked['messages'][-1]['content']}"
        message = {"role": "assistant", "content": words}
        self.reply({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    def reply(self, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told: object) -> None:
        pass


@contextmanager
def slow() -> Iterator[str]:
    """Where its address is."""
    there = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    thread = threading.Thread(target=there.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{there.server_port}"
    there.shutdown()
    there.server_close()
    thread.join()


def token(house: House) -> dict[str, str]:
    with house.database.write() as at:
        found = sessions.make_token(at, house.people["curator"], "t", ["manage", "read"])
    return bearer(found)


def made(house: House) -> int:
    """Items beside the first six."""
    with house.database.read() as at:
        here = items.c.project == house.project.id
        return int(at.execute(select(func.count()).where(here)).scalar_one()) - 6


def left(house: House) -> int:
    with house.database.read() as at:
        return int(at.execute(select(func.count()).select_from(draws)).scalar_one())


def test_a_kill_loses_no_prompt_and_doubles_none(database: Database, tmp_path: Path) -> None:
    house, url = House(database, tmp_path), database.url.render_as_string(hide_password=False)
    prompts = [f"Question {n}?" for n in range(60)]
    head = token(house)
    with slow() as address:
        where = ("--db", url, "--models", address)
        with studio(tmp_path / "store", *where) as running:
            sent = {"prompts": prompts, "models": ["ant", "bee"]}
            told = httpx.post(f"{running.url}{P}/draw", json=sent, headers=head)
            assert told.json() == {"prompts": 60}
            eventually(lambda: made(house) > 8)
            running.process.kill()
            running.process.wait()
        before = made(house)
        assert 8 < before < 60 and before + left(house) == 60
        with studio(tmp_path / "store", *where):
            eventually(lambda: not left(house))
    with database.read() as at:
        found = listing.page(at, house.project, after=5, limit=100)
    assert sorted(text_of(one.asked.prompt) for one in found) == sorted(prompts)
    for one in found:
        words = [f"{model} on {text_of(one.asked.prompt)}" for model in ("ant", "bee")]
        assert [text_of(answer) for answer in one.asked.answers] == words


def test_an_address_that_is_away_is_told_and_ends_nothing(tmp_path: Path) -> None:
    base = Database(f"sqlite:///{tmp_path / 'studio.sqlite'}")
    house, head = House(base, tmp_path), {}
    head = token(house)
    with studio(tmp_path, "--models", "http://127.0.0.1:9", count=2) as running:
        assert "http://127.0.0.1:9/v1" in running.said[1]
        sent = {"prompts": ["Why?"], "models": ["ant", "bee"]}
        assert httpx.post(f"{running.url}{P}/draw", json=sent, headers=head).status_code == 200
        eventually(lambda: told(base, house))
        assert "cannot be reached" in told(base, house) and left(house) == 1
    base.close()


def told(base: Database, house: House) -> str:
    with base.read() as at:
        return "".join(why for why, _ in drawing.drawing(at, house.project).troubles)


def test_what_is_no_address_or_key_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ("--store", tmp_path / "s", "--port", 0)
    assert "no address" in refused(capsys, *where, "--models", "nowhere")
    assert "--key-from" in refused(capsys, *where, "--key-from", "A_KEY")
    away = ("--models", "http://127.0.0.1:9", "--key-from", "NO_SUCH_KEY")
    assert "NO_SUCH_KEY" in refused(capsys, *where, *away)
    assert not (tmp_path / "s").exists()


def test_models_of_serve_write_for_the_studio(tmp_path: Path) -> None:
    """Two processes: one answers, one asks."""
    base = Database(f"sqlite:///{tmp_path / 'studio.sqlite'}")
    house = House(base, tmp_path)
    head = token(house)
    command = [sys.executable, "-m", "plumbline", "serve", "--model", "microcosm"]
    serve = subprocess.Popen(
        [*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert serve.stdout is not None
        lines = (line for line in serve.stdout if line.startswith("serving"))
        address = next(lines).split()[-1]
        with studio(tmp_path, "--models", address) as running:
            prompts = ["What is glue made of?", "How high is the pass?", "Who are you?"]
            sent = {"prompts": prompts, "models": ["microcosm"]}
            assert httpx.post(f"{running.url}{P}/draw", json=sent, headers=head).status_code == 200
            eventually(lambda: not left(house) or told(base, house), 60)
            with base.read() as at:
                bare = drawing.drawing(at, house.project)
                found = listing.page(at, house.project, after=5)
        assert not bare.troubles and len(found) + bare.bare == 3 and found
        assert all(one.models == ("microcosm", "microcosm") for one in found)
        assert all(text_of(answer).strip() for one in found for answer in one.asked.answers)
    finally:
        serve.kill()
        serve.communicate()
    base.close()
