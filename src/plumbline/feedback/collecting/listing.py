"""Projects as their curators see them: items with what was said of them, and the people.

Counts come from the events that stand. Of a check it is told whether it was answered as is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy import Connection, and_, func, select

from plumbline.feedback.collecting.forms import Asked, right
from plumbline.feedback.collecting.projects import Project, asked_of, names_of
from plumbline.feedback.collecting.tables import Found, events, items, members, users, work

MOST = 500
"""Items on one page."""


@dataclass(frozen=True)
class Said:
    """What somebody last said of an item."""

    event: int
    user: int
    name: str
    people: str
    kind: str
    body: dict[str, Any]
    shown: tuple[int, ...]
    seconds: float
    at: float


@dataclass(frozen=True)
class Listed:
    """An item with its counts, and what was said of it."""

    id: int
    number: int
    asked: Asked
    models: tuple[str, ...]
    known: dict[str, Any] | None
    rank: float
    taken: int
    done: int
    open: bool
    said: tuple[Said, ...]


@dataclass
class Worker:
    """A member of a project, or somebody who was one (role ""). right of asked: checks; seconds:
    the median of a judgement (None before the first)."""

    user: int
    name: str
    people: str
    role: str
    judged: int = 0
    skipped: int = 0
    right: int = 0
    asked: int = 0
    seconds: float | None = None
    _spent: list[float] = field(default_factory=list, repr=False)


def page(at: Connection, project: Project, *, after: int = -1, limit: int = 50) -> list[Listed]:
    """Items whose number is above `after`, in the order of their numbers."""
    wanted = select(items).where(items.c.project == project.id, items.c.number > after)
    rows = at.execute(wanted.order_by(items.c.number).limit(max(1, min(limit, MOST)))).all()
    said = _said(at, project, [row.id for row in rows])
    return [
        Listed(
            row.id, row.number, asked_of(row), tuple(row.models), row.known, row.rank, row.taken,
            row.done, row.open, tuple(said[row.id]),
        )
        for row in rows
    ]  # fmt: skip


def people(at: Connection, project: Project) -> list[Worker]:
    """Who works or worked on a project, by name."""
    found = {
        row.id: Worker(row.id, row.name, row.people, row.role) for row in names_of(at, project)
    }
    for row in _latest(at, project):
        one = found.setdefault(row.user, Worker(row.user, row.name, row.people, ""))
        one.skipped += row.kind == "skipped"
        if row.kind != "judged":
            continue
        one.judged += 1
        one._spent.append(row.seconds)
        if row.known is not None:
            fits = right(project.form, row.known, row.body)
            one.asked += fits is not None
            one.right += fits is True
    for one in found.values():
        one.seconds = median(one._spent) if one._spent else None
    return sorted(found.values(), key=lambda one: one.name)


def joined(at: Connection, user: int) -> dict[int, str]:
    """A person's role by project."""
    wanted = select(members.c.project, members.c.role).where(members.c.user == user)
    return {row.project: row.role for row in at.execute(wanted)}


def last_event(at: Connection, project: Project) -> int:
    """The id of what was last said; 0 before that."""
    wanted = select(func.coalesce(func.max(events.c.id), 0)).where(events.c.project == project.id)
    return at.execute(wanted).scalar_one()


def own_body(at: Connection, project: Project, user: int, item: int) -> dict[str, Any] | None:
    """What a person last said of an item; None where nothing of it stands."""
    mine = and_(events.c.project == project.id, events.c.item == item, events.c.user == user)
    wanted = select(events.c.kind, events.c.body).where(mine).order_by(events.c.id.desc()).limit(1)
    row = at.execute(wanted).first()
    return row.body if row is not None and row.kind == "judged" else None


def of_project(at: Connection, project: Project, chosen: Sequence[int]) -> set[int]:
    """Those of some items that are this project's."""
    found: set[int] = set()
    for start in range(0, len(chosen), MOST):
        part = items.c.id.in_(chosen[start : start + MOST])
        found.update(at.execute(select(items.c.id).where(part, _in(project))).scalars())
    return found


def unfinished(at: Connection, project: Project) -> int:
    """Items that have not their quota yet (checks among them); from an index alone."""
    return at.execute(select(func.count()).where(_in(project), items.c.open)).scalar_one()


def behind(at: Connection, project: Project, user: int) -> int:
    """Unfinished items that a person has judged or skipped."""
    seen = and_(work.c.project == project.id, work.c.user == user)
    wanted = select(func.count()).select_from(work).join(items, items.c.id == work.c.item)
    done = work.c.state.in_(("judged", "skipped"))
    return at.execute(wanted.where(seen, done, items.c.open)).scalar_one()


def waiting(at: Connection, project: Project, user: int) -> int:
    """Items assigned to a person that they have not done."""
    mine = and_(work.c.project == project.id, work.c.user == user)
    todo = work.c.state.in_(("assigned", "leased"))
    return at.execute(select(func.count()).where(mine, todo)).scalar_one()


def _in(project: Project) -> Any:
    return items.c.project == project.id


def _said(at: Connection, project: Project, chosen: Sequence[int]) -> dict[int, list[Said]]:
    """What stands of some items."""
    found: dict[int, list[Said]] = defaultdict(list)
    for row in _latest(at, project, chosen):
        if row.kind in ("judged", "skipped"):
            found[row.item].append(
                Said(row.id, row.user, row.name, row.people, row.kind, row.body, tuple(row.shown),
                     row.seconds, row.at)
            )  # fmt: skip
    return found


def _latest(
    at: Connection, project: Project, chosen: Sequence[int] | None = None
) -> Sequence[Found]:
    """The latest event of each person on each item, by id; `chosen`: on these items."""
    here = events.c.project == project.id
    if chosen is not None:
        here = and_(here, events.c.item.in_(chosen))
    latest = select(func.max(events.c.id).label("id")).where(here)
    latest_ = latest.group_by(events.c.item, events.c.user).subquery()
    wanted = (
        select(events, users.c.name, users.c.people, items.c.known)
        .join(latest_, latest_.c.id == events.c.id)
        .join(users, users.c.id == events.c.user)
        .join(items, items.c.id == events.c.item)
        .order_by(events.c.id)
    )
    return at.execute(wanted).all()
