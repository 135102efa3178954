"""Who waits, and whose turn it is: a lane for each identity, in the order of arrival.

The lane whose first has waited longest is next. Whoever waits in it then goes along; a lane that is
at work takes others in only as long as nobody in another lane has waited longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from itertools import count
from threading import Condition
from typing import Generic, TypeVar

L = TypeVar("L", bound=Hashable)
T = TypeVar("T")


class Lanes(Generic[L, T]):
    """Waiting jobs by lane; one thread takes them, any thread puts them in."""

    def __init__(self) -> None:
        self._lanes: dict[L, deque[tuple[int, T]]] = {}
        self._numbers = count()
        self._changed = Condition()
        self._closed = False

    def put(self, lane: L, jobs: Iterable[T]) -> bool:
        """Let these wait; False where the lanes are closed."""
        with self._changed:
            if not self._closed:
                numbered = [(next(self._numbers), job) for job in jobs]
                self._lanes.setdefault(lane, deque()).extend(numbered)
                self._changed.notify_all()
            return not self._closed

    def drop(self, unwanted: Callable[[T], bool]) -> None:
        """Those who have left wait no longer."""
        with self._changed:
            for lane, jobs in list(self._lanes.items()):
                self._keep(lane, deque(job for job in jobs if not unwanted(job[1])))

    def next(self) -> L | None:
        """The lane whose turn it is, when there is one; None once the lanes are closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._lanes or self._closed)
            return None if self._closed else min(self._lanes, key=self._first)

    def take(
        self, lane: L, *, begun: bool, fits: Callable[[T], bool] = lambda job: True
    ) -> T | None:
        """The first job of a lane, if it may go now. `begun`: the lane is at work already."""
        with self._changed:
            jobs = self._lanes.get(lane)
            late = begun and jobs and min(self._lanes, key=self._first) != lane
            if not jobs or late or not fits(jobs[0][1]):
                return None
            job = jobs.popleft()[1]
            self._keep(lane, jobs)
            return job

    def close(self) -> None:
        """Nobody is let in any more, and nobody has a turn."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    def left(self) -> list[T]:
        """Those who still wait; they do no longer."""
        with self._changed:
            found = [job for jobs in self._lanes.values() for _, job in jobs]
            self._lanes.clear()
            return found

    def _first(self, lane: L) -> int:
        return self._lanes[lane][0][0]

    def _keep(self, lane: L, jobs: deque[tuple[int, T]]) -> None:
        if jobs:
            self._lanes[lane] = jobs
        else:
            self._lanes.pop(lane, None)
