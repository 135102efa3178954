"""Everybody with an account, for owners: who they are, and whether they may come in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from plumbline.feedback.collecting import admitting
from plumbline.web.studio import security
from plumbline.web.studio.schema import Admitted
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import studio_of

router = APIRouter(prefix="/api/people")
Owner = Annotated[Person, Depends(security.owner)]


@router.get("")
def everybody(request: Request, who: Owner) -> list[dict[str, Any]]:
    """All accounts, with when they were last seen and the projects they are in."""
    with studio_of(request).database.read() as at:
        return [
            asdict(one) | {"projects": dict(one.projects)} for one in admitting.everybody(at)
        ]  # fmt: skip


@router.post("/{user}", status_code=204)
def admit(request: Request, user: int, body: Admitted, who: Owner) -> None:
    """Shut somebody out, ending their sessions and tokens, or let them in again."""
    with studio_of(request).database.write() as at:
        if body.active:
            admitting.let_in(at, user, who.id)
        else:
            admitting.shut_out(at, user, who.id)
