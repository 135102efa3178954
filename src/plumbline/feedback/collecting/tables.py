"""The tables. Times are seconds since 1970 (UTC); texts and judgements are JSON.

    users, sessions, tokens, invites, attempts, audit     who may come in, and what they took out
    projects, guidelines, members                         what is asked, how, and of whom
    items, work                                           what there is to judge, and who has it now
    events, drafts                                        what was said, and what is not sent yet
    draws, offers                                         what models are to answer, and revised

`work` has a row for every person an item was given to. `items.taken` counts those who hold or
judged an item and `items.done` those who judged it; both are kept by the transaction that changes
`work`, so that the next item is found without counting.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA = 1
"""Version of what follows; a database of another one is refused."""

Found = Row[*tuple[Any, ...]]
"""A row of some select."""

metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")  # sqlite counts INTEGER keys only


def _id() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=True)


def _to(table: str, primary_key: bool = False) -> Column[int]:
    to = ForeignKey(f"{table}s.id")
    return Column(table, Number, to, nullable=False, primary_key=primary_key)


meta = Table("meta", metadata, Column("key", String(32), primary_key=True), Column("value", Text))

users = Table(
    "users", metadata, _id(),
    Column("name", String(64), nullable=False, unique=True),
    Column("password", String(255)),  # a hash; none for people who come by API only
    Column("people", String(64), nullable=False, default=""),  # whose values they stand for
    Column("owner", Boolean, nullable=False, default=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("created", Float, nullable=False),
)  # fmt: skip

projects = Table(
    "projects", metadata, _id(),
    Column("name", String(100), nullable=False, unique=True),
    Column("form", JSON, nullable=False),
    Column("quota", Integer, nullable=False),
    Column("lease", Float, nullable=False),
    Column("checks", Float, nullable=False),  # share of what is shown whose answer is known
    Column("assigned", Boolean, nullable=False),  # to named people only
    Column("seed", Integer, nullable=False),
    Column("closed", Boolean, nullable=False, default=False),
    Column("turn", Integer, nullable=False, default=0),  # counts up when cursors hold no more
    Column("created", Float, nullable=False),
)  # fmt: skip

guidelines = Table(
    "guidelines", metadata, _id(), _to("project"),
    Column("version", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Number, ForeignKey("users.id")),
    Column("at", Float, nullable=False),
    UniqueConstraint("project", "version"),
)  # fmt: skip

members = Table(
    "members", metadata, _to("project", primary_key=True), _to("user", primary_key=True),
    Column("role", String(16), nullable=False),
    Column("cursor", Float),  # rank of what was given last: the search goes on there
    Column("turn", Integer, nullable=False, default=-1),  # the project's when that was
    Column("given", Integer, nullable=False, default=0),
)  # fmt: skip

items = Table(
    "items", metadata, _id(), _to("project"),
    Column("number", Integer, nullable=False),  # place in the file it came from
    Column("key", String(64), nullable=False),  # digest of what is asked
    Column("prompt", JSON, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("models", JSON, nullable=False),  # who wrote each answer; not shown
    Column("known", JSON(none_as_null=True)),  # a check: what is right
    Column("rank", Float, nullable=False),  # smaller ones are asked first
    Column("random", Boolean, nullable=False, default=True),  # drawn so, not chosen (`choosing`)
    Column("taken", Integer, nullable=False, default=0),
    Column("done", Integer, nullable=False, default=0),
    Column("open", Boolean, nullable=False, default=True),
    UniqueConstraint("project", "key"),
    Index("items_next", "project", "open", "rank"),
    Index("items_number", "project", "number"),
)  # fmt: skip

work = Table(
    "work", metadata, _to("item", primary_key=True), _to("user", primary_key=True), _to("project"),
    Column("state", String(8), nullable=False),  # assigned, leased, expired, judged, skipped
    Column("shown", JSON, nullable=False),
    Column("began", Float, nullable=False),
    Column("expires", Float),
    Index("work_state", "project", "state", "expires"),
    Index("work_user", "project", "user", "state"),
)  # fmt: skip

events = Table(
    "events", metadata, _id(), _to("project"), _to("item"), _to("user"),
    Column("kind", String(12), nullable=False),  # judged, skipped, undone, adjudicated
    Column("body", JSON, nullable=False),
    Column("shown", JSON, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("guideline", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("key", String(64), nullable=False),  # the sender's own: the same one twice is one event
    UniqueConstraint("user", "key"),
    Index("events_item", "project", "item", "user"),
)  # fmt: skip

drafts = Table(
    "drafts", metadata, _to("item", primary_key=True), _to("user", primary_key=True),
    Column("body", JSON, nullable=False),
    Column("at", Float, nullable=False),
)  # fmt: skip

draws = Table(
    "draws", metadata, _id(), _to("project"),
    Column("prompt", JSON, nullable=False),
    Column("models", JSON, nullable=False),  # who answers it, and how often each:
    Column("each", Integer, nullable=False),
    Column("rank", Float),
    Column("tries", Integer, nullable=False, default=0),
    Column("trouble", Text, nullable=False, default=""),  # why the last try failed
    Column("bare", Boolean, nullable=False, default=False),  # answered, and nothing to judge in it
    Index("draws_next", "bare", "tries", "id"),
    Index("draws_project", "project"),
)  # fmt: skip

offers = Table(
    "offers", metadata, _to("item", primary_key=True), _to("user", primary_key=True),
    Column("model", String(255), nullable=False),
    Column("text", Text, nullable=False),  # the revision that this person was shown last
    Column("at", Float, nullable=False),
)  # fmt: skip

sessions = Table(
    "sessions", metadata,
    Column("digest", String(64), primary_key=True),
    _to("user"),
    Column("agent", String(200), nullable=False),
    Column("began", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("expires", Float, nullable=False),
)  # fmt: skip

tokens = Table(
    "tokens", metadata, _id(), _to("user"),
    Column("digest", String(64), nullable=False, unique=True),
    Column("label", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("made", Float, nullable=False),
    Column("expires", Float),
)  # fmt: skip

invites = Table(
    "invites", metadata,
    Column("digest", String(64), primary_key=True),
    Column("project", Number, ForeignKey("projects.id")),
    Column("role", String(16), nullable=False),
    Column("people", String(64), nullable=False, default=""),
    Column("expires", Float, nullable=False),
    Column("used", Float),
)  # fmt: skip

attempts = Table(
    "attempts", metadata, _id(),
    Column("who", String(100), nullable=False),
    Column("at", Float, nullable=False),
    Index("attempts_who", "who", "at"),
)  # fmt: skip

audit = Table(
    "audit", metadata, _id(),
    Column("user", Number, ForeignKey("users.id")),
    Column("project", Number, ForeignKey("projects.id")),
    Column("what", String(32), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("at", Float, nullable=False),
)  # fmt: skip
