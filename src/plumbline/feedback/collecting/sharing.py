"""Items for named people: some by their numbers, or the next ones shared out among several.

Somebody has an item that is assigned to them, that they hold, or that they have judged. Items are
shared out in the order of asking, each to those of the people who were given fewest so far, until
everybody has as many as they should. Checks are nobody's by turns: they are assigned by number.
Left out: what people can do, and which of them agree; a share looks at counts only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, and_, func, select

from plumbline.core.errors import UserError
from plumbline.feedback.collecting.projects import Project, alone
from plumbline.feedback.collecting.queue import assign
from plumbline.feedback.collecting.tables import items, work

RANGE = re.compile(r"(\d{1,9})(?:\s*-\s*(\d{1,9}))?")
MOST = 10_000
"""Items given to one person at once."""
_HAS = ("assigned", "leased", "judged")


def numbered(at: Connection, project: Project, text: str) -> list[int]:
    """The items of numbers such as "1-50, 60", in that order. UserError for what is no number, or
    no item of this project."""
    found = dict[int, None]()
    for first, last in _ranges(text):
        here = and_(items.c.project == project.id, items.c.number.between(first, last))
        wanted = select(items.c.id).where(here).order_by(items.c.number)
        part = at.execute(wanted).scalars().all()
        if len(part) < last - first + 1:
            raise _no_such(at, project, f"{first}-{last}" if last > first else f"{first}")
        found.update(dict.fromkeys(part))
    if not found:
        raise UserError("no item is named", fix="write numbers, such as 1-50, 60")
    return list(found)


def numbers(at: Connection, project: Project) -> tuple[int, int] | None:
    """The first and the last number of a project's items."""
    ends = select(func.min(items.c.number), func.max(items.c.number))
    first, last = at.execute(ends.where(items.c.project == project.id)).one()
    return None if last is None else (first, last)


def share(
    at: Connection, project: Project, people: Sequence[int], each: int, an_item: int = 1
) -> dict[int, int]:
    """Assign up to `each` more items to each of these people, so that an item has at most `an_item`
    people; how many each was given."""
    if not people or not 1 <= each <= MOST or an_item < 1:
        raise UserError(
            f"{each} items each to {len(people)} people, {an_item} people an item",
            fix=f"choose people, 1 to {MOST:,} items each, and at least 1 person an item",
        )
    wanted = sorted(set(people))
    for who in wanted:
        alone(at, who)
    had, given = _had(at, project, wanted), {who: list[int]() for who in wanted}
    for item, places in _free(at, project, an_item):
        able = [who for who in wanted if len(given[who]) < each and item not in had[who]]
        for who in sorted(able, key=lambda who: len(given[who]))[:places]:
            given[who].append(item)
        if all(len(mine) >= each for mine in given.values()):
            break
    return {who: assign(at, project, who, mine) for who, mine in given.items()}


def _ranges(text: str) -> Iterator[tuple[int, int]]:
    for part in filter(None, map(str.strip, re.split(r"[,;\n]", text))):
        found = RANGE.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first:
            raise UserError(f"{part[:40]!r} names no items", fix="write numbers, such as 1-50, 60")
        if last - first >= MOST:
            raise UserError(f"{part} are more than {MOST:,} items", fix="assign them in parts")
        yield first, last


def _no_such(at: Connection, project: Project, what: str) -> UserError:
    ends = numbers(at, project)
    there = f"its numbers are {ends[0]} to {ends[1]}" if ends else "it has none"
    return UserError(f"there is no item {what}", where=project.name, fix=there)


def _had(at: Connection, project: Project, people: Sequence[int]) -> dict[int, set[int]]:
    """Items that each of them has, or has passed on."""
    theirs = and_(work.c.project == project.id, work.c.user.in_(people))
    wanted = select(work.c.user, work.c.item).where(theirs, work.c.state != "expired")
    found = defaultdict[int, set[int]](set)
    for who, item in at.execute(wanted):
        found[who].add(item)
    return found


def _free(at: Connection, project: Project, an_item: int) -> Iterator[tuple[int, int]]:
    """Open items in the order of asking, each with how many people more may have it."""
    count = func.count().label("people")
    has = and_(work.c.project == project.id, work.c.state.in_(_HAS))
    held = select(work.c.item, count).where(has).group_by(work.c.item).subquery()
    taken = func.coalesce(held.c.people, 0)
    wanted = select(items.c.id, taken).outerjoin(held, held.c.item == items.c.id)
    here = and_(items.c.project == project.id, items.c.open, items.c.known.is_(None))
    rows = at.execute(wanted.where(here, taken < an_item).order_by(items.c.rank, items.c.id))
    yield from ((item, an_item - people) for item, people in rows.all())
