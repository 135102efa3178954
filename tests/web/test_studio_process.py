# ruff: noqa: F401, F811  fixtures are imported
"""`plumbline studio` as a process: what it refuses and prints, how it ends, what a kill costs."""

from __future__ import annotations

import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from postgres import database, server
from sqlalchemy import select
from studio_house import PASSWORD, House, key

from plumbline.cli.main import main
from plumbline.core.types import answer, user
from plumbline.feedback.collecting import projects, reading, sessions
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.forms import Asked
from plumbline.feedback.collecting.tables import events

P = "/api/projects/p"


@dataclass
class Running:
    """A studio's process: what it printed, and where it is."""

    process: subprocess.Popen[str]
    said: list[str]

    @property
    def url(self) -> str:
        return self.said[0].split()[4].rstrip(",")


@contextmanager
def studio(store: Path, *more: str, count: int = 1) -> Iterator[Running]:
    """A studio on a free port, after the first `count` lines it prints; killed at the end."""
    command = [sys.executable, "-m", "plumbline", "studio", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--store", str(store), *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(count)]
        assert all(said), process.stderr and process.stderr.read()
        yield Running(process, said)
    finally:
        process.kill()
        process.communicate()


def refused(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    capsys.readouterr()
    assert main(["studio", *map(str, args)]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org"])
def test_other_machines_need_tls_or_a_flag(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, host: str
) -> None:
    said = refused(capsys, "--store", tmp_path / "s", "--host", host)
    assert host in said and "--insecure-network" in said
    assert not (tmp_path / "s").exists()


def test_a_port_that_is_taken_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in refused(capsys, "--store", tmp_path / "s", "--port", port)
    assert not (tmp_path / "s").exists()


def test_files_of_tls_come_in_twos_and_are_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    one, gone = tmp_path / "no.pem", tmp_path / "gone.pem"
    where = ("--store", tmp_path / "s", "--port", 0)
    assert "--tls-key" in refused(capsys, *where, "--tls-cert", one)
    assert "gone.pem" in refused(capsys, *where, "--tls-cert", one, "--tls-key", gone)
    assert "certificate" in refused(capsys, *where, "--tls-cert", one, "--tls-key", one)


def test_a_database_that_is_none_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = ("--store", tmp_path / "s", "--port", 0)
    for url in ("nothing", "postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc/none/x"):
        assert "->" in refused(capsys, *where, "--db", url)


def test_the_first_start_prints_a_link_that_works_once(tmp_path: Path) -> None:
    with studio(tmp_path, count=3) as running:
        url, link = running.url, running.said[2].strip()
        assert url.startswith("http://127.0.0.1:") and link.startswith(f"{url}/setup/")
        who = {"token": link.rsplit("/", 1)[1], "name": "ann", "password": PASSWORD}
        first, again = (httpx.post(f"{url}/api/setup", json=who) for _ in range(2))
        assert (first.status_code, again.status_code) == (200, 400)
        running.process.send_signal(signal.SIGINT)
        out, err = running.process.communicate(timeout=20)
        # 0 where the signal was ignored when we were started, as in a shell's background.
        ended = running.process.returncode in (130, 0)
        assert ended and "Traceback" not in err and not out
    with studio(tmp_path) as running:
        running.process.send_signal(signal.SIGTERM)
        out, err = running.process.communicate(timeout=20)
        assert "setup" not in out and "Traceback" not in err


def test_what_it_makes_is_nobody_elses_to_read(tmp_path: Path) -> None:
    with studio(tmp_path / "store", count=3):
        for path in (tmp_path / "store").iterdir():
            assert path.stat().st_mode & 0o077 == 0, path.name


def test_with_tls_it_is_reached_by_tls_only(tmp_path: Path) -> None:
    cert, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-out", str(cert), "-keyout", str(secret)]  # fmt: skip
    try:
        subprocess.run(made, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    files = ("--tls-cert", str(cert), "--tls-key", str(secret))
    with studio(tmp_path / "store", *files, count=3) as running:
        assert running.url.startswith("https://") and "https://" in running.said[2]
        known = ssl.create_default_context(cafile=str(cert))
        assert httpx.get(f"{running.url}/api/me", verify=known).status_code == 401
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{running.url.replace('https', 'http')}/api/me")


class Crowd:
    """People who judge until the server is gone: what they sent, and what was acknowledged."""

    def __init__(self, url: str, tokens: list[str]) -> None:
        self.url, self.tokens = url, tokens
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.acknowledged: list[str] = []
        self.enough = threading.Event()

    def work(self, token: str) -> None:
        try:
            with httpx.Client(base_url=self.url, headers=bearer(token), timeout=20) as client:
                while (found := client.post(f"{P}/next")).status_code == 200:
                    said = {"item": found.json()["item"], "key": key(), "seconds": 1.0,
                            "body": {"tiers": [[0], [1]]}}  # fmt: skip
                    self.sent.append((token, said))
                    answer = client.post(f"{P}/judge", json=said)
                    assert answer.status_code == 200, answer.text
                    self.acknowledged.append(str(said["key"]))
                    if len(self.acknowledged) > 60:
                        self.enough.set()
        except httpx.TransportError:
            pass  # the server was killed


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_kill_loses_nothing_that_was_acknowledged(database: Database, tmp_path: Path) -> None:
    """Eight people judge, the server dies (SIGKILL), and is started again; they send again what
    they had no answer to."""
    house, url = House(database, tmp_path), database.url.render_as_string(hide_password=False)
    with database.write() as at:
        projects.add(at, house.project, items_of(400))
        tokens = [
            sessions.make_token(at, house.people[name], "t", ["judge"])
            for name in ("curator", "annotator") for _ in range(4)
        ]  # fmt: skip
    with studio(tmp_path / "store", "--db", url) as running:
        crowd = Crowd(running.url, tokens)
        threads = [threading.Thread(target=crowd.work, args=(token,)) for token in tokens]
        for thread in threads:
            thread.start()
        assert crowd.enough.wait(60)
        running.process.kill()
        for thread in threads:
            thread.join(30)
    with studio(tmp_path / "store", "--db", url) as running:
        for token, said in crowd.sent:
            if said["key"] not in crowd.acknowledged:
                again = httpx.post(running.url + f"{P}/judge", json=said, headers=bearer(token))
                assert again.status_code == 200, again.text
    with database.read() as at:
        kept = Counter(at.execute(select(events.c.key)).scalars())
        assert kept == {said["key"]: 1 for _, said in crowd.sent}
        now = reading.progress(at, house.project)
        judged = len(list(reading.said(at, house.project)))
        assert judged == now.judged == now.full
        if database.local:
            file = str(database.url.database)
            assert sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def items_of(count: int) -> Iterator[projects.Item]:
    for n in range(count):
        yield projects.Item(Asked((user(f"More {n}?"),), (answer("Yes."), answer("No."))))
