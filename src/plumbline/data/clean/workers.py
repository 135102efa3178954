"""Work on batches by several processes, in order, never more than a few batches ahead."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from plumbline.core.errors import UserError

A = TypeVar("A")
B = TypeVar("B")

AHEAD = 3
"""Batches under way for each process."""

_work: Callable[[Any], Any]


def spread(work: Callable[[A], B], items: Iterable[A], workers: int) -> Iterator[B]:
    """map(work, items) by processes; one worker is this process itself."""
    if workers < 2:
        yield from map(work, items)
        return
    pool = ProcessPoolExecutor(workers, _context(), _begin, (work,))
    running: deque[Future[B]] = deque()
    try:
        for item in items:
            with _held():  # the first forks
                running.append(pool.submit(_do, item))
            if len(running) > AHEAD * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    except BrokenProcessPool:
        raise UserError(
            "a process of the cleaning was ended from outside (memory?)",
            where="workers",
            fix="free some memory, or pass --set workers=1",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


STOPS = {signal.SIGINT, signal.SIGTERM}


@contextmanager
def _held() -> Iterator[None]:
    """A stop waits until the end: one raised in Python's own hooks around a fork would be lost."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _context() -> Any:
    """Forked where that is possible: the tables of the rules are then there at once."""
    fork = "fork" in multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("fork" if fork else None)


def _begin(work: Callable[[Any], Any]) -> None:
    """Ctrl-C reaches the whole group; it is this process's parent that ends the work."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)  # forked while they were held


def _do(item: Any) -> Any:
    return _work(item)
