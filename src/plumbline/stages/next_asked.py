"""The order in which a project's items are asked, computed from what is known now.

A judge's uncertainty needs a reward model; disagreement and novelty look at what was judged so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, select

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Example
from plumbline.feedback.collecting import choosing, reading
from plumbline.feedback.collecting.projects import Project, asked_of
from plumbline.feedback.collecting.tables import items

By = Literal["random", "uncertainty", "disagreement", "novelty"]
TOGETHER = 500
"""Items that a judge reads at once."""


def arrange(
    at: Connection, project: Project, by: By, *, share: float, seed: int, judge: Path | None = None
) -> int:
    """Ask what nobody holds yet in the order of its utility, a `share` at random; how many items
    were placed. UserError where a judge is wanted and there is none."""
    makers = {
        "uncertainty": lambda: _uncertain(at, project, judge),
        "disagreement": lambda: _split(at, project),
        "novelty": lambda: _new(at, project),
    }
    if by not in makers:
        raise unknown("order of asking", by, (*makers, "random"))
    found = makers[by]()
    return choosing.arrange(at, project, found, share, seed) if found else 0


def _uncertain(at: Connection, project: Project, judge: Path | None) -> Mapping[int, float]:
    from plumbline.stages.answering import Answerer

    if judge is None:
        raise UserError("uncertainty is a judge's", fix="name a reward model (judge=DIR)")
    reader = Answerer(judge)
    if not reader.reward:
        raise UserError(
            "this is no reward model", where=str(judge), fix="plumbline train reward makes one"
        )
    free, found = choosing.unasked(at, project), dict[int, float]()
    for start in range(0, len(free), TOGETHER):
        rows = _rows(at, free[start : start + TOGETHER])
        asked = [asked_of(row) for row in rows]
        worth = reader.measured([Example(one.prompt, one.answers) for one in asked])
        for row, one in zip(rows, worth, strict=True):
            # What the judge cannot read is as uncertain as can be.
            found[row.id] = choosing.uncertainty([v for v, _ in one]) if one else 1.0
    return found


def _split(at: Connection, project: Project) -> Mapping[int, float]:
    """Items with a judgement that want another: the free ones have none to disagree on."""
    said: dict[int, list[Any]] = {}
    for row in reading.standing(at, project):
        if "tiers" not in row.body:
            raise UserError(f"a {project.form.kind} orders no answers", fix="take another order")
        said.setdefault(row.item, []).append(row.body["tiers"])
    wanted = select(items.c.id).where(
        items.c.project == project.id, items.c.open, items.c.id.in_(list(said))
    )
    open_ = set(at.execute(wanted).scalars())
    return {item: choosing.disagreement(said[item]) for item in said if item in open_}


def _new(at: Connection, project: Project) -> Mapping[int, float]:
    judged = {row.item: asked_of(row).prompt for row in reading.standing(at, project)}
    seen = choosing.words_of(list(judged.values()))
    free, found = choosing.unasked(at, project), dict[int, float]()
    for start in range(0, len(free), TOGETHER):
        for row in _rows(at, free[start : start + TOGETHER]):
            found[row.id] = choosing.novelty(asked_of(row).prompt, seen)
    return found


def _rows(at: Connection, ids: Sequence[int]) -> Sequence[Any]:
    wanted = select(items.c.id, items.c.prompt, items.c.answers)
    return at.execute(wanted.where(items.c.id.in_(list(ids))).order_by(items.c.number)).all()
