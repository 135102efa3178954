"""Replies, kept by what was asked.

One SQLite file. A reply is on the disk (`synchronous=FULL`) before anyone is handed it, and is
never changed: a process killed at any moment has lost at most the replies that had not yet come.
The request is kept beside its reply, for people who want to see what was asked; a key never is.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.feedback.endpoint.errors import Ended

TABLE = (
    "create table if not exists replies (key text primary key, asked text not null,"
    " reply text not null, at text not null default current_timestamp) without rowid"
)
BUSY = 30.0
"""Seconds a writer waits for one of another process."""


class Kept:
    """The replies in a file, which is made where there is none; several processes may share it."""

    def __init__(self, file: Path) -> None:
        self.file, self._lock = file, threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = f"no folder can be made there ({error.strerror})"
            raise UserError(what, where=str(file), fix="give a place of yours") from None
        with self._told():
            self._base = sqlite3.connect(
                file, timeout=BUSY, isolation_level=None, check_same_thread=False
            )
            for line in ("pragma journal_mode=wal", "pragma synchronous=full", TABLE):
                self._base.execute(line)

    def get(self, key: str) -> dict[str, Any] | None:
        """The reply to it, if there was one."""
        with self._lock, self._told():
            row = self._base.execute("select reply from replies where key = ?", (key,)).fetchone()
        found: dict[str, Any] | None = json.loads(row[0]) if row else None
        return found

    def put(self, key: str, asked: Any, reply: dict[str, Any]) -> None:
        """Keep a reply; of two to one request the first stays."""
        row = (key, json.dumps(asked), json.dumps(reply))
        line = "insert or ignore into replies (key, asked, reply) values (?, ?, ?)"
        with self._lock, self._told():
            self._base.execute(line, row)

    def close(self) -> None:
        with self._lock:
            self._base.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Ended(
                f"replies cannot be kept here: {error}",
                where=str(self.file),
                fix="free some space, or name another file",
            ) from error
