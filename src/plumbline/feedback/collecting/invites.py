"""Links that let people in: the one for the first owner, and invitations to a project.

A link works once and until it expires; the database keeps SHA-256 of its token. The first owner's
is printed where the studio is started. It is void as soon as there is an owner, and a new one
replaces those before it.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from plumbline.core.errors import UserError, unknown
from plumbline.feedback.collecting import accounts
from plumbline.feedback.collecting.projects import ROLES, Project, by_id, join, role_of
from plumbline.feedback.collecting.sessions import digest
from plumbline.feedback.collecting.tables import invites

OWNER = "owner"
SETUP = 3600.0
"""Seconds the first owner's link holds."""
LONGEST = 24 * 60.0
"""Hours that an invitation may hold."""


@dataclass(frozen=True)
class Invite:
    """What a link gives: a role in a project (None: the studio's first owner), for people of a
    group ("": who comes says)."""

    project: Project | None
    role: str
    people: str
    expires: float


def first_owner(at: Connection) -> str | None:
    """The token of a new set-up link; None where there is an owner. Earlier ones are void."""
    if accounts.has_owner(at):
        return None
    at.execute(delete(invites).where(invites.c.role == OWNER))
    return _made(at, None, OWNER, "", SETUP)


def invite(at: Connection, project: Project, role: str, people: str, hours: float) -> str:
    """The token of a new invitation. UserError for an unknown role or a time out of bounds."""
    if role not in ROLES:
        raise unknown("role", role, ROLES)
    if not 0 < hours <= LONGEST or len(people) > 64:
        raise UserError(f"an invitation holds for up to {LONGEST:.0f} hours",
                        fix="and its group has a name of up to 64 characters")  # fmt: skip
    return _made(at, project.id, role, people, hours * 3600)


def look(at: Connection, token: str) -> Invite:
    """What a link would give. UserError for one that gives nothing (any more)."""
    mine = (invites.c.digest == digest(token)) & invites.c.used.is_(None)
    row = at.execute(select(invites).where(mine, invites.c.expires > time.time())).first()
    if row is None or (row.role == OWNER and accounts.has_owner(at)):
        raise _gone()
    project = None if row.project is None else by_id(at, row.project)
    return Invite(project, row.role, row.people, row.expires)


def set_up(at: Connection, token: str, name: str, password: str) -> int:
    """The first owner, by the hash of a password; the id."""
    if look(at, token).role != OWNER:
        raise _gone()
    _use(at, token)
    user = accounts.add(at, name, password, people="", owner=True)
    accounts.note(at, user, None, "set up", {})
    return user


def come(at: Connection, token: str, name: str, password: str, people: str) -> int:
    """Somebody new, by the hash of a password, who takes an invitation; the id."""
    found = look(at, token)
    if found.project is None:
        raise _gone()
    user = accounts.add(at, name, password, people=found.people or people, owner=False)
    accept(at, token, user)
    return user


def accept(at: Connection, token: str, user: int) -> Project:
    """An invitation taken by somebody who is known; a role they have already is not lowered."""
    found = look(at, token)
    if found.project is None:
        raise _gone()
    _use(at, token)
    ranks = (*ROLES, "")[::-1]  # "", viewer, annotator, curator
    now = role_of(at, found.project, user)
    if now != OWNER and ranks.index(found.role) > ranks.index(now):
        join(at, found.project, user, found.role)
    accounts.note(at, user, found.project.id, "joined", {"role": found.role})
    return found.project


def _gone() -> UserError:
    return UserError("this link is used, expired or none", fix="ask for a new one")


def _made(at: Connection, project: int | None, role: str, people: str, seconds: float) -> str:
    token = secrets.token_urlsafe(32)
    row = {"digest": digest(token), "project": project, "role": role, "people": people,
           "expires": time.time() + seconds, "used": None}  # fmt: skip
    at.execute(insert(invites).values(row))
    return token


def _use(at: Connection, token: str) -> None:
    """Once: of two at the same moment one is refused."""
    mine = (invites.c.digest == digest(token)) & invites.c.used.is_(None)
    if at.execute(update(invites).where(mine).values(used=time.time())).rowcount != 1:
        raise _gone()
