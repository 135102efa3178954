"""Ctrl-C and SIGTERM wait for the end of the step, so that a checkpoint can be written first.

A second signal interrupts at once. Outside the main thread signals are not ours to handle.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """`asked` becomes True at the first signal."""

    def __init__(self) -> None:
        self.asked = False

    def handle(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def stopping() -> Iterator[Stop]:
    """Inside, the first SIGINT or SIGTERM only sets `asked`; the caller saves and raises."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {s: signal.signal(s, stop.handle) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
