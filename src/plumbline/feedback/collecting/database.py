"""One database, opened by URL: `sqlite:///FILE`, or `postgresql+psycopg://...`.

SQLite has one writer at a time. Writers of this process wait for each other at a lock, which is
fair and wakes the next at once, and those of other processes by `busy_timeout`. A transaction takes
the write lock when it begins, so it never has to be given up half-way ("database is locked").
Readers see the last commit and wait for nobody (write-ahead log). What is committed is on the disk
(`synchronous=FULL`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import tables

FILE = "studio.sqlite"
"""The database in a store's folder."""
BUSY = 30_000
"""Milliseconds a writer waits for one of another process."""


class Database:
    """The database at `url`; made where there is none yet."""

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        self.local = self.url.get_backend_name() == "sqlite"
        self._writing = threading.Lock() if self.local else nullcontext()
        more: dict[str, Any] = {"pool_size": 8, "max_overflow": 56, "pool_timeout": 60}
        try:
            self.engine = create_engine(self.url, pool_pre_ping=not self.local, **more)
            if self.local:
                _prepare(self.engine)
            with self.write() as connection:
                tables.metadata.create_all(connection)
                _check_version(connection, self.name)
        except (OperationalError, NoSuchModuleError, ImportError) as error:
            raise UserError(
                f"this database cannot be opened: {str(error).splitlines()[0]}",
                where=self.name,
                fix="give sqlite:///FILE, or postgresql://USER@HOST/NAME of a server that runs"
                " (pip install 'plumbline[postgres]')",
            ) from error

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may change things: all of it is kept, or nothing."""
        with self._writing, self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A view of one moment."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def at(folder: Path) -> str:
    """The URL of the database that a store holds."""
    return f"sqlite:///{folder / FILE}"


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UserError(
            f"{url!r} is no address of a database",
            fix="give sqlite:///FILE or postgresql://USER@HOST/NAME",
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        folder = Path(parsed.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = f"no folder can be made there ({error.strerror})"
            raise UserError(what, where=str(folder), fix="give a place of yours") from None
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _prepare(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # begin is ours (below), not the driver's
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY}",
                       "foreign_keys=ON"):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _check_version(connection: Connection, name: str) -> None:
    meta = tables.meta
    found = connection.execute(select(meta.c.value).where(meta.c.key == "schema")).scalar()
    if found is None:
        connection.execute(meta.insert().values(key="schema", value=str(tables.SCHEMA)))
    elif int(found) != tables.SCHEMA:
        raise UserError(
            f"this database was made by another version of plumbline (schema {found}, not"
            f" {tables.SCHEMA})",
            where=name,
            fix="export it with that version, and import what it wrote",
        )
