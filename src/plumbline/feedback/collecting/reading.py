"""From events to judgements: what stands of a project, as `core.types` has it, in a stream.

Of each person's events on an item the latest counts; what was undone or skipped gives nothing. An
adjudication (a curator's word on a disagreement) is one more judgement, by the curator. Checks,
whose answer was known, take no part unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, and_, func, select

from plumbline.core.types import Judge, Judgement, Provenance
from plumbline.feedback.collecting.forms import Form, judgements
from plumbline.feedback.collecting.projects import Project, asked_of
from plumbline.feedback.collecting.tables import Found, events, items, users

TOGETHER = 1000
"""Events fetched at once: what is in memory does not grow with the project."""


@dataclass(frozen=True)
class Progress:
    """How far a project is: items (checks apart), those that have their quota, judgements that
    stand, and those still wanted."""

    items: int
    full: int
    judged: int
    wanted: int


def standing(at: Connection, project: Project, *, checks: bool = False) -> Iterator[Found]:
    """The events that stand, oldest first, with their item and who it was."""
    latest = (
        select(func.max(events.c.id).label("id"))
        .where(events.c.project == project.id)
        .group_by(events.c.item, events.c.user)
        .subquery()
    )
    wanted = (
        select(
            events.c.id, events.c.item, events.c.user, events.c.body, events.c.shown,
            events.c.seconds, events.c.guideline, events.c.at, users.c.name, users.c.people,
            items.c.prompt, items.c.answers, items.c.known, items.c.number,
        )
        .join(latest, latest.c.id == events.c.id)
        .join(items, items.c.id == events.c.item)
        .join(users, users.c.id == events.c.user)
        .where(events.c.kind == "judged")
        .order_by(events.c.id)
    )  # fmt: skip
    if not checks:
        wanted = wanted.where(items.c.known.is_(None))
    yield from at.execution_options(yield_per=TOGETHER).execute(wanted)  # type: ignore[misc]


def said(at: Connection, project: Project) -> Iterator[Judgement]:
    """Every judgement that stands, as it was observed."""
    for row in standing(at, project):
        yield from judgements_of(project.form, project.name, row)


def judgements_of(form: Form, name: str, row: Found) -> list[Judgement]:
    """What one event says."""
    when = datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds")
    provenance = Provenance(
        where=f"{name}:{row.id}", judge=Judge("human", row.name, row.people),
        rubric=f"{name}@{row.guideline}", when=when, seconds=round(row.seconds, 1),
        shown=tuple(row.shown),
    )  # fmt: skip
    return judgements(form, asked_of(row), row.body, provenance)


def progress(at: Connection, project: Project) -> Progress:
    """Counts of a project."""
    here = and_(items.c.project == project.id, items.c.known.is_(None))
    left = func.sum(func.greatest(project.quota - items.c.done, 0))
    if at.dialect.name == "sqlite":
        left = func.sum(func.max(project.quota - items.c.done, 0))
    found = at.execute(
        select(
            func.count(), func.coalesce(func.sum(items.c.done), 0), func.coalesce(left, 0)
        ).where(here)
    ).one()
    full = at.execute(select(func.count()).where(here, items.c.done >= project.quota)).scalar_one()
    return Progress(found[0], full, int(found[1]), int(found[2]))
