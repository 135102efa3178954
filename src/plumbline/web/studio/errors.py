"""What is refused: as JSON under /api, as pages elsewhere.

{"error": what is wrong, "fix": what to do next}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from plumbline.core.errors import UserError
from plumbline.feedback.collecting.accounts import Taken, TooMany
from plumbline.web.studio.around import HEADERS

Trouble = Callable[[Request, int, str, str], Response]
"""A page that says (status, what, fix)."""


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, what: str, fix: str = "", **headers: str) -> None:
        super().__init__(what)
        self.status, self.what, self.fix = status, what, fix
        self.headers: Mapping[str, str] = {k.replace("_", "-"): v for k, v in headers.items()}


def install(app: FastAPI, page: Trouble) -> None:
    """Answer every error of an application."""

    async def answered(request: Request, error: Exception) -> Response:
        refused = as_refused(error)
        if request.url.path.startswith("/api/"):
            said = {"error": refused.what, "fix": refused.fix}
            return JSONResponse(said, refused.status, HEADERS | dict(refused.headers))
        if refused.status == HTTPStatus.UNAUTHORIZED:
            return RedirectResponse(f"/login?next={quote(_place(request))}", HTTPStatus.SEE_OTHER)
        shown = page(request, refused.status, refused.what, refused.fix)
        shown.headers.update(HEADERS | dict(refused.headers))  # a bug's page leaves by another way
        return shown

    expected = (Refused, UserError, RequestValidationError, ValidationError, HTTPException)
    for kind in (*expected, Exception):
        app.add_exception_handler(kind, answered)


def as_refused(error: Exception) -> Refused:
    """Any error as an answer; what nobody foresaw is a bug (500) and says no more than that."""
    match error:
        case Refused():
            return error
        case TooMany():
            return Refused(429, error.what, error.fix, Retry_After=str(error.wait))
        case Taken():
            return Refused(409, error.what, error.fix)
        case UserError():
            return Refused(400, _what(error), error.fix)
        case RequestValidationError() | ValidationError():
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"] if part != "body")
            return Refused(422, f"{place}: {first['msg'].lower()}" if place else first["msg"])
        case HTTPException():
            return Refused(error.status_code, error.detail, **dict(error.headers or {}))
    return Refused(500, f"a bug of the studio ({type(error).__name__})", "see the server's log")


def _what(error: UserError) -> str:
    return f"{error.where}: {error.what}" if error.where else error.what


def _place(request: Request) -> str:
    """Where a person wanted to go, if it can be gone to again."""
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
