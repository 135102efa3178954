"""What stands around the application: headers on every answer, a limit on what comes in."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: dict[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
FILES = ("application/x-ndjson", "multipart/form-data")
LARGEST, LARGEST_JSON = 64 * 2**20, 4 * 2**20
"""Bytes of the largest request: of a file, and of what is held in memory before it is known who
sent it."""


class Headed:
    """Puts the headers, and `more`, on every answer."""

    def __init__(self, app: ASGIApp, more: Mapping[str, str]) -> None:
        self.app, self.more = app, HEADERS | dict(more)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        kept = "no-cache" if scope["path"].startswith("/static/") else "no-store"

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.more.items():
                    headers.setdefault(name, value)  # a report brings a policy of its own
                headers["Cache-Control"] = kept
            await send(message)

        await self.app(scope, receive, sent)


class Limited:
    """Ends a request that is too large, whatever length it said it has."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        kind = Headers(scope=scope).get("Content-Type", "") if scope["type"] == "http" else ""
        most = LARGEST if kind.startswith(FILES) else LARGEST_JSON
        came = 0

        async def received() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise HTTPException(413, f"more than {most >> 20} MB: send it in parts")
            return message

        await self.app(scope, received, send)
