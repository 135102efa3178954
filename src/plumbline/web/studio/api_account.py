"""One's own account: who one is, sessions, tokens, the password; and for owners the audit."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from plumbline.feedback.collecting import accounts, sessions
from plumbline.feedback.collecting.accounts import Account
from plumbline.web.studio import security
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.schema import NewToken, Password
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import studio_of

router = APIRouter(prefix="/api")
Who = Annotated[Person, Depends(security.person)]
InPerson = Annotated[Person, Depends(security.in_person)]
Owner = Annotated[Person, Depends(security.owner)]
SHORT = 16
"""Characters of a digest that name a session."""


@router.get("/me")
def me(request: Request, who: Who) -> dict[str, Any]:
    """Who asks, and what their forms carry."""
    return security.told(who, studio_of(request))


@router.get("/sessions")
def list_sessions(request: Request, who: InPerson) -> list[dict[str, Any]]:
    """One's own sessions."""
    with studio_of(request).database.read() as at:
        return [
            {"id": row.digest[:SHORT], "agent": row.agent, "began": row.began, "seen": row.seen,
             "expires": row.expires, "this": row.digest == who.session}
            for row in sessions.listed(at, who.id)
        ]  # fmt: skip


@router.delete("/sessions/{session}", status_code=204)
def end_session(request: Request, session: str, who: InPerson) -> None:
    """End one of them."""
    with studio_of(request).database.write() as at:
        if not sessions.revoke(at, who.id, session):
            raise Refused(404, "you have no such session")


@router.get("/tokens")
def list_tokens(request: Request, who: InPerson) -> list[dict[str, Any]]:
    """One's own tokens, without their secrets."""
    with studio_of(request).database.read() as at:
        return [
            {"id": row.id, "label": row.label, "scopes": row.scopes, "made": row.made,
             "expires": row.expires}
            for row in sessions.tokens_of(at, who.id)
        ]  # fmt: skip


@router.post("/tokens", status_code=201)
def make_token(request: Request, body: NewToken, who: InPerson) -> dict[str, Any]:
    """A token for a program; its secret is shown this once."""
    with studio_of(request).database.write() as at:
        secret = sessions.make_token(at, who.id, body.label, body.scopes, body.days)
        accounts.note(at, who.id, None, "token", {"label": body.label, "scopes": body.scopes})
    return {"token": secret}


@router.delete("/tokens/{token}", status_code=204)
def remove_token(request: Request, token: int, who: InPerson) -> None:
    """Void one of them."""
    with studio_of(request).database.write() as at:
        if not sessions.remove_token(at, who.id, token):
            raise Refused(404, "you have no such token")


@router.post("/password", status_code=204)
def password(request: Request, body: Password, who: InPerson) -> Response:
    """Another password; all other sessions end."""
    change(request, who, body)
    return Response(status_code=204)


@router.get("/audit")
def audit(
    request: Request, who: Owner, before: int | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Who did what, newest first."""
    with studio_of(request).database.read() as at:
        return [
            {"id": row.id, "at": row.at, "user": row.name, "project": row.project,
             "what": row.what, "detail": row.detail}
            for row in accounts.noted(at, before=before, limit=max(1, min(limit, 1000)))
        ]  # fmt: skip


def change(request: Request, who: Person, given: Password) -> None:
    """Another password for who asks; all their other sessions end."""
    database = studio_of(request).database
    known = Account(who.id, who.name, who.people, who.owner)
    place = security.came_from(request)
    accounts.change_password(database, known, given.old, given.new, place)
    with database.write() as at:
        sessions.revoke_others(at, who.id, who.session)
        accounts.note(at, who.id, None, "password", {})
