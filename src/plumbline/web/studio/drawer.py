"""Threads that let models answer the prompts that wait (`feedback.collecting.drawing`).

Nothing is known here that is not in the database: a studio that was killed goes on when it runs
again, and of two studios over one database each takes what comes, while a prompt becomes items
once. After a failure all of them pause, for twice as long each time; anybody may `wake` them.
"""

from __future__ import annotations

import threading
import time
import traceback
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation
from plumbline.feedback.collecting import drawing
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.drawing import Wanted

AT_ONCE = 8
"""Prompts that are being answered: a server's batches are the fuller, the more there are."""
LONGEST = 60.0
"""Seconds of the longest pause."""
POLL = 10.0
"""Seconds after which they look again, though nobody woke them: another studio may have asked."""


class Answers(Protocol):
    """n answers of a model. UserError where it does not answer."""

    def __call__(self, model: str, prompt: Conversation, *, n: int, seed: int) -> list[str]: ...


class Drawer:
    """The threads, from `start` to `close`."""

    def __init__(self, database: Database, answers: Answers, *, pause: float = 1.0) -> None:
        self._database, self._answers, self._pause = database, answers, pause
        self._changed, self._over = threading.Condition(), False
        self._under_way, self._fails, self._resume = set[int](), 0, 0.0
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin with what waits."""
        self._over = False
        self._threads = [
            threading.Thread(target=self._work, name="drawer", daemon=True) for _ in range(AT_ONCE)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Take nothing more; what is being written is waited for a moment, and else begun again by
        the next studio."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        end = time.monotonic() + self._pause
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def wake(self) -> None:
        """There is something new, or what failed shall be tried again now."""
        with self._changed:
            self._fails, self._resume = 0, 0.0
            self._changed.notify_all()

    def _work(self) -> None:
        while not self._over:
            one = None
            try:
                one = self._next()
                if one is not None:
                    self._draw(one)
            except Exception as error:  # a thread that ends is missed by nobody, so it never does
                self._stumble(one, error)
            finally:
                if one is not None:
                    self._under_way.discard(one.id)

    def _next(self) -> Wanted | None:
        """The next prompt; None after a while in which there was none."""
        with self._changed:
            pause = self._resume - time.monotonic()
            if pause <= 0 and not self._over:
                with self._database.read() as at:
                    found = drawing.waiting(at, self._under_way)
                if found is not None:
                    self._under_way.add(found.id)
                    return found
            if not self._over:
                self._changed.wait(pause if pause > 0 else POLL)
        return None

    def _draw(self, one: Wanted) -> None:
        said = [
            (text, model)
            for model in one.models
            for text in self._answers(model, one.prompt, n=one.each, seed=one.seed)
        ]
        with self._database.write() as at:
            drawing.finish(at, one, [text for text, _ in said], [model for _, model in said])
        self._fails = 0

    def _stumble(self, one: Wanted | None, error: Exception) -> None:
        """Say what went wrong, and pause."""
        why = str(error)
        if not isinstance(error, UserError):
            traceback.print_exc()
            why = f"a bug of the studio ({type(error).__name__}): see the server's log"
        try:
            if one is not None:
                with self._database.write() as at:
                    drawing.fail(at, one, why)
        except SQLAlchemyError:
            traceback.print_exc()
        with self._changed:
            now = time.monotonic()
            if now >= self._resume:  # of several that fail together the first one counts
                self._resume = now + min(self._pause * 2 ** min(self._fails, 10), LONGEST)
                self._fails += 1
