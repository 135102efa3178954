"""Who is asked what next.

An item is held for one person for the project's lease; then others may have it. What counts against
the quota is who judged it or holds it. The search goes through the ranks upwards from where a
person's last one stood, and once around, so that it never goes twice over what they have judged.
Every so-often (`checks`, drawn by seed) comes an item whose answer is known; those have no quota.

The order in which answers are shown is drawn by seed, person and item, and kept with the work.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, select, update

from plumbline.core.errors import UserError
from plumbline.feedback.collecting.forms import Asked
from plumbline.feedback.collecting.projects import Project, alone, asked_of, search_anew
from plumbline.feedback.collecting.tables import Found, drafts, items, members, projects, work


@dataclass(frozen=True)
class Given:
    """An item in somebody's hands. shown: the answers' order on the screen, as stored indices."""

    item: int
    asked: Asked
    shown: tuple[int, ...]
    began: float
    expires: float
    draft: dict[str, Any] | None = None


def next_item(at: Connection, project: Project, user: int) -> Given | None:
    """What this person judges next: what they hold already, else a new item; None when there is
    nothing left for them."""
    if project.closed:
        return None
    alone(at, user)
    now = time.time()
    held = _held(at, project, user)
    if held is not None:
        at.execute(update(work).where(_mine(held.id, user)).values(expires=now + project.lease))
        return _given(at, held, user, now + project.lease)
    _release(at, project, now)
    found = _assigned(at, project, user) if project.assigned else _search(at, project, user)
    if found is None:
        return None
    _lease(at, project, user, found, now)
    return _given(at, _one(at, found.id, user), user, now + project.lease)


def given(at: Connection, project: Project, user: int, item: int) -> Given | None:
    """An item that this person holds or has judged; None for others."""
    found = _one(at, item, user)
    if found is None or found.project != project.id or not found.shown:
        return None
    return _given(at, found, user, found.expires or 0.0)


def assign(at: Connection, project: Project, user: int, chosen: Sequence[int]) -> int:
    """Give items to a person; how many were not theirs already."""
    alone(at, user)
    here = and_(work.c.user == user, work.c.project == project.id)
    mine = dict(map(tuple, at.execute(select(work.c.item, work.c.state).where(here))))
    wanted = list(dict.fromkeys(chosen))
    rows = [
        {"item": item, "user": user, "project": project.id, "state": "assigned", "shown": [],
         "began": time.time()}
        for item in wanted if item not in mine
    ]  # fmt: skip
    late = [{"late": item} for item in wanted if mine.get(item) == "expired"]
    if rows:
        at.execute(insert(work), rows)
    if late:
        again = and_(here, work.c.item == bindparam("late"))
        at.execute(update(work).where(again).values(state="assigned"), late)
    return len(rows) + len(late)


def take_back(at: Connection, project: Project, user: int) -> int:
    """Let what a person was assigned and does not hold be nobody's; how many items. What they were
    shown once and send yet is taken (`judging`)."""
    alone(at, user)
    mine = and_(work.c.user == user, work.c.project == project.id, work.c.state == "assigned")
    shown = update(work).where(mine, work.c.expires.is_not(None)).values(state="expired")
    return at.execute(shown).rowcount + at.execute(delete(work).where(mine)).rowcount


def order(project: Project, user: int, item: int, count: int) -> list[int]:
    """The order in which a person sees the answers of an item."""
    return random.Random(f"{project.seed}/{user}/{item}").sample(range(count), count)


def _search(at: Connection, project: Project, user: int) -> Found | None:
    here = and_(members.c.project == project.id, members.c.user == user)
    me = at.execute(select(members.c.cursor, members.c.given, members.c.turn).where(here)).first()
    if me is None:
        raise UserError("not a member of this project", where=project.name)
    draw = random.Random(f"{project.seed}/{user}/{me.given}").random()
    found = _check(at, project, user) if draw < project.checks else None
    if found is None:
        turn = at.execute(select(projects.c.turn).where(projects.c.id == project.id)).scalar_one()
        cursor = me.cursor if me.turn == turn else None
        found = _after(at, project, user, cursor)
        if found is None and cursor is not None:
            found = _after(at, project, user, None)
        if found is not None:
            at.execute(update(members).where(here).values(cursor=found.rank, turn=turn))
    at.execute(update(members).where(here).values(given=members.c.given + 1))
    return found


def _after(at: Connection, project: Project, user: int, cursor: float | None) -> Found | None:
    """The first open item behind a rank that this person was not given yet."""
    wanted = _unseen(project, user).where(
        items.c.open, items.c.known.is_(None), items.c.taken < project.quota
    )
    if cursor is not None:
        wanted = wanted.where(items.c.rank > cursor)
    taken = wanted.order_by(items.c.rank).limit(1)
    return at.execute(taken.with_for_update(skip_locked=True, of=items)).first()


def _check(at: Connection, project: Project, user: int) -> Found | None:
    wanted = _unseen(project, user).where(items.c.known.is_not(None))
    return at.execute(wanted.order_by(items.c.rank).limit(1)).first()


def _unseen(project: Project, user: int) -> Any:
    theirs = exists().where(
        work.c.item == items.c.id, work.c.user == user,
        work.c.state.not_in(("expired", "assigned")),  # who was named counts in `_assigned` only
    )  # fmt: skip
    return select(items.c.id, items.c.rank, items.c.answers).where(
        items.c.project == project.id, ~theirs
    )


def _assigned(at: Connection, project: Project, user: int) -> Found | None:
    mine = and_(work.c.user == user, work.c.project == project.id, work.c.state == "assigned")
    wanted = select(items.c.id, items.c.rank, items.c.answers).join(work, work.c.item == items.c.id)
    return at.execute(wanted.where(mine).order_by(items.c.rank).limit(1)).first()


def _lease(at: Connection, project: Project, user: int, found: Found, now: float) -> None:
    shown = order(project, user, found.id, len(found.answers))
    row = {"state": "leased", "shown": shown, "began": now, "expires": now + project.lease}
    if at.execute(update(work).where(_mine(found.id, user)).values(row)).rowcount == 0:
        whose = {"item": found.id, "user": user, "project": project.id}
        at.execute(insert(work).values(row | whose))
    at.execute(update(items).where(items.c.id == found.id).values(taken=items.c.taken + 1))


def _release(at: Connection, project: Project, now: float) -> None:
    """Leases that ran out: the item is free again, also for who held it. What they send yet is
    taken (`judging`)."""
    late = and_(work.c.project == project.id, work.c.state == "leased", work.c.expires < now)
    found = select(work.c.item, work.c.user).where(late)
    rows = at.execute(found.with_for_update(skip_locked=True)).all()  # else two release it twice
    after = "assigned" if project.assigned else "expired"
    for item, user in rows:
        at.execute(update(work).where(_mine(item, user)).values(state=after))
        at.execute(update(items).where(items.c.id == item).values(taken=items.c.taken - 1))
    if rows and not project.assigned:
        search_anew(at, project)


def _mine(item: int, user: int) -> Any:
    return and_(work.c.item == item, work.c.user == user)


_WITH_WORK = select(
    items.c.id, items.c.project, items.c.prompt, items.c.answers, work.c.state, work.c.shown,
    work.c.began, work.c.expires,
).join(work, work.c.item == items.c.id)  # fmt: skip


def _held(at: Connection, project: Project, user: int) -> Found | None:
    mine = and_(work.c.user == user, work.c.project == project.id, work.c.state == "leased")
    return at.execute(_WITH_WORK.where(mine).order_by(work.c.began).limit(1)).first()


def _one(at: Connection, item: int, user: int) -> Found | None:
    return at.execute(_WITH_WORK.where(_mine(item, user))).first()


def _given(at: Connection, row: Found | None, user: int, expires: float) -> Given:
    assert row is not None
    mine = and_(drafts.c.item == row.id, drafts.c.user == user)
    draft = at.execute(select(drafts.c.body).where(mine)).scalar()
    return Given(row.id, asked_of(row), tuple(row.shown), row.began, expires, draft)
