"""Projects: what is asked of whom, the items, the guidelines by version, and the members."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Literal, get_args

from sqlalchemy import Connection, func, insert, select, text, update

from plumbline.core.errors import UserError, unknown
from plumbline.core.ids import digest
from plumbline.core.types import Message
from plumbline.feedback.collecting.forms import Asked, Form, check_asked, form_of
from plumbline.feedback.collecting.tables import Found, guidelines, items, members, projects, users

Role = Literal["curator", "annotator", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
TOGETHER = 1000
"""Items written at once."""


@dataclass(frozen=True)
class Project:
    """A project as it is stored. lease: seconds an item is held for one person; checks: share of
    what is shown whose answer is known; assigned: items go to named people only."""

    id: int
    name: str
    form: Form
    quota: int
    lease: float
    checks: float
    assigned: bool
    seed: int
    closed: bool


@dataclass(frozen=True)
class Item:
    """What is put into a project: `models` says who wrote each answer (not shown), `known` what is
    right (a check), `rank` what is asked first (the smallest; None: in a seeded random order)."""

    asked: Asked
    models: tuple[str, ...] = ()
    known: Mapping[str, Any] | None = None
    rank: float | None = None


def create(
    at: Connection,
    name: str,
    form: Form,
    *,
    quota: int = 1,
    lease: float = 1800.0,
    checks: float = 0.0,
    assigned: bool = False,
    seed: int = 0,
    guideline: str = "",
) -> Project:
    """A new project without items. UserError for a name that is taken or cannot be one."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot name a project", fix="use letters, digits, . _ and -")
    if quota < 1 or not 0 <= checks < 1 or lease <= 0:
        raise UserError("quota is at least 1, checks a share under 1, lease in seconds")
    if at.execute(select(projects.c.id).where(projects.c.name == name)).first():
        raise UserError(f"there is a project {name!r} already", fix="give another name")
    row = {"name": name, "form": asdict(form), "quota": quota, "lease": lease, "checks": checks,
           "assigned": assigned, "seed": seed, "closed": False, "created": time.time()}  # fmt: skip
    at.execute(insert(projects).values(row))
    made = named(at, name)
    guide(at, made, guideline, None)
    return made


def named(at: Connection, name: str) -> Project:
    """The project of that name. UserError with the nearest where there is none."""
    found = find(at, name)
    if found is None:
        raise unknown("project", name, at.execute(select(projects.c.name)).scalars())
    return found


def find(at: Connection, name: str) -> Project | None:
    """The project of that name, if there is one."""
    found = at.execute(select(projects).where(projects.c.name == name)).first()
    return None if found is None else _project(found)


def by_id(at: Connection, project: int) -> Project:
    """The project with that id, which there is."""
    return _project(at.execute(select(projects).where(projects.c.id == project)).one())


def every(at: Connection) -> list[Project]:
    """All projects, by name."""
    return [_project(row) for row in at.execute(select(projects).order_by(projects.c.name))]


def close(at: Connection, project: Project, closed: bool = True) -> None:
    """Let nobody judge any more (or again)."""
    at.execute(update(projects).where(projects.c.id == project.id).values(closed=closed))


def assign_only(at: Connection, project: Project, only: bool = True) -> None:
    """Let items go to those alone whom they are assigned to (or again to whoever asks for one)."""
    at.execute(update(projects).where(projects.c.id == project.id).values(assigned=only))
    search_anew(at, project)


def add(at: Connection, project: Project, given: Iterable[Item]) -> int:
    """Put items into a project; how many were new (what is there already is left alone)."""
    here = select(projects.c.id).where(projects.c.id == project.id)
    at.execute(here.with_for_update(key_share=True))  # who adds at once numbers one after the other
    number = at.execute(
        select(func.coalesce(func.max(items.c.number), -1)).where(items.c.project == project.id)
    ).scalar_one()
    source, new = iter(given), 0
    while part := list(islice(source, TOGETHER)):
        rows: dict[str, dict[str, Any]] = {}
        for one in part:
            check_asked(project.form, one.asked)
            row = _row(project, one)
            rows.setdefault(row["key"], row)
        known = select(items.c.key).where(
            items.c.project == project.id, items.c.key.in_(list(rows))
        )
        for key in at.execute(known).scalars():
            del rows[key]
        for row in rows.values():
            number += 1
            row["number"] = number
        if rows:
            at.execute(insert(items), list(rows.values()))
        new += len(rows)
    if new >= TOGETHER and at.dialect.name == "postgresql":
        at.execute(text("ANALYZE items"))  # else it plans for a table that is empty
    return new


