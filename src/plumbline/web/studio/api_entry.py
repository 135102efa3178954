"""Coming in and going: log in and out, the first owner, invitations."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from plumbline.feedback.collecting import accounts, invites, sessions
from plumbline.web.studio import security
from plumbline.web.studio.schema import Join, LogIn, SetUp
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import Studio, studio_of

router = APIRouter(prefix="/api")
Maybe = Annotated[Person | None, Depends(security.maybe)]


@router.post("/login")
def login(request: Request, response: Response, body: LogIn) -> dict[str, Any]:
    """A session for who knows the password."""
    token = enter(request, body.name, body.password)
    return _welcome(studio_of(request), response, token)


@router.post("/logout", status_code=204)
def logout(request: Request, who: Annotated[Person, Depends(security.in_person)]) -> Response:
    """The session is over."""
    response = Response(status_code=204)
    leave(request, response, who)
    return response


@router.post("/setup")
def setup(request: Request, response: Response, body: SetUp) -> dict[str, Any]:
    """The first owner, by the link that was printed."""
    return _welcome(studio_of(request), response, found(request, body))


@router.post("/join")
def join(request: Request, response: Response, body: Join, who: Maybe) -> dict[str, Any]:
    """Take an invitation: as who is logged in (no name given), else as somebody new."""
    studio = studio_of(request)
    if who is not None and not body.name:
        security.may(who, "manage")
        with studio.database.write() as at:
            return {"project": invites.accept(at, body.token, who.id).name}
    return _welcome(studio, response, come(request, body))


def enter(request: Request, name: str, password: str) -> str:
    """A new session's token. TooMany, UserError as `accounts.log_in` has them."""
    studio = studio_of(request)
    who = accounts.log_in(studio.database, name, password, security.came_from(request))
    return _begun(request, studio, who.id)


def leave(request: Request, response: Response, who: Person) -> None:
    """End the session that a request came with."""
    studio = studio_of(request)
    with studio.database.write() as at:
        sessions.revoke(at, who.id, who.session)
    security.forget(response, studio)


def found(request: Request, given: SetUp) -> str:
    """The first owner comes in: a new session's token."""
    studio = studio_of(request)
    with studio.database.read() as at:
        invites.look(at, given.token)  # before a hash is made for nothing
    kept = accounts.hashed(given.name, given.password)
    with studio.database.write() as at:
        user = invites.set_up(at, given.token, given.name, kept)
    return _begun(request, studio, user)


def come(request: Request, given: Join) -> str:
    """Somebody new comes in by an invitation: a new session's token."""
    studio = studio_of(request)
    with studio.database.read() as at:
        invites.look(at, given.token)
    kept = accounts.hashed(given.name, given.password)
    with studio.database.write() as at:
        user = invites.come(at, given.token, given.name, kept, given.people)
    return _begun(request, studio, user)


def _begun(request: Request, studio: Studio, user: int) -> str:
    with studio.database.write() as at:
        return sessions.begin(at, user, request.headers.get("User-Agent", ""))


def _welcome(studio: Studio, response: Response, token: str) -> dict[str, Any]:
    """The cookie, and who it is for."""
    security.remember(response, studio, token)
    with studio.database.read() as at:
        begun = sessions.of_session(at, token)
    assert begun is not None
    who = Person(**vars(begun[0]), session=sessions.digest(token), scopes=None)
    return security.told(who, studio)
