"""One HTTP exchange with an endpoint, by OpenAI's own client.

The client tries again with growing pauses, or after the time that `Retry-After` names, where it
cannot connect, waits too long, or is told 408, 409, 429 or 5xx. A reply that is not what was asked
for (no JSON, no choices, broken off, endless) is asked for again here, twice at most.
A redirection is an error, since a key must not follow it. Nothing that is told of this machine, and
nothing of its OPENAI_ variables, is sent: only the headers in `HEADERS`.
Some models of OpenAI's know `max_tokens` by another name; that is learnt from their first refusal.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from plumbline.core.errors import UserError
from plumbline.feedback.endpoint.address import local
from plumbline.feedback.endpoint.errors import Unanswered, in_words, without
from plumbline.feedback.endpoint.limits import Limits, Meter, Usage
from plumbline.feedback.endpoint.replies import Garbled, checked, parsed, used

AGAIN = 2
"""Times that a garbled reply is asked for again."""
CONNECT = 10.0
"""Seconds to connect in."""
LARGEST = 32 * 2**20
"""Bytes of a reply."""
SECRET = 8
"""Characters from which on a key is blotted out wherever it stands; shorter ones are words."""
HEADERS = {
    "host", "accept", "accept-encoding", "connection", "content-type", "content-length",
    "user-agent", "x-stainless-raw-response",
}  # fmt: skip
"""The last one tells the client itself that the reply is read piece by piece."""
NEWER = "max_completion_tokens"


class Line:
    """An address with its key. Several threads may ask."""

    def __init__(self, url: str, key: str, limits: Limits, meter: Meter) -> None:
        openai = imported()
        self.url, self._limits, self._meter = url, limits, meter
        self._key, self._newer = key, False
        self._client = client = openai.OpenAI(
            base_url=url,
            api_key=key or "none",
            max_retries=limits.retries,
            timeout=openai.Timeout(limits.seconds, connect=min(CONNECT, limits.seconds)),
            http_client=openai.DefaultHttpxClient(
                follow_redirects=False,
                trust_env=not local(url),  # or else a proxy would have what was for this machine
                event_hooks={"request": [self._sending]},
            ),
        )
        self._routes: Mapping[str, Callable[..., Any]] = {
            "models": client.models.with_streaming_response.list,
            "completions": client.completions.with_streaming_response.create,
            "chat/completions": client.chat.completions.with_streaming_response.create,
        }

    def close(self) -> None:
        self._client.close()

    def ask(self, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that a route replies, in the form that is due. Unanswered or Ended where
        there is none."""
        self._meter.check()
        for left in reversed(range(AGAIN + 1)):
            with self._timed(), self._explained():
                try:
                    reply = checked(route, self._blotted(parsed(self._exchange(route, body))))
                    self._meter.add(Usage(requests=1, **used(reply)))
                    return reply
                except Garbled as error:
                    if not left:
                        what = f"the reply cannot be read ({AGAIN + 1} tries): {error}"
                        fix = "see that the address is that of an OpenAI-compatible endpoint"
                        raise Unanswered(what, where=self.url, fix=fix) from None
        raise AssertionError("the last try returns or raises")

    def _exchange(self, route: str, body: Mapping[str, Any]) -> bytes:
        import openai

        sent = self._worded(route, body)
        try:
            return self._read(route, sent)
        except openai.BadRequestError as error:
            if "max_tokens" not in sent or NEWER not in str(error):
                raise
            self._newer = True
            return self._read(route, self._worded(route, body))

    def _worded(self, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
        renamed = {"max_tokens": NEWER} if self._newer and route == "chat/completions" else {}
        return {renamed.get(name, name): value for name, value in body.items()}

    def _read(self, route: str, body: Mapping[str, Any]) -> bytes:
        with self._routes[route](**body) as reply:
            try:
                return whole(reply.iter_bytes(), self._limits.seconds)
            except Garbled:
                raise
            except Exception as error:  # of httpx or httpx2: whichever this openai is built on
                raise Garbled(f"it broke off ({type(error).__name__})") from None

    def _blotted(self, reply: dict[str, Any]) -> dict[str, Any]:
        """A reply that repeats the key does not bring it into what is kept."""
        whole, secret = json.dumps(reply), json.dumps(self._key)[1:-1]
        if len(secret) < SECRET or secret not in whole:
            return reply
        found: dict[str, Any] = json.loads(whole.replace(secret, "[key]"))
        return found

    def _sending(self, request: Any) -> None:
        """Before each try."""
        self._meter.turn()
        for name in [name for name in request.headers if name.lower() not in HEADERS]:
            del request.headers[name]
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self._meter.add(Usage(seconds=time.monotonic() - start))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of the client in words, without the key; their causes might hold it."""
        import openai

        secret = self._key if len(self._key) >= SECRET else ""
        try:
            yield
        except UserError as error:
            raise without(secret, error) from None
        except openai.OpenAIError as error:
            tries = self._limits.retries + 1
            found = in_words(error, self.url, self._limits.seconds, tries)
            raise without(secret, found) from None


def whole(parts: Iterable[bytes], seconds: float) -> bytes:
    """A body in one. Garbled where it takes longer than `seconds`, or has no end."""
    found, end = bytearray(), time.monotonic() + seconds
    for part in parts:
        found += part
        if len(found) > LARGEST:
            raise Garbled(f"it is larger than {LARGEST // 2**20} MiB")
        if time.monotonic() > end:
            raise Garbled(f"it was still coming after {seconds:g} seconds")
    return bytes(found)


def imported() -> Any:
    """The client's module, which is an extra."""
    try:
        import openai
    except ImportError:
        raise UserError(
            "endpoints need OpenAI's client, which is not installed",
            fix="pip install 'plumbline[endpoint]'",
        ) from None
    return openai
