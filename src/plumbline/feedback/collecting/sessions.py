"""How a person is known again: sessions of browsers, and tokens of programs.

Both are 256 random bits that only their holder has; the database keeps SHA-256 of them. A session
ends when nobody came for a day, two weeks after it began, or when it is revoked. A token has scopes
and never does more than its person may.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from sqlalchemy import Connection, delete, insert, select, update

from plumbline.core.errors import UserError, unknown
from plumbline.feedback.collecting.accounts import Account, as_account
from plumbline.feedback.collecting.tables import Found, sessions, tokens, users

Scope = Literal["judge", "read", "export", "manage"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
IDLE, ABSOLUTE = 86_400.0, 14 * 86_400.0
"""Seconds without a request, and in all, after which a session is over."""
FRESH = 60.0
"""Seconds between two notes of when a session was last seen."""
PREFIX = "plumb_"
"""Tokens begin so, for those who search for secrets left in files."""


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def begin(at: Connection, user: int, agent: str) -> str:
    """A new session; the secret that its holder keeps. Sessions that are over are removed."""
    now, token = time.time(), secrets.token_urlsafe(32)
    over = (sessions.c.expires < now) | (sessions.c.seen < now - IDLE)
    at.execute(delete(sessions).where(over))
    row = {"digest": digest(token), "user": user, "agent": agent[:200], "began": now, "seen": now,
           "expires": now + ABSOLUTE}  # fmt: skip
    at.execute(insert(sessions).values(row))
    return token


def of_session(at: Connection, token: str) -> tuple[Account, bool] | None:
    """Whose session this is, and whether it should be `touched`; None for one that is over."""
    now = time.time()
    wanted = select(users, sessions.c.seen).join(sessions, sessions.c.user == users.c.id)
    live = (sessions.c.expires > now) & (sessions.c.seen > now - IDLE)
    row = at.execute(wanted.where(sessions.c.digest == digest(token), live)).first()
    person = as_account(row)
    if row is None or person is None:
        return None
    return person, row.seen < now - FRESH


def touch(at: Connection, token: str) -> None:
    """Its holder was here."""
    mine = sessions.c.digest == digest(token)
    at.execute(update(sessions).where(mine).values(seen=time.time()))


def listed(at: Connection, user: int) -> Sequence[Found]:
    """A person's sessions, newest first: digest, agent, began, seen, expires."""
    wanted = select(sessions).where(sessions.c.user == user, sessions.c.expires > time.time())
    return at.execute(wanted.order_by(sessions.c.began.desc())).all()


def revoke(at: Connection, user: int, beginning: str) -> bool:
    """End the session of a person's whose digest begins so; whether there was one."""
    if len(beginning) < 16:
        return False
    mine = sessions.c.user == user
    named = sessions.c.digest.startswith(beginning, autoescape=True)
    return at.execute(delete(sessions).where(mine, named)).rowcount > 0


def revoke_others(at: Connection, user: int, own: str) -> int:
    """End all of a person's sessions but the one with this digest; how many."""
    others = (sessions.c.user == user) & (sessions.c.digest != own)
    return at.execute(delete(sessions).where(others)).rowcount


def make_token(
    at: Connection, user: int, label: str, scopes: Iterable[str], days: float | None = None
) -> str:
    """A token for a program; the secret, which is not kept. days: how long it holds (None: until it
    is removed)."""
    wanted, now = sorted(set(scopes)), time.time()
    for scope in wanted:
        if scope not in SCOPES:
            raise unknown("scope", scope, SCOPES)
    if not wanted or not 0 < len(label) <= 64 or (days is not None and days <= 0):
        raise UserError("a token has a label of 1 to 64 characters, a scope, and days above 0")
    secret = PREFIX + secrets.token_urlsafe(32)
    row = {"user": user, "digest": digest(secret), "label": label, "scopes": wanted, "made": now,
           "expires": None if days is None else now + days * 86_400}  # fmt: skip
    at.execute(insert(tokens).values(row))
    return secret


def of_token(at: Connection, secret: str) -> tuple[Account, frozenset[str]] | None:
    """Whose token this is, and its scopes; None for one that is over or none."""
    wanted = select(users, tokens.c.scopes).join(tokens, tokens.c.user == users.c.id)
    live = tokens.c.expires.is_(None) | (tokens.c.expires > time.time())
    row = at.execute(wanted.where(tokens.c.digest == digest(secret), live)).first()
    person = as_account(row)
    return None if row is None or person is None else (person, frozenset(row.scopes))


def tokens_of(at: Connection, user: int) -> Sequence[Found]:
    """A person's tokens: id, label, scopes, made, expires."""
    return at.execute(select(tokens).where(tokens.c.user == user).order_by(tokens.c.id)).all()


def remove_token(at: Connection, user: int, token: int) -> bool:
    """Void a token of a person's; whether there was one."""
    mine = (tokens.c.user == user) & (tokens.c.id == token)
    return at.execute(delete(tokens).where(mine)).rowcount > 0
