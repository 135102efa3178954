"""Coming in and going, by forms that need no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from pydantic import ValidationError

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import invites
from plumbline.web.studio import api_entry, security
from plumbline.web.studio.errors import as_refused
from plumbline.web.studio.page_parts import local, shown, to
from plumbline.web.studio.schema import Join, SetUp
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import studio_of

router = APIRouter()
Field = Annotated[str, Form()]
Maybe = Annotated[Person | None, Depends(security.maybe)]


@router.get("/login")
def login_page(request: Request, who: Maybe, next: str = "/") -> Response:
    """The form; who is in already goes on."""
    if who is not None:
        return to(local(next))
    return _door(request, "login.html", {"next": next})


@router.post("/login")
def login(request: Request, name: Field = "", password: Field = "", next: Field = "/") -> Response:
    """Come in, or hear why not."""
    again = {"next": next, "name": name}
    return _entered(
        request, lambda: api_entry.enter(request, name, password), local(next), "login.html", again
    )


@router.post("/logout")
def logout(request: Request, who: Annotated[Person, Depends(security.in_person)]) -> Response:
    """The session is over."""
    response = to("/login")
    api_entry.leave(request, response, who)
    return response


@router.get("/setup/{token}")
def setup_page(request: Request, token: str) -> Response:
    """The first owner chooses a name."""
    return _door(request, "setup.html", {"role": _look(request, token).role})


@router.post("/setup/{token}")
def setup(request: Request, token: str, name: Field = "", password: Field = "") -> Response:
    """The first owner comes in."""
    role = _look(request, token).role

    def enter() -> str:
        return api_entry.found(request, SetUp(token=token, name=name, password=password))

    return _entered(request, enter, "/", "setup.html", {"role": role, "name": name})


@router.get("/join/{token}")
def join_page(request: Request, token: str, who: Maybe) -> Response:
    """What the invitation is to."""
    return _door(request, "join.html", {"invite": _invite(request, token), "who": who})


@router.post("/join/{token}")
def join(
    request: Request, token: str, who: Maybe,
    name: Field = "", password: Field = "", people: Field = "",
) -> Response:  # fmt: skip
    """Take it: as who is logged in, or as somebody new."""
    invite = _invite(request, token)
    assert invite.project is not None
    place = f"/p/{invite.project.name}"
    if who is not None and not name:
        security.may(who, "manage")
        with studio_of(request).database.write() as at:
            invites.accept(at, token, who.id)
        return to(place)

    def enter() -> str:
        return api_entry.come(
            request, Join(token=token, name=name, password=password, people=people)
        )

    again = {"invite": invite, "who": None, "name": name, "people": people}
    return _entered(request, enter, place, "join.html", again)


def _entered(
    request: Request,
    enter: Callable[[], str],
    place: str,
    template: str,
    again: Mapping[str, object],
) -> Response:
    """In and on to a place; where that is refused, the form again, saying why."""
    try:
        token = enter()
    except (UserError, ValidationError) as error:
        refused = as_refused(error if isinstance(error, UserError) else _misfit(error))
        page = _door(request, template, {**again, "what": refused.what, "fix": refused.fix})
        page.status_code = refused.status
        page.headers.update(refused.headers)
        return page
    response = to(place)
    security.remember(response, studio_of(request), token)
    return response


def _misfit(error: ValidationError) -> UserError:
    first = error.errors()[0]
    return UserError(f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}")


def _door(request: Request, template: str, context: Mapping[str, object]) -> Response:
    empty = {"what": "", "fix": "", "name": "", "people": ""}
    return shown(request, template, {**empty, **context})


def _look(request: Request, token: str) -> invites.Invite:
    with studio_of(request).database.read() as at:
        return invites.look(at, token)


def _invite(request: Request, token: str) -> invites.Invite:
    found = _look(request, token)
    if found.project is None:
        raise UserError("this link is for the first owner", fix="open it as it was printed")
    return found
