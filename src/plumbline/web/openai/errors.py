"""What goes wrong, in the form that clients of OpenAI's API read."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from plumbline.core.errors import UserError

OURS = 500
"""From this status on it is the server's fault."""


class Trouble(Exception):
    """An error with its HTTP status; `param` names the field it is about."""

    def __init__(self, status: int, what: str, *, param: str | None = None, code: str = "") -> None:
        super().__init__(what)
        self.status, self.what, self.param, self.code = status, what, param, code

    def body(self) -> dict[str, Any]:
        """As JSON."""
        kind = "server_error" if self.status >= OURS else "invalid_request_error"
        return {
            "error": {
                "message": self.what, "type": kind, "param": self.param, "code": self.code or None,
            }
        }  # fmt: skip


def of(error: UserError, status: int = 400, *, param: str | None = None, code: str = "") -> Trouble:
    """What a person could mend, as an error of the request."""
    return Trouble(status, ": ".join(filter(None, (error.what, error.fix))), param=param, code=code)


async def trouble(request: Request, error: Exception) -> JSONResponse:
    """The answer to a `Trouble`."""
    assert isinstance(error, Trouble)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse(error.body(), error.status, headers)


async def refused(request: Request, error: Exception) -> JSONResponse:
    """The answer where no route, or no such method of it, is there."""
    assert isinstance(error, HTTPException)
    what = f"{request.method} {request.url.path}: {error.detail}"
    return JSONResponse(Trouble(error.status_code, what).body(), error.status_code, error.headers)


async def bug(request: Request, error: Exception) -> JSONResponse:
    """The answer to anything else; the traceback is the server's log's."""
    return JSONResponse(Trouble(OURS, f"a bug of the server ({type(error).__name__})").body(), OURS)
