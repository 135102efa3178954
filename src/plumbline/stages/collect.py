"""Ask people: a file of answers becomes a project of the studio, and what they say becomes data.

As a stage of a recipe it waits (exit code 3) until every item has its quota, and then goes on with
the judgements that stand. `plumbline collect` does the same without a recipe. Asked again, a
project is what it was: answers that are new are added, nothing is asked twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from plumbline.core.errors import UserError, Waiting
from plumbline.core.ids import canonical_json
from plumbline.core.settings import option
from plumbline.data import write
from plumbline.feedback.collecting import projects, reading
from plumbline.feedback.collecting.forms import Axis, Form, Kind
from plumbline.feedback.collecting.loading import items_in
from plumbline.feedback.collecting.projects import Project
from plumbline.feedback.collecting.reading import Progress
from plumbline.stages.collected import studio
from plumbline.stages.files import DATA, SAMPLES, objects
from plumbline.stages.next_asked import By, arrange, check
from plumbline.store import Context, Store, find_store


@dataclass(frozen=True)
class Collect:
    """What is asked, of how many."""

    project: str = option("", help="its name in the studio")
    form: Kind = option("pair", help="how answers are judged")
    strength: bool = option(False, help="pair, ranking: also ask how much better")
    ties: bool = option(True, help="pair, ranking: allow ties")
    none: bool = option(True, help="pair, ranking: allow `no answer is acceptable`")
    axes: tuple[str, ...] = option(("overall",), help="rating: what is rated, from 1 to 5")
    turns: int = option(1, help="demonstration: most turns of the assistant")
    quota: int = option(1, help="judgements an item")
    checks: float = option(0.0, help="share of what is shown whose answer is known")
    next: By = option("random", help="what is asked first: random, uncertainty of a judge,"
                      " disagreement of people so far, or novelty of the prompt")  # fmt: skip
    share: float = option(0.2, help="of the items, drawn at random whatever is asked first")
    judge: str = option("", help="uncertainty: the folder of a reward model")
    seed: int = option(0, help="order of items and answers")
    guideline: str = option("", help="what people are told; a new text is a new version")


def collect(ctx: Context, settings: Collect, inputs: Mapping[str, Path]) -> None:
    """The judgements of the project as data.jsonl; `Waiting` while some are wanted."""
    home = find_store(ctx.store)
    ctx.say(asked(home, settings, [inputs["answers"] / SAMPLES], inputs.get("judge")))
    write(ctx.out / DATA, given(home, settings.project))


def asked(home: Store, s: Collect, answers: Sequence[Path], judge: Path | None = None) -> str:
    """Open the project (or what is new of it); a line about it once every item has its quota, and
    `Waiting` before. Several files of answers to the same prompts are compared with each other.
    UserError where the project has another form."""
    alike = list[str]()
    by = judge or (Path(s.judge) if s.judge else None)
    with studio(home) as db:
        with db.write() as at:
            found = _project(at, s)
            check(found.form.kind, s.next, s.share, by)
            projects.add(at, found, items_in(_all(answers), found.form, alike.append))
            if s.guideline and projects.guideline(at, found)[1] != s.guideline:
                projects.guide(at, found, s.guideline, None)
        if s.next != "random":
            arrange(db, found, s.next, share=s.share, seed=s.seed, judge=by)
        with db.read() as at:
            now = reading.progress(at, found)
    line = _line(s.project, now)
    line += f"; {len(alike)} prompts have equal answers only" if alike else ""
    if now.wanted:
        raise Waiting(f"{line}; they judge in `plumbline studio`")
    return line


def given(home: Store, name: str) -> list[Any]:
    """What stands in the project of that name."""
    with studio(home) as db, db.read() as at:
        return list(reading.said(at, projects.named(at, name)))


def _project(at: Connection, s: Collect) -> Project:
    form = Form(s.form, s.strength, s.ties, s.none, tuple(Axis(name) for name in s.axes), s.turns)
    if not s.project:
        raise UserError("the project needs a name", fix="set project=NAME")
    known = projects.find(at, s.project)
    if known is not None and (replace(known.form, reviser=""), known.quota) != (form, s.quota):
        raise UserError(
            f"there is a project {s.project!r} with another form or quota",
            fix="give this one another name",
        )
    return known or projects.create(
        at, s.project, form, quota=s.quota, checks=s.checks, seed=s.seed
    )


def _all(files: Sequence[Path]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of a file; of several, a row a prompt that all have, with their answers in turn and
    each file's name as that of the model. UserError where no prompt is in all."""
    if len(files) == 1:
        yield from objects(files[0])
        return
    found = [{canonical_json(row.get("prompt")): row for _, row in objects(file)} for file in files]
    shared = [key for key in found[0] if all(key in rows for rows in found)]
    if not shared:
        raise UserError(
            "no prompt is in all of these files",
            where=", ".join(map(str, files)),
            fix="draw the answers of each model to the same prompts",
        )
    for number, key in enumerate(shared, 1):
        said = [rows[key].get("responses") or [] for rows in found]
        turns = [
            (one, file.stem)
            for together in zip_longest(*said)
            for one, file in zip(together, files, strict=True)
            if one is not None
        ]
        answers, models = ([turn[i] for turn in turns] for i in (0, 1))
        row = {"prompt": found[0][key]["prompt"], "responses": answers, "models": models}
        yield f"{files[0]}: prompt {number}", row


def _line(name: str, now: Progress) -> str:
    return (
        f"{now.judged} judgements in {name!r}, {now.full} of {now.items} items have all they need"
        + (f", {now.wanted} judgements are wanted" if now.wanted else "")
    )
