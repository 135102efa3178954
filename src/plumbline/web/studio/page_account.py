"""One's own account, and for owners the audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import accounts, sessions
from plumbline.web.studio import api_account, security
from plumbline.web.studio.page_parts import shown, to
from plumbline.web.studio.schema import NewToken, Password
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import studio_of

router = APIRouter()
Field = Annotated[str, Form()]
InPerson = Annotated[Person, Depends(security.in_person)]
Owner = Annotated[Person, Depends(security.owner)]
PAGE = 100
"""Rows of the audit on one page."""


@router.get("/account")
def account(request: Request, who: InPerson) -> Response:
    """Sessions, tokens, the password."""
    return _account(request, who)


@router.post("/account/password")
def password(request: Request, who: InPerson, old: Field, new: Field, again: Field) -> Response:
    """Another password; all other sessions end."""
    if new != again:
        raise UserError("the new password was written in two ways", fix="write it twice alike")
    api_account.change(request, who, Password(old=old, new=new))
    return _account(request, who, "The password is changed; all your other sessions ended.")


@router.post("/account/sessions/{session}/end")
def end_session(request: Request, session: str, who: InPerson) -> Response:
    """End one of one's own sessions."""
    api_account.end_session(request, session, who)
    return to("/account")


@router.post("/account/tokens")
def make_token(
    request: Request,
    who: InPerson,
    label: Field,
    scopes: Annotated[list[str], Form(default_factory=list)],
    days: Annotated[float, Form()] = 90.0,
) -> Response:
    """A token for a program, shown this once."""
    wanted = NewToken(label=label, scopes=scopes, days=days)
    made = api_account.make_token(request, wanted, who)
    return _account(request, who, "", made["token"])


@router.post("/account/tokens/{token}/remove")
def remove_token(request: Request, token: int, who: InPerson) -> Response:
    """Void one of them."""
    api_account.remove_token(request, token, who)
    return to("/account")


@router.get("/audit")
def audit(request: Request, who: Owner, before: int | None = None) -> Response:
    """Who did what, newest first."""
    with studio_of(request).database.read() as at:
        rows = accounts.noted(at, before=before, limit=PAGE)
    return shown(request, "audit.html", {"rows": rows, "more": len(rows) == PAGE})


def _account(request: Request, who: Person, done: str = "", secret: str = "") -> Response:
    with studio_of(request).database.read() as at:
        context = {
            "sessions": sessions.listed(at, who.id), "tokens": sessions.tokens_of(at, who.id),
            "scopes": sessions.SCOPES, "short": api_account.SHORT, "done": done, "secret": secret,
        }  # fmt: skip
    return shown(request, "account.html", context)
