"""Answers of models to prompts: asking for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import accounts, drawing
from plumbline.feedback.collecting.drawing import Prompt
from plumbline.feedback.collecting.projects import Project
from plumbline.web.studio.models import Models
from plumbline.web.studio.schema import Drawn
from plumbline.web.studio.security import Person, Seat, needs
from plumbline.web.studio.state import Studio, studio_of

router = APIRouter(prefix="/api/projects/{project}")
Curator = Annotated[Seat, Depends(needs("curator"))]


@router.post("/draw")
def draw(request: Request, seat: Curator, body: Drawn) -> dict[str, int]:
    """Prompts that models are to answer, in the background; how many."""
    studio = studio_of(request)
    models = writers(studio, body.models)
    rows = ((f"prompt {n}", {"prompt": one}) for n, one in enumerate(body.prompts, 1))
    with studio.database.write() as at:
        prompts = drawing.prompts_in(rows)
        count = drawn(at, seat.person, seat.project, prompts, body.models, body.n)
    models.drawer.wake()
    return {"prompts": count}


def writers(studio: Studio, names: Sequence[str]) -> Models:
    """Who writes for the studio. UserError where nobody does, or not under one of these names."""
    if studio.models is None:
        raise UserError("this studio has no models", fix="start it with --models URL")
    studio.models.check(names)
    return studio.models


def drawn(
    at: Connection,
    who: Person,
    project: Project,
    prompts: Iterable[Prompt],
    names: Sequence[str],
    each: int,
) -> int:
    """Keep prompts to be answered, and who asked for it; how many. UserError for none."""
    each = drawing.check(project.form, names, each)
    count = drawing.ask(at, project, prompts, names, each)
    if not count:
        raise UserError("there is no prompt in the file", fix="give lines of JSON (see below)")
    detail = {"prompts": count, "models": list(names), "each": each}
    accounts.note(at, who.id, project.id, "draw", detail)
    return count
