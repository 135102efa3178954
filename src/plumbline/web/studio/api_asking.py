"""Who is asked what, and first: items shared out among named people, and the order of asking."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import accounts, choosing, listing, projects, queue, sharing
from plumbline.feedback.collecting.tables import Found
from plumbline.stages import next_asked
from plumbline.stages.next_asked import By
from plumbline.store import Store
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.schema import AskedFirst, Assigned, AssignedOnly, Ranked, Shared
from plumbline.web.studio.security import Seat, needs
from plumbline.web.studio.state import Studio, studio_of

router = APIRouter(prefix="/api/projects/{project}")
Curator = Annotated[Seat, Depends(needs("curator"))]
LISTED = 10.0
"""Seconds that a list of reward models is good for."""
_READING = threading.Lock()  # a judge takes a processor and its memory: one at a time


@dataclass(frozen=True)
class Asking:
    """What may be chosen: orders, reward models (id, name); and the note of what was set last."""

    ways: Sequence[By]
    judges: Sequence[tuple[str, str]]
    last: Found | None


@router.post("/assign")
def assign(request: Request, seat: Curator, body: Assigned) -> dict[str, int]:
    """Items for a member, who may judge."""
    with studio_of(request).database.write() as at:
        check_items(at, seat, body.items)
        return {"assigned": assigned(at, seat, body.user, body.items)}


@router.post("/share")
def share(request: Request, seat: Curator, body: Shared) -> dict[str, Any]:
    """The next items among some people; how many each was given."""
    with studio_of(request).database.write() as at:
        return {"assigned": shared(at, seat, body.users, body.each, body.people)}


@router.delete("/assign/{user}")
def take_back(request: Request, seat: Curator, user: int) -> dict[str, int]:
    """What a person was assigned and has not begun is nobody's again; how many items."""
    with studio_of(request).database.write() as at:
        taken = queue.take_back(at, seat.project, user)
        if taken:
            _noted(at, seat, {user: -taken})
    return {"taken": taken}


@router.post("/assigned", status_code=204)
def assigned_only(request: Request, seat: Curator, body: AssignedOnly) -> None:
    """Items go to assigned people only, or to whoever asks for one."""
    with studio_of(request).database.write() as at:
        projects.assign_only(at, seat.project, body.assigned)
        detail = {"only": body.assigned}
        accounts.note(at, seat.person.id, seat.project.id, "assigned only", detail)


@router.post("/rank")
def rank(request: Request, seat: Curator, body: Ranked) -> dict[str, int]:
    """What is asked next: items by what is to be learnt from them, some at random."""
    with studio_of(request).database.write() as at:
        check_items(at, seat, list(body.utilities))
        placed = choosing.arrange(at, seat.project, body.utilities, body.share, body.seed)
        accounts.note(at, seat.person.id, seat.project.id, "ranked", {"placed": placed})
    return {"placed": placed}


@router.post("/ask")
def ask(request: Request, seat: Curator, body: AskedFirst) -> dict[str, int]:
    """What is asked first, as things are now; how many items were placed. People go on judging
    while a reward model reads."""
    studio, home = studio_of(request), Store(studio_of(request).folder)
    judge = next_asked.judge_in(home, body.judge) if body.judge else None
    if not _READING.acquire(blocking=False):
        raise Refused(409, "somebody is setting what is asked first", "try again in a while")
    try:
        placed = next_asked.arrange(
            studio.database, seat.project, body.by, share=body.share, seed=body.seed, judge=judge
        )
    finally:
        _READING.release()
    detail = {"by": body.by, "share": body.share, "judge": body.judge, "placed": placed}
    with studio.database.write() as at:
        accounts.note(at, seat.person.id, seat.project.id, "ranked", detail)
    return {"placed": placed}


def asking(at: Connection, studio: Studio, seat: Seat) -> Asking:
    """What a curator may choose, and what was chosen last; nothing where it lacks a model."""
    home = Store(studio.folder)
    judges: list[tuple[str, str]] = studio.recent.get(
        ("judges", str(home.root)), LISTED, lambda: next_asked.judges_in(home)
    )
    ways = [
        way for way in next_asked.ways(seat.project.form.kind) if judges or way != "uncertainty"
    ]
    last = accounts.noted(at, project=seat.project.id, what="ranked", limit=1)
    return Asking(ways, judges, last[0] if last else None)


def assigned(at: Connection, seat: Seat, user: int, chosen: Sequence[int]) -> int:
    """Items for somebody who judges here; how many were not theirs already."""
    _check_judges(at, seat, [user])
    count = queue.assign(at, seat.project, user, chosen)
    _noted(at, seat, {user: count})
    return count


def shared(
    at: Connection, seat: Seat, users: Sequence[int], each: int, people: int
) -> dict[int, int]:
    """The next items among people who judge here; how many each was given."""
    _check_judges(at, seat, users)
    given = sharing.share(at, seat.project, users, each, people)
    _noted(at, seat, given)
    return given


def check_items(at: Connection, seat: Seat, chosen: Sequence[int]) -> None:
    """404 for an item of another project."""
    strange = set(chosen) - listing.of_project(at, seat.project, chosen)
    if strange:
        raise Refused(404, f"there is no item {min(strange)} in this project")


def before_them(at: Connection, seat: Seat) -> list[tuple[listing.Worker, int]]:
    """Members, and who was one and still has items, each with how many wait for them."""
    waits = listing.waiting_by(at, seat.project)
    return [
        (one, waits.get(one.user, 0))
        for one in listing.people(at, seat.project)
        if one.role in ("curator", "annotator") or one.user in waits
    ]


def _check_judges(at: Connection, seat: Seat, users: Sequence[int]) -> None:
    """UserError for somebody who does not judge here, or may not come in any more."""
    for user in users:
        role = projects.role_of(at, seat.project, user)
        if role in ("", "viewer") or accounts.account(at, user) is None:
            raise UserError("not somebody who judges in this project", fix="invite them first")


def _noted(at: Connection, seat: Seat, given: dict[int, int]) -> None:
    """Write down who was given how many items (below 0: taken back)."""
    detail = {"items": {str(who): count for who, count in given.items() if count}}
    accounts.note(at, seat.person.id, seat.project.id, "assigned", detail)
