"""A server that answers as it is told to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

AT_ONCE = {"retry-after-ms": "1"}
"""Tells OpenAI's client not to pause before it tries again."""


@dataclass
class Said:
    """One reply. `slow`: seconds before it; `parts`: pauses of so many seconds in it, and no
    length; `cut`: bytes that are promised and do not come."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    slow: float = 0.0
    parts: float = 0.0
    cut: int = 0

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def chat(content: Any = "yes", *, tokens: tuple[int, int] = (10, 2), **choice: Any) -> Said:
    """A chat completion of one choice."""
    message = {"role": "assistant", "content": content, **choice.pop("message", {})}
    whole = {"index": 0, "message": message, "finish_reason": "stop", **choice}
    used = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return Said({"object": "chat.completion", "choices": [whole], "usage": used})


def failing(status: int, message: str = "no", **headers: str) -> Said:
    return Said({"error": {"message": message}}, status, {**AT_ONCE, **headers})


Script = Callable[[dict[str, Any]], Said | None]


class Server(ThreadingHTTPServer):
    """`script` makes a reply of a request's body (None hangs up); GET gets `models`."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script, self.models = script, Said({"data": [{"id": "judge"}, {"id": "writer"}]})
        self.bodies: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.open = self.most = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are expected."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._reply(self._noted({}), self.server.models)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = self._noted(json.loads(raw))
        self._reply(body, self.server.script(body))

    def _noted(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.heads.append({name.lower(): value for name, value in self.headers.items()})
            self.server.paths.append(self.path)
            self.server.open += 1
            self.server.most = max(self.server.most, self.server.open)
        return body

    def _reply(self, body: dict[str, Any], said: Said | None) -> None:
        try:
            if said is None:
                self.close_connection = True
            else:
                self._send(said)
        finally:
            with self.server.lock:
                self.server.open -= 1

    def _send(self, said: Said) -> None:
        time.sleep(said.slow)
        self.send_response(said.status)
        length = {} if said.parts else {"Content-Length": str(len(said.raw) + said.cut)}
        for name, value in ({"Content-Type": "application/json"} | length | said.headers).items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(said.raw), 20 if said.parts else max(1, len(said.raw))):
            self.wfile.write(said.raw[start : start + 20] if said.parts else said.raw)
            time.sleep(said.parts)
        self.close_connection = bool(said.parts or said.cut)

    def log_message(self, format: str, *arguments: Any) -> None:
        """The tests' output is for the tests."""


@contextmanager
def saying(*replies: Said | None, script: Script | None = None) -> Iterator[Server]:
    """A server that gives these replies in turn, the last one for ever; or those of `script`."""
    left = list(replies)

    def in_turn(body: dict[str, Any]) -> Said | None:
        return left.pop(0) if len(left) > 1 else left[0]

    with Server(script or in_turn) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
