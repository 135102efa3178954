"""People with their passwords, how they log in, and what was taken out.

Passwords are kept as argon2id hashes. A log-in answers in the same words and after the same work
whether or not there is such a person: an unknown name is checked against a hash of nothing. An
attempt is written down before it is checked, so that many at once do not slip past the limit: 5 a
quarter of an hour for one name, 20 for one address. A log-in that succeeds takes its name's
attempts and its own back.
Left out: second factors, and mail.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pwdlib import PasswordHash
from sqlalchemy import Connection, delete, func, insert, select, update

from plumbline.core.errors import UserError
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.tables import Found, attempts, audit, projects, users

SHORTEST, LONGEST = 10, 1000
"""Characters of a password."""
NAME = re.compile(r"[\w.@+-][\w .@+-]{0,62}[\w.@+-]|[\w.@+-]")
WINDOW = 900.0
"""Seconds in which attempts are counted."""
BY_NAME, BY_ADDRESS = 5, 20
_HASHING = threading.BoundedSemaphore(2)  # each takes 64 MiB: not as many as ask


class Taken(UserError):
    """A name that somebody has already."""


class TooMany(UserError):
    """Too many attempts; `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__("too many attempts to log in", fix=f"try again in {wait} s")
        self.wait = wait


@dataclass(frozen=True)
class Account:
    """A person. people: whose values they stand for; owner: may do everything."""

    id: int
    name: str
    people: str
    owner: bool


def hashed(name: str, password: str) -> str:
    """The hash of a new password. UserError for one that is too short, or the name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserError(
            f"a password has at least {SHORTEST} characters (and at most {LONGEST})",
            fix="take a few words",
        )
    if password.casefold() == name.casefold():
        raise UserError("the password is the name", fix="take another password")
    with _HASHING:
        return _hasher().hash(password)


def add(at: Connection, name: str, password: str | None, *, people: str, owner: bool) -> int:
    """A new person, by the hash of a password (None: comes by API tokens only); the id. Taken
    where somebody has the name, whatever its capitals."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot be a name", fix="use 1 to 64 letters, digits, . @ + - _")
    if len(people) > 64:
        raise UserError("the name of a group of people has at most 64 characters")
    same = func.lower(users.c.name) == name.lower()
    if at.execute(select(users.c.id).where(same)).first():
        raise Taken(f"there is somebody called {name!r} already", fix="take another name")
    row = {"name": name, "password": password, "people": people, "owner": owner, "active": True,
           "created": time.time()}  # fmt: skip
    made = at.execute(insert(users).values(row)).inserted_primary_key
    assert made is not None
    return int(made[0])


def account(at: Connection, user: int) -> Account | None:
    """A person by id; None for one who may not come in any more."""
    return as_account(at.execute(select(users).where(users.c.id == user)).first())


def called(at: Connection, name: str) -> Account | None:
    """A person by name; None where there is none."""
    return as_account(at.execute(select(users).where(users.c.name == name)).first())


def as_account(row: Found | None) -> Account | None:
    """A row with the columns of `users`; None for who is none, or shut out."""
    if row is None or not row.active:
        return None
    return Account(row.id, row.name, row.people, row.owner)


def has_owner(at: Connection) -> bool:
    """Whether somebody owns this studio."""
    return at.execute(select(users.c.id).where(users.c.owner).limit(1)).first() is not None


def log_in(database: Database, name: str, password: str, address: str) -> Account:
    """Who this is. TooMany after too many attempts, UserError where name or password are wrong."""
    with database.write() as at:
        refused = _attempt(at, name, address)
    if refused:
        raise TooMany(refused)
    with database.read() as at:
        row = at.execute(select(users).where(users.c.name == name)).first()
    found = as_account(row)
    known = row.password if row is not None and found is not None else None
    if not _fits(password, known) or found is None:
        raise UserError("name or password is wrong", fix="try again, or ask an owner")
    with database.write() as at:
        _succeeded(at, name, address)
    return found


def change_password(database: Database, person: Account, old: str, new: str, address: str) -> None:
    """Another password. UserError where the old one is wrong, or the new one will not do."""
    log_in(database, person.name, old, address)
    kept = hashed(person.name, new)
    with database.write() as at:
        at.execute(update(users).where(users.c.id == person.id).values(password=kept))


def note(
    at: Connection, user: int | None, project: int | None, what: str, detail: Mapping[str, Any]
) -> None:
    """Write down who did what."""
    row = {"user": user, "project": project, "what": what, "detail": dict(detail)}
    at.execute(insert(audit).values(row | {"at": time.time()}))


def noted(
    at: Connection,
    *,
    before: int | None = None,
    limit: int = 200,
    project: int | None = None,
    what: str = "",
) -> Sequence[Found]:
    """What was written down (of one project, or of one kind), newest first: id, at, what, detail,
    names of user and project."""
    wanted = (
        select(
            audit.c.id, audit.c.at, audit.c.what, audit.c.detail, users.c.name,
            projects.c.name.label("project"),
        )
        .outerjoin(users, users.c.id == audit.c.user)
        .outerjoin(projects, projects.c.id == audit.c.project)
        .order_by(audit.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    if project is not None:
        wanted = wanted.where(audit.c.project == project)
    return at.execute(wanted.where(audit.c.what == what) if what else wanted).all()


def _attempt(at: Connection, name: str, address: str) -> int:
    """Write an attempt down; the seconds to wait where there were too many before, else 0."""
    now = time.time()
    at.execute(delete(attempts).where(attempts.c.at < now - WINDOW))
    for who, most in _whos(name, address):
        last = at.execute(
            select(attempts.c.at)
            .where(attempts.c.who == who)
            .order_by(attempts.c.at.desc())
            .offset(most - 1)
            .limit(1)
        ).scalar()
        if last is not None:
            return int(last + WINDOW - now) + 1
    at.execute(insert(attempts), [{"who": who, "at": now} for who, _ in _whos(name, address)])
    return 0


def _succeeded(at: Connection, name: str, address: str) -> None:
    """The name's attempts no longer count, nor one of the address's."""
    (named, _), (placed, _) = _whos(name, address)
    at.execute(delete(attempts).where(attempts.c.who == named))
    latest = select(func.max(attempts.c.id)).where(attempts.c.who == placed).scalar_subquery()
    at.execute(delete(attempts).where(attempts.c.id == latest))


def _whos(name: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
    return (f"name {name}"[:100], BY_NAME), (f"from {address}"[:100], BY_ADDRESS)


def _fits(password: str, known: str | None) -> bool:
    """Whether a password has this hash; takes as long where there is no hash."""
    with _HASHING:
        right = _hasher().verify(password[:LONGEST], known or _nobodys())
    return right and known is not None


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of nobody")
