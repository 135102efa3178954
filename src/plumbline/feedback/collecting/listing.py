"""Projects as their curators see them: items with what was said of them, and the people.

Counts come from the events that stand. Of a check it is told whether it was answered as is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select

from plumbline.core.ids import canonical_json
from plumbline.core.types import Conversation
from plumbline.feedback.collecting.bodies import right
from plumbline.feedback.collecting.forms import Asked
from plumbline.feedback.collecting.judging import LOOKED
from plumbline.feedback.collecting.projects import Project, asked_of, names_of
from plumbline.feedback.collecting.reading import standing
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
    """An item with its counts, what was said of it, and a curator's word that stands instead.
    hidden: those and the models are left out, since who looks may still be asked."""

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
    settled: Said | None = None
    hidden: bool = False


@dataclass
class Worker:
    """A member of a project, or somebody who was one (role ""). active: not shut out; right of
    asked: checks; seconds: the median of a judgement (None before the first)."""

    user: int
    name: str
    people: str
    role: str
    active: bool = True
    judged: int = 0
    skipped: int = 0
    right: int = 0
    asked: int = 0
    seconds: float | None = None
    _spent: list[float] = field(default_factory=list, repr=False)


def page(
    at: Connection,
    project: Project,
    *,
    after: int = -1,
    limit: int = 50,
    only: Collection[int] | None = None,
    judge: int | None = None,
) -> list[Listed]:
    """Items whose number is above `after` (and which are among `only`), by their numbers; without
    what was said of those that `judge`, who looks, may still be asked."""
    wanted = select(items, _ahead(project, judge).label("ahead"))
    wanted = wanted.where(items.c.project == project.id, items.c.number > after)
    if only is not None:
        wanted = wanted.where(items.c.id.in_(sorted(only)))
    rows = at.execute(wanted.order_by(items.c.number).limit(max(1, min(limit, MOST)))).all()
    chosen = [row.id for row in rows]
    said, settled = _said(at, project, chosen), _settled(at, project, chosen)
    found = [
        Listed(
            row.id, row.number, asked_of(row), tuple(row.models), row.known, row.rank, row.taken,
            row.done, row.open, tuple(said[row.id]), settled.get(row.id), row.ahead,
        )
        for row in rows
    ]  # fmt: skip
    return [replace(one, models=(), said=(), settled=None) if one.hidden else one for one in found]


def divided(at: Connection, project: Project) -> list[int]:
    """Items of which people said different things, and which no curator has settled."""
    said: dict[int, set[str]] = defaultdict(set)
    for row in standing(at, project, settled=False):
        said[row.item].add(canonical_json(row.body))
    done = select(events.c.item).where(
        events.c.project == project.id, events.c.kind == "adjudicated"
    )
    settled = set(at.execute(done).scalars())
    return [item for item, bodies in said.items() if len(bodies) > 1 and item not in settled]


def hidden(at: Connection, project: Project, judge: int) -> set[int]:
    """Items that people have judged and this one may still be asked."""
    mine = and_(_in(project), items.c.done > 0, _ahead(project, judge))
    return set(at.execute(select(items.c.id).where(mine)).scalars())


def hidden_prompts(at: Connection, project: Project, judge: int) -> set[Conversation]:
    """The prompts of those items."""
    wanted = select(items.c.prompt, items.c.answers)
    mine = and_(_in(project), items.c.done > 0, _ahead(project, judge))
    return {asked_of(row).prompt for row in at.execute(wanted.where(mine))}


def judged(at: Connection, project: Project, event: int) -> tuple[int, dict[str, Any]] | None:
    """Item and body of a judgement, by its event; None where this project has no such judgement."""
    here = and_(events.c.id == event, events.c.kind == "judged")
    row = next(iter(_rows(at, project, here)), None)
    return None if row is None else (row.item, row.body)


def people(at: Connection, project: Project) -> list[Worker]:
    """Who works or worked on a project, by name."""
    found = {
        row.id: Worker(row.id, row.name, row.people, row.role, row.active)
        for row in names_of(at, project)
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


def waiting_by(at: Connection, project: Project) -> dict[int, int]:
    """Items that each person has before them: assigned and not done, or in their hands."""
    todo = and_(work.c.project == project.id, work.c.state.in_(("assigned", "leased")))
    wanted = select(work.c.user, func.count()).where(todo).group_by(work.c.user)
    return dict(map(tuple, at.execute(wanted)))


def _in(project: Project) -> Any:
    return items.c.project == project.id


def _ahead(project: Project, judge: int | None) -> ColumnElement[bool]:
    """Whether a person may still judge an item: they hold it, are to have it, or it is open and
    they have neither judged it nor seen what others said. (A skip can be taken back.)"""
    if judge is None or project.closed:
        return false()
    mine = and_(work.c.item == items.c.id, work.c.user == judge)
    state = func.coalesce(select(work.c.state).where(mine).scalar_subquery(), "")
    theirs = ("leased", "assigned") if project.assigned else ("leased",)
    own = and_(events.c.item == items.c.id, events.c.user == judge, LOOKED)
    looked = select(events.c.id).where(own).exists()
    return or_(state.in_(theirs), and_(items.c.open, state != "judged", ~looked))


def _said(at: Connection, project: Project, chosen: Sequence[int]) -> dict[int, list[Said]]:
    """What stands of some items."""
    found: dict[int, list[Said]] = defaultdict(list)
    for row in _latest(at, project, chosen):
        if row.kind in ("judged", "skipped"):
            found[row.item].append(_as_said(row))
    return found


def _settled(at: Connection, project: Project, chosen: Sequence[int]) -> dict[int, Said]:
    """The last word of a curator on some items."""
    word = and_(events.c.kind == "adjudicated", events.c.item.in_(chosen))
    return {row.item: _as_said(row) for row in _rows(at, project, word)}


def _as_said(row: Found) -> Said:
    return Said(
        row.id, row.user, row.name, row.people, row.kind, row.body, tuple(row.shown), row.seconds,
        row.at,
    )  # fmt: skip


def _latest(
    at: Connection, project: Project, chosen: Sequence[int] | None = None
) -> Sequence[Found]:
    """The latest event of each person on each item, by id; `chosen`: on these items. A curator's
    word stands apart from what they said as one of the judges."""
    here = and_(events.c.project == project.id, events.c.kind != "adjudicated")
    if chosen is not None:
        here = and_(here, events.c.item.in_(chosen))
    latest = select(func.max(events.c.id)).where(here).group_by(events.c.item, events.c.user)
    return _rows(at, project, events.c.id.in_(latest))


def _rows(at: Connection, project: Project, which: ColumnElement[bool]) -> Sequence[Found]:
    """Events with who it was and what was known, by id."""
    wanted = (
        select(events, users.c.name, users.c.people, items.c.known)
        .join(users, users.c.id == events.c.user)
        .join(items, items.c.id == events.c.item)
        .where(events.c.project == project.id, which)
        .order_by(events.c.id)
    )
    return at.execute(wanted).all()
