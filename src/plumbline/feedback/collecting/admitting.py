"""Everybody with an account, and who is let in: an owner shuts people out, and lets them in again.

Who is shut out has no session and no token any more, and can begin none; what they said stays.
Nobody shuts themselves out, nor the last owner.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import accounts
from plumbline.feedback.collecting.tables import (
    events,
    members,
    projects,
    sessions,
    tokens,
    users,
)


@dataclass(frozen=True)
class Known:
    """An account. seen: when they last had a session, or said something (None: never); projects:
    (name, role) of each they are a member of."""

    id: int
    name: str
    people: str
    owner: bool
    active: bool
    created: float
    seen: float | None
    projects: tuple[tuple[str, str], ...]


def everybody(at: Connection) -> list[Known]:
    """All accounts, by name."""
    seen = dict[int, float]()
    for table, moment in ((sessions, sessions.c.seen), (events, events.c.at)):
        latest = select(table.c.user, func.max(moment)).group_by(table.c.user)
        for who, when in at.execute(latest):
            seen[who] = max(when, seen.get(who, when))
    seats = defaultdict[int, list[tuple[str, str]]](list)
    wanted = select(members.c.user, projects.c.name, members.c.role)
    joined = wanted.join(projects, projects.c.id == members.c.project).order_by(projects.c.name)
    for who, name, role in at.execute(joined):
        seats[who].append((name, role))
    return [
        Known(row.id, row.name, row.people, row.owner, row.active, row.created, seen.get(row.id),
              tuple(seats[row.id]))
        for row in at.execute(select(users).order_by(users.c.name))
    ]  # fmt: skip


def shut_out(at: Connection, user: int, by: int) -> None:
    """End a person's sessions and tokens, and begin none for them. UserError for oneself, for the
    last owner, and for who is nobody."""
    name = _name(at, user)
    if user == by:
        raise UserError("nobody shuts themselves out", fix="ask another owner")
    owners = select(users.c.id).where(users.c.owner, users.c.active).order_by(users.c.id)
    if set(at.execute(owners.with_for_update()).scalars()) <= {user}:
        raise UserError(f"{name} is the last owner", fix="an owner has to stay")
    at.execute(update(users).where(users.c.id == user).values(active=False))
    for table in (sessions, tokens):
        at.execute(delete(table).where(table.c.user == user))
    accounts.note(at, by, None, "shut out", {"user": user, "name": name})


def let_in(at: Connection, user: int, by: int) -> None:
    """Let somebody come in again, by their name and password; tokens are to be made anew."""
    name = _name(at, user)
    at.execute(update(users).where(users.c.id == user).values(active=True))
    accounts.note(at, by, None, "let in", {"user": user, "name": name})


def _name(at: Connection, user: int) -> str:
    found: str | None = at.execute(select(users.c.name).where(users.c.id == user)).scalar()
    if found is None:
        raise UserError(f"there is nobody with the number {user}")
    return found
