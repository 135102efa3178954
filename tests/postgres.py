"""A PostgreSQL server of the tests' own, where Debian's package (or another) is installed.

It refuses to run as root; then it runs as `postgres` or `nobody`. It listens on a socket in its own
folder, and on no port.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.tables import meta, metadata


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server for the tests of a module."""
    with running() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'studio.sqlite'}")
    else:
        made = Database(shared(request.getfixturevalue("server")))
        empty(made)
    yield made
    made.close()


@contextmanager
def running() -> Iterator[str]:
    """The URL of a server's database `postgres`; skips where none can be had."""
    home, user = _programs(), _servant()
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:  # sockets have short paths
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
            folder.chmod(0o755)
        data = folder / "data"
        _run(user, home / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "-N")
        options = f"-k {folder} -c listen_addresses= -c max_connections=200 -c fsync=off"
        log = folder / "log"
        _run(user, home / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://tests@/postgres?host={folder}"
        finally:
            _run(user, home / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@cache
def shared(server: str) -> str:
    """The URL of the database of a server in which tests take turns: to make one takes ten times as
    long as to empty it."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as at:
        at.execute(text("CREATE DATABASE tests"))
    engine.dispose()
    return server.replace("/postgres?", "/tests?")


def empty(database: Database) -> None:
    """As it was made: no rows but the version, and ids from 1."""
    names = ", ".join(one.name for one in metadata.sorted_tables if one is not meta)
    with database.write() as at:
        at.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))


def _programs() -> Path:
    """Where initdb and pg_ctl are."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (plumbline[postgres])")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = [Path(found).parent] if (found := shutil.which("initdb")) else []
    for place in [*debian, *found]:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    pytest.skip("no PostgreSQL here (Debian: apt-get install postgresql)")


def _servant() -> str:
    """Who runs it; "" for ourselves."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is neither postgres nor nobody")


def _run(user: str, *command: str | Path) -> None:
    one = pwd.getpwnam(user) if user else None
    subprocess.run(
        [str(part) for part in command], check=True, cwd="/", stdout=subprocess.DEVNULL,
        user=one and one.pw_uid, group=one and one.pw_gid, extra_groups=[] if one else None,
        env=os.environ | {"LC_ALL": "C"},
    )  # fmt: skip
