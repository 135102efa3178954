"""A real server in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from plumbline.stages.serving.worker import Worker
from plumbline.web.listening import address, bound
from plumbline.web.openai.app import app_of


@contextmanager
def serving(worker: Worker, key: str = "") -> Iterator[str]:
    """A server on a free port, in a thread of its own."""
    with bound("127.0.0.1", 0) as place:
        config = uvicorn.Config(app_of(worker, key), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        thread.start()
        eventually(lambda: server.started)
        yield address(place)
        server.should_exit = True
        thread.join()


def eventually(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)