def search_anew(at: Connection, project: Project) -> None:
    """Let everybody's search begin at the first item again: one that was passed by may be free now.
    One row is written and not one a member, so that two who undo at once do not wait for each
    other."""
    here = projects.c.id == project.id
    at.execute(update(projects).where(here).values(turn=projects.c.turn + 1))


def guide(at: Connection, project: Project, text: str, author: int | None) -> int:
    """Guidelines from now on; their version."""
    last = guideline(at, project)[0]
    row = {"project": project.id, "version": last + 1, "text": text, "author": author}
    at.execute(insert(guidelines).values(row | {"at": time.time()}))
    return last + 1


def guideline(at: Connection, project: Project) -> tuple[int, str]:
    """The version that holds now, and its text; 0 before there is one."""
    found = at.execute(
        select(guidelines.c.version, guidelines.c.text)
        .where(guidelines.c.project == project.id)
        .order_by(guidelines.c.version.desc())
    ).first()
    return (found.version, found.text) if found else (0, "")


def join(at: Connection, project: Project, user: int, role: str) -> None:
    """Give a person a role in a project, or another one."""
    if role not in ROLES:
        raise unknown("role", role, ROLES)
    here = (members.c.project == project.id) & (members.c.user == user)
    if at.execute(update(members).where(here).values(role=role)).rowcount == 0:
        at.execute(insert(members).values(project=project.id, user=user, role=role))


def leave(at: Connection, project: Project, user: int) -> None:
    """Take a person's role in a project away; what they said stays."""
    here = (members.c.project == project.id) & (members.c.user == user)
    at.execute(members.delete().where(here))


def role_of(at: Connection, project: Project, user: int) -> str:
    """What a person may do in a project: owners everything, others by their role ("" for none)."""
    if at.execute(select(users.c.owner).where(users.c.id == user)).scalar():
        return "owner"
    here = (members.c.project == project.id) & (members.c.user == user)
    return at.execute(select(members.c.role).where(here)).scalar() or ""


def alone(at: Connection, user: int) -> None:
    """Until this transaction ends, others that act for the same person wait (two tabs, a retry).
    On SQLite there is one writer anyway."""
    at.execute(select(users.c.id).where(users.c.id == user).with_for_update(key_share=True))


def asked_of(row: Found) -> Asked:
    """What an item's row asks."""
    prompt = tuple(Message(role, content) for role, content in row.prompt)
    return Asked(
        prompt, tuple(tuple(Message(role, text) for role, text in one) for one in row.answers)
    )


def _row(project: Project, item: Item) -> dict[str, Any]:
    asked, models = item.asked, list(item.models) or [""] * len(item.asked.answers)
    if len(models) != len(asked.answers):
        raise UserError(f"{len(models)} models for {len(asked.answers)} answers")
    prompt = [[m.role, m.content] for m in asked.prompt]
    answers = [[[m.role, m.content] for m in one] for one in asked.answers]
    key = digest([prompt, answers])
    return {
        "project": project.id, "key": key, "prompt": prompt, "answers": answers, "models": models,
        "known": dict(item.known) if item.known is not None else None,
        "rank": _at_random(project.seed, key) if item.rank is None else item.rank,
        "random": item.rank is None,
    }  # fmt: skip


def _at_random(seed: int, key: str) -> float:
    """A place in [0, 1) that seed and content decide."""
    found = hashlib.sha256(f"{seed}/{key}".encode()).digest()
    return int.from_bytes(found[:6], "big") / 2**48


def _project(row: Found) -> Project:
    return Project(
        row.id, row.name, form_of(row.form), row.quota, row.lease, row.checks, row.assigned,
        row.seed, row.closed,
    )  # fmt: skip


def names_of(at: Connection, project: Project) -> Sequence[Found]:
    """Members: user id, name, people, active, role."""
    wanted = select(users.c.id, users.c.name, users.c.people, users.c.active, members.c.role)
    return at.execute(
        wanted.join(members, members.c.user == users.c.id)
        .where(members.c.project == project.id)
        .order_by(users.c.name)
    ).all()
