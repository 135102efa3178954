"""What people said of a project, into a file of rows that trainers read.

Memory does not grow with the project: judgements come from the database in order of their prompts,
and what is derived (a mean of ratings, a pooled pair) is derived prompt by prompt. plumbline's own
form keeps the order of events. Nothing is left out without being counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import Connection

from plumbline.core.anonymous import anonymous
from plumbline.core.errors import UserError, unknown
from plumbline.core.pooling import pool
from plumbline.core.types import Demonstration, Judgement
from plumbline.data.tables import table
from plumbline.data.write import ORDER, WRITERS
from plumbline.feedback.collecting.projects import Project
from plumbline.feedback.collecting.reading import judgements_of, standing

As = Literal[
    "judgements", "pairs", "pooled-pairs", "rankings", "labels", "ratings", "demonstrations"
]
FORMS: tuple[As, ...] = get_args(As)
PAIR = ("prompt", "chosen", "rejected", "p", "margin")
WRITTEN: Mapping[As, tuple[str, tuple[str, ...]]] = {
    "judgements": ("plumbline", ("judgement", *ORDER)),
    "pairs": ("preference", PAIR),
    "pooled-pairs": ("preference", PAIR),
    "rankings": ("ranking", ("prompt", "responses", "ranking", "p", "margin")),
    "labels": ("unpaired", ("prompt", "completion", "label")),
    "ratings": ("rating", ("prompt", "completion", "score", "axis", "low", "high")),
    "demonstrations": ("messages", ("messages",)),
}
"""The form of `data.write`, and its columns in a table."""
ASIDE = "left out: "
"""How views begin a remark on what is sound and has no place in them."""
TOGETHER = 1000
"""Judgements from which rows are made at once, or those of one prompt where they are more."""


@dataclass
class Exported:
    """Judgements read and rows written; how many were left out, by reason; counted remarks."""

    judgements: int = 0
    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)


def export(
    at: Connection, project: Project, path: Path, form: str, *, group: str = "", secret: str = ""
) -> Exported:
    """Write the file (its name says jsonl, json, csv or parquet). group: only what people of it
    said; secret: hide who judged (see `core.anonymous`). UserError, and no file, where nothing can
    be written."""
    if form not in WRITTEN:
        raise unknown("form", form, FORMS)
    writer, columns = WRITTEN[form]  # type: ignore[index]
    done = Exported()
    said = _said(at, project, group, done, by_prompt=form != "judgements")
    with table(path, columns) as put:
        for part in _parts(said):
            chosen = pool(part).judgements if form == "pooled-pairs" else part
            hidden = [anonymous(one, secret) for one in chosen] if secret else chosen
            made = WRITERS[writer](hidden)
            for row in made.rows:
                put(row)
                done.rows += 1
            done.left_out.update(why for _, why in made.dropped)
            for remark in made.notes:
                count, _, what = remark.partition(" ")
                aside = what.startswith(ASIDE)
                (done.left_out if aside else done.notes)[what.removeprefix(ASIDE)] += int(count)
        _check(project, form, group, done)
    return done


def _said(
    at: Connection, project: Project, group: str, done: Exported, *, by_prompt: bool
) -> Iterator[Judgement]:
    for row in standing(at, project, by_prompt=by_prompt):
        if not group or row.people == group:
            for judgement in judgements_of(project.form, project.name, row):
                done.judgements += 1
                yield judgement


def _parts(said: Iterable[Judgement]) -> Iterator[list[Judgement]]:
    """Judgements in lists of `TOGETHER` or more, with those of one prompt together."""
    part: list[Judgement] = []
    for _, alike in groupby(said, key=_prompt):
        part += alike
        if len(part) >= TOGETHER:
            yield part
            part = []
    if part:
        yield part


def _prompt(judgement: Judgement) -> object:
    """What keeps judgements together; nothing is derived from several demonstrations."""
    return object() if isinstance(judgement, Demonstration) else judgement.prompt


def _check(project: Project, form: str, group: str, done: Exported) -> None:
    if done.rows:
        return
    who = f" by people of {group!r}" if group else ""
    reasons = "; ".join([*done.left_out, *done.notes]) or f"{done.judgements} judgements{who}"
    raise UserError(f"nothing here can be written as {form} ({reasons})", where=project.name,
                    fix="take another form, or wait until people have judged")  # fmt: skip
