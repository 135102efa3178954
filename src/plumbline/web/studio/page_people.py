"""Everybody with an account, for owners: shutting people out, and letting them in again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from plumbline.feedback.collecting import admitting
from plumbline.web.studio import api_people, security
from plumbline.web.studio.page_parts import shown, to
from plumbline.web.studio.schema import Admitted
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import studio_of

router = APIRouter(prefix="/people")
Owner = Annotated[Person, Depends(security.owner)]


@router.get("")
def everybody(request: Request, who: Owner) -> Response:
    """All accounts, active or not."""
    with studio_of(request).database.read() as at:
        people = admitting.everybody(at)
    return shown(request, "everybody.html", {"people": people})


@router.post("/{user}")
def admit(
    request: Request, user: int, who: Owner, active: Annotated[str, Form()] = ""
) -> Response:  # fmt: skip
    """Shut somebody out, or let them in again."""
    api_people.admit(request, user, Admitted(active=bool(active)), who)
    return to("/people")
