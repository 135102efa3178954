"""All projects, and a new one: its form, its items from a file or from the microcosm, or prompts of
those for models to answer."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy import Connection

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, answer
from plumbline.feedback.collecting import accounts, projects, reading
from plumbline.feedback.collecting.drawing import Prompt, prompts_in
from plumbline.feedback.collecting.forms import ANSWERS, KINDS, Asked, Kind
from plumbline.feedback.collecting.intake import Lines
from plumbline.feedback.collecting.loading import EACH, items_in
from plumbline.feedback.collecting.projects import Item, Project
from plumbline.web.studio import api_drawing, api_projects, security
from plumbline.web.studio.page_parts import shown, to
from plumbline.web.studio.schema import NewProject
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import studio_of

router = APIRouter()
Owner = Annotated[Person, Depends(security.owner)]
MOST = 2000
"""Prompts taken from the microcosm."""


@router.get("/")
def front(request: Request, who: Annotated[Person, Depends(security.person)]) -> Response:
    """The projects one has a role in."""
    security.may(who, "read", "judge", "manage")
    with studio_of(request).database.read() as at:
        rows = [
            (project, role, reading.progress(at, project))
            for project, role in api_projects.mine(at, who)
        ]
    return shown(request, "projects.html", {"rows": rows})


@router.get("/new")
def new_page(request: Request, who: Owner) -> Response:
    """The form for a new project."""
    models = studio_of(request).models
    offered = models and models.offered()
    return shown(request, "new.html", {"kinds": KINDS, "answers": ANSWERS, "offered": offered})


@router.post("/new")
def make(
    request: Request, who: Owner,
    name: Annotated[str, Form()], kind: Annotated[str, Form()],
    options: Annotated[list[str], Form(default_factory=list)],
    models: Annotated[list[str], Form(default_factory=list)],
    source: Annotated[str, Form()] = "file", file: UploadFile | None = None,
    count: Annotated[int, Form()] = 50, axes: Annotated[str, Form()] = "overall 1 5",
    turns: Annotated[int, Form()] = 1, quota: Annotated[int, Form()] = 1,
    checks: Annotated[float, Form()] = 0.0, guideline: Annotated[str, Form()] = "",
    each: Annotated[int, Form()] = 0, reviser: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """The project with its items, or with prompts that models answer; neither where a line is
    bad."""
    form = {"kind": kind, "turns": turns, "axes": list(_axes(axes)), "reviser": reviser} | {
        option: option in options for option in ("strength", "ties", "none")
    }
    given = NewProject(
        name=name.strip(), form=form, quota=quota, checks=checks / 100, guideline=guideline,
        assigned="assigned" in options,
    )  # fmt: skip
    studio = studio_of(request)
    lines = None if source == "microcosm" else Lines(file.file if file else io.BytesIO())
    named = [*models, reviser] if reviser else models
    writing = api_drawing.writers(studio, named) if named else None
    with studio.database.write() as at:
        project = api_projects.made(at, who, given)
        if models:
            prompts = map(Prompt, _asks(count)) if lines is None else prompts_in(lines)
            api_drawing.drawn(at, who, project, prompts, models, each)
        elif lines is None:
            _put(at, who, project, _microcosm(project.form.kind, count))
        else:
            _put(at, who, project, items_in(lines, project.form))
    if writing is not None:
        writing.drawer.wake()
    return to(f"/p/{project.name}")


def _put(at: Connection, who: Person, project: Project, found: Iterator[Item]) -> None:
    new = projects.add(at, project, found)
    if not new:
        raise UserError("there is no item in the file", fix="give lines of JSON (see below)")
    accounts.note(at, who.id, project.id, "items", {"added": new})


def _axes(text: str) -> Iterator[dict[str, Any]]:
    """One axis a line: NAME LOW HIGH, then what the ends mean, with a | between."""
    for line in filter(str.strip, text.splitlines()):
        head, _, high_means = line.partition("|")
        parts = head.split(None, 3)
        try:
            name, low, high = parts[0], int(parts[1]), int(parts[2])
        except (IndexError, ValueError):
            raise UserError(
                f"the axis {line.strip()!r}", fix="write it as: helpful 1 5 no use | solves it"
            ) from None
        low_means = parts[3].strip() if len(parts) > 3 else ""
        yield {"name": name, "low": low, "high": high, "anchors": (low_means, high_means.strip())}


def _asks(count: int) -> Iterator[Conversation]:
    """Requests of the microcosm."""
    from plumbline.microcosm.data import prompts

    return (ask.conversation for ask in prompts("train", 0, _checked(count)))


def _checked(count: int) -> int:
    if not 1 <= count <= MOST:
        raise UserError(f"{count} prompts", fix=f"take 1 to {MOST}")
    return count


def _microcosm(kind: Kind, count: int) -> Iterator[Item]:
    """Requests of the microcosm, each answered by some of its voices."""
    from plumbline.microcosm.answers import said
    from plumbline.microcosm.data import prompts
    from plumbline.microcosm.voices import VOICES, speak

    rng = random.Random(f"studio/{count}")
    wanted = 0 if kind == "demonstration" else 1 if kind in EACH else 2 if kind == "pair" else 4
    for ask in prompts("train", 0, _checked(count)):
        found: dict[str, str] = {}
        for name in rng.sample(sorted(VOICES), len(VOICES)):
            if len(found) < wanted:
                found.setdefault(said(speak(ask, VOICES[name], rng)), name)
        yield _item(ask.conversation, found)


def _item(prompt: Conversation, found: dict[str, str]) -> Item:
    return Item(Asked(prompt, tuple(map(answer, found))), tuple(found.values()))
