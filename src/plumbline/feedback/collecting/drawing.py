"""Prompts of a project whose answers models are still to write, and the items they become.

A prompt waits as a row of `draws` from the moment it is asked for. Whoever has its answers puts the
items in and takes the row away in one transaction, so a studio that is killed at any moment goes on
with what is left, and nothing is there twice. A prompt that failed waits behind those that did not.
What was answered without anything to judge (equal answers, or none with words) stays as such and is
counted. Who asks the models, and when, is not known here: `web.studio.drawer`.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Message, answer
from plumbline.data import fields
from plumbline.data.bad import Bad
from plumbline.feedback.collecting import projects
from plumbline.feedback.collecting.forms import ANSWERS, Form
from plumbline.feedback.collecting.loading import EACH, items_from
from plumbline.feedback.collecting.projects import Project
from plumbline.feedback.collecting.tables import draws
from plumbline.feedback.collecting.tables import projects as all_projects

MOST, OFTEN = 9, 64
"""Models that answer one prompt, and answers of one of them."""
LONGEST = 1000
"""Characters of what is kept about a failure."""


@dataclass(frozen=True)
class Prompt:
    """What models are to answer; `rank` as an `Item` has it."""

    conversation: Conversation
    rank: float | None = None


@dataclass(frozen=True)
class Wanted:
    """A prompt that waits: each of the models answers it `each` times, by this seed."""

    id: int
    project: int
    prompt: Conversation
    models: tuple[str, ...]
    each: int
    rank: float | None
    seed: int


@dataclass(frozen=True)
class Drawing:
    """How far the models are: prompts that wait, those that gave nothing to judge, and why some
    failed when they were last tried (each with how many)."""

    waiting: int = 0
    bare: int = 0
    troubles: tuple[tuple[str, int], ...] = ()


def prompts_in(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Prompt]:
    """The prompts of rows, each with its place. UserError naming the place for a row that is none,
    or that has answers already."""
    for place, row in rows:
        try:
            for name in ("responses", "models", "known"):
                if row.get(name):
                    raise Bad(f"{name!r} where models are to answer", "leave it out, or the models")
            yield Prompt(fields.prompt(row), fields.maybe_number(row, "rank"))
        except Bad as bad:
            raise UserError(bad.what, where=place, fix=bad.fix) from None


def check(form: Form, models: Sequence[str], each: int) -> int:
    """How often each model answers; 0 stands for as few times as the form takes. UserError where
    the form cannot ask about so many answers."""
    few, most = ANSWERS[form.kind]
    if not most:
        raise UserError(f"a {form.kind} is of no answers", fix="choose no models")
    if not models or len(set(models)) != len(models) or len(models) > MOST:
        raise UserError(f"{len(models)} models", fix=f"name 1 to {MOST}, each once")
    each = each or max(1, -(-few // len(models)))
    apart = form.kind in EACH and 1 <= each <= OFTEN
    if not (apart or few <= len(models) * each <= most):
        wanted = str(few) if few == most else f"{few} to {most}"
        raise UserError(
            f"a {form.kind} is of {wanted} answers, and {len(models)} models with {each} each give"
            f" {len(models) * each}",
            fix="choose other models, or how often each answers",
        )
    return each


def ask(
    at: Connection, project: Project, prompts: Iterable[Prompt], models: Sequence[str], each: int
) -> int:
    """Keep prompts to be answered; how many. UserError as `check` has it."""
    each = check(project.form, models, each)
    shared = {"project": project.id, "models": list(models), "each": each}
    rows = [
        shared | {"prompt": [[m.role, m.content] for m in one.conversation], "rank": one.rank}
        for one in prompts
    ]
    if rows:
        at.execute(insert(draws), rows)
    return len(rows)


def waiting(at: Connection, besides: Collection[int] = ()) -> Wanted | None:
    """The prompt to be answered next, of any project that is open; None where nothing waits."""
    wanted = (
        select(draws, all_projects.c.seed)
        .join(all_projects, all_projects.c.id == draws.c.project)
        .where(~draws.c.bare, ~all_projects.c.closed, draws.c.id.not_in(list(besides)))
        .order_by(draws.c.tries, draws.c.id)
    )
    row = at.execute(wanted.limit(1)).first()
    if row is None:
        return None
    prompt = tuple(Message(role, content) for role, content in row.prompt)
    seed = random.Random(f"{row.seed}/{row.id}").getrandbits(31)
    return Wanted(row.id, row.project, prompt, tuple(row.models), row.each, row.rank, seed)


def finish(at: Connection, one: Wanted, said: Sequence[str], models: Sequence[str]) -> None:
    """What models said to it becomes items; what somebody else has finished, or left out, is let
    be. UserError for answers that the project's form cannot ask about."""
    project = projects.by_id(at, one.project)
    found = items_from(one.prompt, [answer(text) for text in said], models, project.form,
                       rank=one.rank)  # fmt: skip
    mine = and_(draws.c.id == one.id, ~draws.c.bare)
    if found:
        taken = at.execute(delete(draws).where(mine)).rowcount
    else:
        taken = at.execute(update(draws).where(mine).values(bare=True)).rowcount
    if taken:
        projects.add(at, project, found)


def fail(at: Connection, one: Wanted, why: str) -> None:
    """It waits again, behind the others."""
    said = {"tries": draws.c.tries + 1, "trouble": why[:LONGEST]}
    at.execute(update(draws).where(draws.c.id == one.id).values(said))


def leave_out(at: Connection, project: Project) -> int:
    """Give up what has no items yet; how many prompts."""
    return at.execute(delete(draws).where(draws.c.project == project.id)).rowcount


def drawing(at: Connection, project: Project) -> Drawing:
    """How far a project's models are."""
    here = draws.c.project == project.id
    count = select(draws.c.bare, func.count()).where(here).group_by(draws.c.bare)
    counts = {bool(bare): number for bare, number in at.execute(count)}
    why = select(draws.c.trouble, func.count()).where(here, ~draws.c.bare, draws.c.trouble != "")
    troubles = at.execute(why.group_by(draws.c.trouble).order_by(func.count().desc()).limit(3))
    return Drawing(counts.get(False, 0), counts.get(True, 0), tuple(map(tuple, troubles)))


def coming(at: Connection, project: Project) -> int:
    """Items that there will be, at most, once the models have answered."""
    each = func.json_array_length(draws.c.models) * draws.c.each
    items = func.sum(each) if project.form.kind in EACH else func.count()
    here = and_(draws.c.project == project.id, ~draws.c.bare)
    return int(at.execute(select(items).where(here)).scalar() or 0)
