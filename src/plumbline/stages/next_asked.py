"""The order in which a project's items are asked, computed from what is known now.

A judge's uncertainty needs a reward model; disagreement and novelty look at what was judged so far.
No transaction is open while a judge reads, and the order is written by one of its own: people go on
judging meanwhile. What they were given since keeps its place or gets another one, which is the same
to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import Connection, select

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Example
from plumbline.feedback.collecting import choosing, reading
from plumbline.feedback.collecting.database import Database
from plumbline.feedback.collecting.forms import Kind
from plumbline.feedback.collecting.projects import Project, asked_of
from plumbline.feedback.collecting.tables import items
from plumbline.store import Store

By = Literal["random", "uncertainty", "disagreement", "novelty"]
WAYS: tuple[By, ...] = get_args(By)
SEVERAL = ("ranking", "pair", "rating")
"""Forms of several answers, which a judge may be uncertain between."""
ORDERED = ("ranking", "pair")
"""Forms that order answers, so that people may be split on them."""
REWARD = "reward"
"""What kind of artifact a reward model is."""
TOGETHER = 500
"""Items that a judge reads at once."""


def ways(kind: Kind) -> tuple[By, ...]:
    """The orders that there are for a form."""
    fits = {"uncertainty": kind in SEVERAL, "disagreement": kind in ORDERED}
    return tuple(by for by in WAYS if fits.get(by, True))


def check(kind: Kind, by: str, share: float, judge: Path | None) -> None:
    """UserError for an order that this form has not, or that lacks its judge."""
    if by not in WAYS:
        raise unknown("order of asking", by, WAYS)
    if by not in ways(kind):
        raise UserError(f"there is no {by} about a {kind}", fix=f"take {' or '.join(ways(kind))}")
    if by == "uncertainty" and judge is None:
        raise UserError("uncertainty is a judge's", fix="name a reward model (judge=DIR)")
    choosing.check_share(share)


def judges_in(home: Store) -> list[tuple[str, str]]:
    """The reward models of a store: (id, what people call it), the newest first."""
    names = {artifact: f"ref:{name}" for name, artifact in home.refs().items()}
    found = [one for one in home.records() if one.kind == REWARD and home.usable(one.id)]
    return [
        (one.id, names.get(one.id) or f"{one.label or Path(one.output.path).name} {one.id[:8]}")
        for one in reversed(found)
    ]


def judge_in(home: Store, name: str) -> Path:
    """The folder of a reward model by its name in a store. UserError for another artifact."""
    record = home.record(name)
    if record.kind != REWARD:
        raise UserError(f"{name!r} is no reward model", fix="plumbline train reward makes one")
    return home.path(record.id)


def arrange(
    db: Database, project: Project, by: str, *, share: float, seed: int, judge: Path | None = None
) -> int:
    """Ask what nobody holds yet in the order of its utility, a `share` at random (by "random": all
    of it); how many items were placed. UserError as `check` has it, and for a judge that is no
    reward model."""
    check(project.form.kind, by, share, judge)
    if by == "uncertainty":
        assert judge is not None
        found = _uncertain(db, project, judge)
    else:
        with db.read() as at:
            found = _MAKERS[by](at, project)
    if not found:
        return 0
    with db.write() as at:
        share = 1.0 if by == "random" else share
        return choosing.arrange(at, project, found, share, seed)


def _uncertain(db: Database, project: Project, judge: Path) -> Mapping[int, float]:
    from plumbline.stages.answering import Answerer

    reader = Answerer(judge)
    if not reader.reward:
        raise UserError(
            "this is no reward model", where=str(judge), fix="plumbline train reward makes one"
        )
    with db.read() as at:
        free = choosing.unasked(at, project)
    found = dict[int, float]()
    for start in range(0, len(free), TOGETHER):
        with db.read() as at:
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
        said.setdefault(row.item, []).append(row.body["tiers"])
    wanted = select(items.c.id).where(items.c.project == project.id, items.c.open, items.c.done > 0)
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


def _any(at: Connection, project: Project) -> Mapping[int, float]:
    return dict.fromkeys(choosing.unasked(at, project), 0.0)


_MAKERS = {"random": _any, "disagreement": _split, "novelty": _new}


def _rows(at: Connection, ids: Sequence[int]) -> Sequence[Any]:
    wanted = select(items.c.id, items.c.prompt, items.c.answers)
    return at.execute(wanted.where(items.c.id.in_(list(ids))).order_by(items.c.number)).all()
