"""A project's own pages: progress and agreement, items, people, guidelines."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy import select

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import drawing, judging, listing, projects, reading
from plumbline.feedback.collecting.tables import guidelines, users
from plumbline.web.studio import api_asking, api_projects, api_results
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.page_parts import in_project, to
from plumbline.web.studio.schema import Closed, Guideline, NewInvite
from plumbline.web.studio.security import Seat, needs
from plumbline.web.studio.state import studio_of

router = APIRouter(prefix="/p/{project}")
Field = Annotated[str, Form()]
Curator = Annotated[Seat, Depends(needs("curator"))]
Reader = Annotated[Seat, Depends(needs("curator", "viewer"))]
Anyone = Annotated[Seat, Depends(needs("curator", "annotator", "viewer"))]
PAGE = 20
"""Items on one page."""


@router.get("")
def progress(request: Request, seat: Anyone) -> Response:
    """How far it is; for curators and viewers how far people agree, too."""
    with studio_of(request).database.read() as at:
        done = reading.progress(at, seat.project)
        own = [one for one in listing.people(at, seat.project) if one.user == seat.person.id]
        drawn = drawing.drawing(at, seat.project)
        runs_it = seat.role in ("owner", "curator")
        asking = api_asking.asking(at, studio_of(request), seat) if runs_it else None
    summary, why = None, ""
    if seat.role != "annotator" and done.judged:
        try:
            summary = api_results.agreed(studio_of(request), seat)
        except UserError as error:
            why = str(error)
    context = {
        "progress": done, "own": own, "summary": summary, "why": why, "drawing": drawn,
        "models": studio_of(request).models, "asking": asking,
    }  # fmt: skip
    return in_project(request, seat, "", "project.html", context)


@router.post("/close")
def close(request: Request, seat: Curator, closed: Field = "") -> Response:
    """Let nobody judge any more, or let them again."""
    api_projects.close(request, seat, Closed(closed=bool(closed)))
    return to(f"/p/{seat.project.name}")


@router.get("/items")
def items(request: Request, seat: Reader, after: int = -1, differ: bool = False) -> Response:
    """What is judged, with what was said of it; or where people said different things."""
    with studio_of(request).database.read() as at:
        only, left = None, 0
        if differ:
            apart = set(listing.divided(at, seat.project))
            only = apart - (listing.hidden(at, seat.project, seat.judge) if seat.judge else set())
            left = len(apart) - len(only)
        found = listing.page(
            at, seat.project, after=after, limit=PAGE, only=only, judge=seat.judge
        )  # fmt: skip
    context = {"items": found, "more": len(found) == PAGE, "after": after, "differ": differ,
               "left": left}  # fmt: skip
    return in_project(request, seat, "/items", "items.html", context)


@router.post("/seen")
def see(
    request: Request,
    seat: Curator,
    item: Annotated[list[int], Form(default_factory=list)],
    after: Annotated[int, Form()] = -1,
) -> Response:
    """See what others said of items, and never be asked them."""
    with studio_of(request).database.write() as at:
        api_results.see(at, seat, item)
    place = f"#item-{item[0]}" if item else ""
    return to(f"/p/{seat.project.name}/items?after={after}{place}")


@router.post("/settle")
def settle(request: Request, seat: Curator, event: Annotated[int, Form()]) -> Response:
    """Let what somebody said of an item stand in place of what the others said."""
    with studio_of(request).database.write() as at:
        said = listing.judged(at, seat.project, event)
        if said is None:
            raise Refused(404, "there is no such judgement")
        (item, body), key = said, secrets.token_hex(16)
        judging.adjudicate(at, seat.project, seat.person.id, item, body, key=key)
    return to(f"/p/{seat.project.name}/items?differ=1")


@router.get("/people")
def people(request: Request, seat: Reader) -> Response:
    """Who works here, and how well."""
    return _people(request, seat)


@router.post("/invites")
def invite(
    request: Request,
    seat: Curator,
    role: Field,
    people: Field = "",
    hours: Annotated[float, Form()] = 72.0,
) -> Response:
    """A link for one person, shown this once."""
    studio = studio_of(request)
    with studio.database.write() as at:
        wanted = NewInvite(role=role, people=people.strip(), hours=hours)
        link = api_projects.invited(at, studio, seat, wanted)
    return _people(request, seat, link)


@router.post("/members/{user}")
def member(request: Request, seat: Curator, user: int, role: Field) -> Response:
    """Another role for a member, or none."""
    with studio_of(request).database.write() as at:
        if role:
            api_projects.enrol(at, seat, user, role)
        else:
            api_projects.expel(at, seat, user)
    return to(f"/p/{seat.project.name}/people")


@router.get("/guideline")
def guideline(request: Request, seat: Anyone) -> Response:
    """What holds now, and what held before."""
    wanted = (
        select(guidelines.c.version, guidelines.c.text, guidelines.c.at, users.c.name)
        .outerjoin(users, users.c.id == guidelines.c.author)
        .where(guidelines.c.project == seat.project.id)
        .order_by(guidelines.c.version.desc())
    )
    with studio_of(request).database.read() as at:
        versions = at.execute(wanted).all()
    return in_project(request, seat, "/guideline", "guideline.html", {"versions": versions})


@router.post("/guideline")
def guide(request: Request, seat: Curator, text: Field = "") -> Response:
    """A new version."""
    api_projects.guideline(request, seat, Guideline(text=text))
    return to(f"/p/{seat.project.name}/guideline")


def _people(request: Request, seat: Seat, link: str = "") -> Response:
    with studio_of(request).database.read() as at:
        found = listing.people(at, seat.project)
    context = {"people": found, "roles": projects.ROLES, "link": link}
    return in_project(request, seat, "/people", "people.html", context)
