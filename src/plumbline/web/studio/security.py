"""Who asks, and whether they may.

A browser's session is a random token in a signed cookie (HttpOnly, SameSite=Lax, and Secure with
TLS); a program sends `Authorization: Bearer TOKEN`. Whatever changes something by cookie carries a
CSRF token, HMAC-SHA256(secret, session), as the header X-CSRF-Token or the form's field `csrf`, and
must not come from another origin (Sec-Fetch-Site, else Origin). `guarded` stands before every
route, so that none forgets it; who may take a route is said by its `person`, `owner` or `needs`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import Response
from itsdangerous import BadSignature, Signer

from plumbline.feedback.collecting import accounts, projects, sessions
from plumbline.feedback.collecting.projects import Project
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.state import Studio, studio_of

SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = ("/login", "/setup", "/join")
"""What needs no session: a stale one must not stand in the way. Pages, and the same under /api."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_KEPT = "plumbline.person"


@dataclass(frozen=True)
class Person:
    """Who asks. session: digest of a browser's session ("" for a program); scopes: what a program's
    token may do (None: everything the person may)."""

    id: int
    name: str
    people: str
    owner: bool
    session: str
    scopes: frozenset[str] | None


@dataclass(frozen=True)
class Seat:
    """A person in a project, with the role they have there."""

    person: Person
    project: Project
    role: str

    @property
    def judge(self) -> int | None:
        """Their id where they might be asked themselves; None for who only looks."""
        return None if self.role == "viewer" else self.person.id


def maybe(request: Request) -> Person | None:
    """Who asks; None for nobody. Looked up once a request."""
    if _KEPT not in request.scope:
        request.scope[_KEPT] = _found(request)
    found: Person | None = request.scope[_KEPT]
    return found


async def person(who: Annotated[Person | None, Depends(maybe)]) -> Person:
    """Who asks; 401 for nobody (pages: to the log-in)."""
    if who is None:
        raise Refused(401, "who is this?", "log in, or send a token", WWW_Authenticate="Bearer")
    return who


async def in_person(who: Annotated[Person, Depends(person)]) -> Person:
    """Somebody at a browser: no token may change the account it belongs to."""
    if who.scopes is not None:
        raise Refused(403, "a token may not do this", "log in")
    return who


def may(who: Person, *scopes: str) -> None:
    """403 unless a token has one of these scopes; a browser's session has all."""
    if who.scopes is not None and not who.scopes & set(scopes):
        raise Refused(403, f"this token may not {' or '.join(scopes)}", "make one with that scope")


async def owner(request: Request, who: Annotated[Person, Depends(person)]) -> Person:
    """An owner of the studio; 403 for others."""
    may(who, "read" if request.method in SAFE else "manage")
    if not who.owner:
        raise Refused(403, "only an owner may do this", "ask one")
    return who


def needs(*roles: str, scopes: tuple[str, ...] = ()) -> Callable[..., Seat]:
    """A dependency for routes with the path parameter `project`: the seat of somebody with one of
    these roles (an owner may everything). 404 for who is no member, 403 for another role, and for a
    token with none of the scopes (by itself: read to look, manage to change)."""

    def seated(request: Request, project: str, who: Annotated[Person, Depends(person)]) -> Seat:
        with studio_of(request).database.read() as at:
            found = projects.find(at, project)
            role = projects.role_of(at, found, who.id) if found else ""
        if found is None or not role:
            raise Refused(404, "there is no such project, or you are no member of it")
        if role != "owner" and role not in roles:
            raise Refused(
                403, f"this is not for a {role}", f"ask for the role {' or '.join(roles)}"
            )
        may(who, *(scopes or ("read" if request.method in SAFE else "manage",)))
        return Seat(who, found, role)

    return seated


async def guarded(request: Request, who: Annotated[Person | None, Depends(maybe)]) -> None:
    """403 for a change that another site sent, or without the session's CSRF token."""
    if request.method in SAFE or (who is not None and who.scopes is not None):
        return
    studio = studio_of(request)
    if _foreign(request):
        raise Refused(403, "this came from another site", f"use the studio at {studio.public}")
    if who is None or request.url.path.removeprefix("/api").startswith(OPEN):
        return
    if not hmac.compare_digest((await _sent(request)).encode(), csrf_token(who, studio).encode()):
        raise Refused(403, "this page is too old, or not the studio's", "load it again")


def csrf_token(person: Person, studio: Studio) -> str:
    """What a form of this session carries; "" for nobody's."""
    if not person.session:
        return ""
    return hmac.new(studio.secret, f"csrf {person.session}".encode(), hashlib.sha256).hexdigest()


def told(who: Person, studio: Studio) -> dict[str, Any]:
    """Who somebody is, as JSON, and what their requests carry."""
    return {"id": who.id, "name": who.name, "owner": who.owner, "people": who.people,
            "csrf": csrf_token(who, studio)}  # fmt: skip


def remember(response: Response, studio: Studio, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        _cookie(studio), _signer(studio).sign(token).decode(), max_age=int(sessions.ABSOLUTE),
        path="/", secure=studio.encrypted, httponly=True, samesite="lax",
    )  # fmt: skip


def forget(response: Response, studio: Studio) -> None:
    """Take it back."""
    response.delete_cookie(_cookie(studio), path="/", secure=studio.encrypted, httponly=True)


def came_from(request: Request) -> str:
    """The address of the other end."""
    return request.client.host if request.client else ""


def _found(request: Request) -> Person | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _by_token(studio_of(request), token.strip())
    return _by_cookie(request, studio_of(request))


def _by_token(studio: Studio, token: str) -> Person | None:
    with studio.database.read() as at:
        found = sessions.of_token(at, token)
    return None if found is None else _as_person(found[0], "", found[1])


def _by_cookie(request: Request, studio: Studio) -> Person | None:
    try:
        token = _signer(studio).unsign(request.cookies.get(_cookie(studio), "")).decode()
    except (BadSignature, UnicodeDecodeError):
        return None
    with studio.database.read() as at:
        found = sessions.of_session(at, token)
    if found is None:
        return None
    if found[1]:
        with studio.database.write() as at:
            sessions.touch(at, token)
    return _as_person(found[0], sessions.digest(token), None)


def _as_person(found: accounts.Account, session: str, scopes: frozenset[str] | None) -> Person:
    return Person(found.id, found.name, found.people, found.owner, session, scopes)


def _signer(studio: Studio) -> Signer:
    return Signer(studio.secret, salt="session", digest_method=hashlib.sha256)


def _cookie(studio: Studio) -> str:
    """`__Host-` lets browsers take it from this very host by TLS only."""
    return "__Host-plumbline" if studio.encrypted else "plumbline"


def _foreign(request: Request) -> bool:
    """Whether a browser says that another site sent this. Programs say nothing of it."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("Host", "")


async def _sent(request: Request) -> str:
    """The CSRF token that came along."""
    header = request.headers.get("X-CSRF-Token")
    if header is not None:
        return header
    if not request.headers.get("Content-Type", "").startswith(FORMS):
        return ""
    field = (await request.form()).get("csrf")
    return field if isinstance(field, str) else ""
