"""Projects: making them, what is in them, who may come, how they are told to judge."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from plumbline.feedback.collecting import (
    accounts,
    forms,
    invites,
    judging,
    listing,
    projects,
    reading,
)
from plumbline.feedback.collecting.forms import form_of
from plumbline.feedback.collecting.intake import Lines
from plumbline.feedback.collecting.loading import items_in
from plumbline.feedback.collecting.projects import Project
from plumbline.web.studio import security
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.schema import (
    Closed,
    Guideline,
    Judged,
    Member,
    NewInvite,
    NewProject,
)
from plumbline.web.studio.security import Person, Seat, needs
from plumbline.web.studio.state import Studio, studio_of

router = APIRouter(prefix="/api")
Who = Annotated[Person, Depends(security.person)]
Owner = Annotated[Person, Depends(security.owner)]
Curator = Annotated[Seat, Depends(needs("curator"))]
Anyone = Annotated[
    Seat, Depends(needs("curator", "annotator", "viewer", scopes=("read", "judge", "manage")))
]


@router.get("/projects")
def list_projects(request: Request, who: Who) -> list[dict[str, Any]]:
    """The projects one has a role in, by name."""
    security.may(who, "read", "judge", "manage")
    with studio_of(request).database.read() as at:
        return [told(at, project, role) for project, role in mine(at, who)]


@router.post("/projects", status_code=201)
def make(request: Request, body: NewProject, who: Owner) -> dict[str, Any]:
    """A new project without items; its maker may judge in it."""
    with studio_of(request).database.write() as at:
        return told(at, made(at, who, body), "owner")


@router.get("/projects/{project}")
def look(request: Request, seat: Anyone) -> dict[str, Any]:
    """A project: its form, its guidelines, how far it is."""
    with studio_of(request).database.read() as at:
        version, text = projects.guideline(at, seat.project)
        guideline = {"guideline": {"version": version, "text": text}}
        return told(at, seat.project, seat.role) | guideline


@router.post("/projects/{project}/items")
async def add(request: Request, seat: Curator) -> dict[str, int]:
    """Items, one a line; all of them or none."""
    with tempfile.SpooledTemporaryFile(max_size=2**20) as lines:
        async for part in request.stream():  # before the transaction: a slow sender holds up nobody
            lines.write(part)
        lines.seek(0)
        return await run_in_threadpool(put, studio_of(request), seat, lines)


@router.post("/projects/{project}/adjudicate")
def adjudicate(request: Request, seat: Curator, body: Judged) -> dict[str, int]:
    """A curator's word on an item: it stands in place of what people said, which stays."""
    with studio_of(request).database.write() as at:
        who = seat.person.id
        event = judging.adjudicate(at, seat.project, who, body.item, body.body, key=body.key)
    return {"event": event}


@router.post("/projects/{project}/close", status_code=204)
def close(request: Request, seat: Curator, body: Closed) -> None:
    """Nobody judges any more, or again."""
    with studio_of(request).database.write() as at:
        projects.close(at, seat.project, body.closed)
        accounts.note(at, seat.person.id, seat.project.id, "closed", {"closed": body.closed})


@router.post("/projects/{project}/guideline")
def guideline(request: Request, seat: Curator, body: Guideline) -> dict[str, int]:
    """Guidelines from now on: a new version."""
    with studio_of(request).database.write() as at:
        return {"version": projects.guide(at, seat.project, body.text, seat.person.id)}


@router.post("/projects/{project}/members", status_code=204)
def member(request: Request, seat: Curator, body: Member) -> None:
    """Another role for a member."""
    with studio_of(request).database.write() as at:
        enrol(at, seat, body.user, body.role)


@router.delete("/projects/{project}/members/{user}", status_code=204)
def remove(request: Request, seat: Curator, user: int) -> None:
    """Somebody is no member any more; what they said stays."""
    with studio_of(request).database.write() as at:
        expel(at, seat, user)


@router.post("/projects/{project}/invites", status_code=201)
def invite(request: Request, seat: Curator, body: NewInvite) -> dict[str, str]:
    """A link for one person; it is shown this once."""
    studio = studio_of(request)
    with studio.database.write() as at:
        return {"link": invited(at, studio, seat, body)}


def mine(at: Connection, who: Person) -> list[tuple[Project, str]]:
    """The projects that somebody has a role in, by name."""
    if who.owner:
        return [(project, "owner") for project in projects.every(at)]
    roles = listing.joined(at, who.id)
    return [(one, roles[one.id]) for one in projects.every(at) if one.id in roles]


def told(at: Connection, project: Project, role: str) -> dict[str, Any]:
    """A project as JSON. What checks there are, and who revises, is not an annotator's to know."""
    whole = {
        "name": project.name, "form": asdict(project.form), "quota": project.quota,
        "lease": project.lease, "assigned": project.assigned, "closed": project.closed,
        "role": role, "progress": asdict(reading.progress(at, project)),
    }  # fmt: skip
    if role == "annotator":
        return whole | {"form": forms.told(project.form)}
    return whole | {"checks": project.checks, "seed": project.seed}


def made(at: Connection, who: Person, given: NewProject) -> Project:
    """The project, with its maker as a curator. Taken where the name is another's."""
    if projects.find(at, given.name):
        raise accounts.Taken(f"there is a project {given.name!r} already", fix="give another name")
    project = projects.create(
        at, given.name, form_of(given.form), quota=given.quota, lease=given.lease,
        checks=given.checks, assigned=given.assigned, seed=given.seed, guideline=given.guideline,
    )  # fmt: skip
    projects.join(at, project, who.id, "curator")
    accounts.note(at, who.id, project.id, "project", {"name": project.name})
    return project


def put(studio: Studio, seat: Seat, lines: IO[bytes]) -> dict[str, int]:
    """Add the items of a file of lines, in one transaction. UserError naming a bad line."""
    came = Lines(lines)
    with studio.database.write() as at:
        new = projects.add(at, seat.project, items_in(came, seat.project.form))
        accounts.note(at, seat.person.id, seat.project.id, "items", {"added": new})
    return {"added": new, "lines": came.count}


def enrol(at: Connection, seat: Seat, user: int, role: str) -> None:
    """Another role for a member; who was never invited is 404 (names are nobody's to try)."""
    _member(at, seat, user)
    projects.join(at, seat.project, user, role)
    accounts.note(at, seat.person.id, seat.project.id, "member", {"user": user, "role": role})


def expel(at: Connection, seat: Seat, user: int) -> None:
    """A member no more."""
    _member(at, seat, user)
    projects.leave(at, seat.project, user)
    accounts.note(at, seat.person.id, seat.project.id, "removed", {"user": user})


def invited(at: Connection, studio: Studio, seat: Seat, given: NewInvite) -> str:
    """An invitation's address."""
    token = invites.invite(at, seat.project, given.role, given.people, given.hours)
    detail = {"role": given.role, "people": given.people, "hours": given.hours}
    accounts.note(at, seat.person.id, seat.project.id, "invited", detail)
    return f"{studio.public}/join/{token}"


def _member(at: Connection, seat: Seat, user: int) -> None:
    if all(row.id != user for row in projects.names_of(at, seat.project)):
        raise Refused(404, "there is no such member", "invite them first")
