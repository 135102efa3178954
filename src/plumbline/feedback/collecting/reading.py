"""From events to judgements: what stands of a project, as `core.types` has it, in a stream.

Of each person's events on an item the latest counts; what was undone or skipped gives nothing.
Where a curator has adjudicated, that stands in place of what the others said, which stays as events
(`settled=False` reads it). Checks, whose answer was known, take no part unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Text, and_, case, cast, func, or_, select

from plumbline.core.types import Judge, Judgement, Provenance
from plumbline.feedback.collecting import drawing
from plumbline.feedback.collecting.bodies import judgements
from plumbline.feedback.collecting.forms import Form
from plumbline.feedback.collecting.projects import Project, asked_of
from plumbline.feedback.collecting.tables import Found, events, items, users

TOGETHER = 1000
"""Events fetched at once: what is in memory does not grow with the project."""


@dataclass(frozen=True)
class Progress:
    """How far a project is: items (checks apart), those that have their quota or are settled,
    judgements that stand, those still wanted, and items whose answers models are still to write (at
    most; what is wanted counts them)."""

    items: int
    full: int
    judged: int
    wanted: int
    coming: int = 0


def standing(
    at: Connection,
    project: Project,
    *,
    checks: bool = False,
    settled: bool = True,
    by_prompt: bool = False,
) -> Iterator[Found]:
    """The events that stand, oldest first (or prompt by prompt), with their item and who it was."""
    here, word = events.c.project == project.id, events.c.kind == "adjudicated"
    latest = select(func.max(events.c.id)).where(here, ~word).group_by(events.c.item, events.c.user)
    stands = and_(events.c.kind == "judged", events.c.id.in_(latest))
    if settled:
        last = select(func.max(events.c.id)).where(here, word).group_by(events.c.item)
        of = select(events.c.item).where(here, word)
        stands = or_(events.c.id.in_(last), and_(stands, events.c.item.not_in(of)))
    wanted = (
        select(
            events.c.id, events.c.item, events.c.user, events.c.body, events.c.shown,
            events.c.seconds, events.c.guideline, events.c.at, users.c.name, users.c.people,
            items.c.prompt, items.c.answers, items.c.known, items.c.number,
        )
        .join(items, items.c.id == events.c.item)
        .join(users, users.c.id == events.c.user)
        .where(here, stands)
        .order_by(*([cast(items.c.prompt, Text)] if by_prompt else []), events.c.id)
    )  # fmt: skip
    if not checks:
        wanted = wanted.where(items.c.known.is_(None))
    yield from at.execution_options(yield_per=TOGETHER).execute(wanted)  # type: ignore[misc]


def said(at: Connection, project: Project, *, settled: bool = True) -> Iterator[Judgement]:
    """Every judgement that stands, as it was observed."""
    for row in standing(at, project, settled=settled):
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
    left = func.sum(case((items.c.open, project.quota - items.c.done), else_=0))
    found = at.execute(
        select(
            func.count(), func.coalesce(func.sum(items.c.done), 0), func.coalesce(left, 0)
        ).where(here)
    ).one()
    full = at.execute(select(func.count()).where(here, ~items.c.open)).scalar_one()
    coming = drawing.coming(at, project)
    wanted = int(found[2]) + coming * project.quota
    return Progress(found[0], full, int(found[1]), wanted, coming)
