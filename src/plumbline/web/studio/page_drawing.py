"""How far models are with their answers: trying again what failed, and giving up what is left."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from plumbline.feedback.collecting import accounts, drawing
from plumbline.web.studio.page_parts import to
from plumbline.web.studio.security import Seat, needs
from plumbline.web.studio.state import studio_of

router = APIRouter(prefix="/p/{project}")


@router.post("/draw")
def draw(
    request: Request,
    seat: Annotated[Seat, Depends(needs("curator"))],
    what: Annotated[str, Form()] = "again",
) -> Response:
    """Try now what failed (again), or leave out what has no items (leave)."""
    studio, project = studio_of(request), seat.project
    if what == "leave":
        with studio.database.write() as at:
            left = drawing.leave_out(at, project)
            accounts.note(at, seat.person.id, project.id, "left out", {"prompts": left})
    elif studio.models is not None:
        studio.models.drawer.wake()
    return to(f"/p/{project.name}")
