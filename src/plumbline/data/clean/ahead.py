"""Numbered texts in batches, and work on them by threads with a bounded lead.

Threads and not processes: nearly all of the work is in numpy's loops, which let other threads run,
and nothing is copied between processes or left behind by a killed one. Results come in the order
of the items, so their number changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from plumbline.core.machine import free_cores

A = TypeVar("A")
B = TypeVar("B")
Numbered = tuple[int, str]

BATCH = 1 << 20  # characters a batch


def ahead(work: Callable[[A], B], items: Iterable[A], workers: int) -> Iterator[B]:
    """map(work, items) in order, at most two items a thread ahead; workers 0: one a core, <= 4."""
    count = workers or min(4, free_cores())
    with ThreadPoolExecutor(count) as pool:
        running: deque[Future[B]] = deque()
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) > 2 * count:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def batched(texts: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """The texts in order, about `BATCH` characters at a time."""
    batch: list[Numbered] = []
    size = 0
    for numbered in texts:
        batch.append(numbered)
        size += len(numbered[1]) + 64  # a text costs something beside its characters
        if size > BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
