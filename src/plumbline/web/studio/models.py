"""The models of a studio: who they are, what they write, and whose turn it is to ask them.

They answer prompts of a project in the background (`drawer`), and revise an answer while somebody
waits: one at a time a person, and `AT_ONCE` in all, so that slow models hold up no page. What they
write is kept as it is but for characters that no database keeps.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation
from plumbline.feedback.collecting.database import Database
from plumbline.web.studio.drawer import Drawer
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.state import Recent
from plumbline.web.studio.writer import Writer

AT_ONCE = 8
"""Revisions that are written at a time."""
KEPT = 10.0
"""Seconds that a list of models is good for, and a failure to get one."""


class Offered(NamedTuple):
    """The models there are, or why nobody knows."""

    names: Sequence[str] = ()
    trouble: str = ""


class Models:
    """What a writer does for a studio. As a context it answers prompts in the background."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self.writer, self.drawer = writer, Drawer(database, self.answers)
        self._recent, self._lock, self._asking = Recent(), threading.Lock(), set[int]()

    def __enter__(self) -> Models:
        self.drawer.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.drawer.close()

    def offered(self) -> Offered:
        """The models there are, some seconds ago."""
        found: Offered = self._recent.get("models", KEPT, self._list)
        return found

    def check(self, names: Sequence[str]) -> None:
        """UserError for a model that is not offered, where it is known which are."""
        known = self.offered().names
        for name in names:
            if known and name not in known:
                raise unknown("model", name, known)

    def answers(
        self, model: str, prompt: Conversation, *, n: int = 1, seed: int | None = None
    ) -> list[str]:
        """n answers of a model. UserError where it does not answer."""
        return [_kept(text) for text in self.writer.answers(model, prompt, n=n, seed=seed)]

    @contextmanager
    def turn(self, user: int) -> Iterator[None]:
        """While it lasts a model writes for this person; 429 while one does, or for too many."""
        with self._lock:
            if user in self._asking:
                raise Refused(429, "a model is writing for you already", "wait until it has")
            if len(self._asking) >= AT_ONCE:
                raise Refused(429, "models are writing for others now", "try again in a moment")
            self._asking.add(user)
        try:
            yield
        finally:
            with self._lock:
                self._asking.discard(user)

    def _list(self) -> Offered:
        try:
            return Offered(self.writer.models())
        except UserError as error:
            return Offered((), str(error))


def _kept(text: str) -> str:
    """Without halves of characters and NUL, and with lines that end as in a browser's fields."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return lines.encode("utf-8", "replace").decode()
