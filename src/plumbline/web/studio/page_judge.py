"""The page where a person judges: the item they hold, or the next one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import Connection, and_, select

from plumbline.feedback.collecting import drawing, projects
from plumbline.feedback.collecting.bodies import said_by_hand
from plumbline.feedback.collecting.forms import Kind
from plumbline.feedback.collecting.queue import Given
from plumbline.feedback.collecting.tables import events
from plumbline.web.studio import api_judging
from plumbline.web.studio.page_parts import LETTERS, shown
from plumbline.web.studio.security import Seat, needs
from plumbline.web.studio.state import studio_of

router = APIRouter()
BAR = ("pair", "thumb")
"""Forms small enough to stay at the foot of the screen."""
SIDE = ("ranking", "rating", "critique")
"""Forms that stand beside the answers, where there is room."""
REVISE = (("r", "let a model revise it"),)
REASONS = ("I cannot judge this", "The prompt makes no sense", "It troubles me to read this",
           "The answers are the same")  # fmt: skip
OWN_KEYS: dict[Kind, tuple[tuple[str, str], ...]] = {
    "ranking": (("1 … 9", "pick an answer; it goes to the end of the ranking"),
                ("↑ ↓", "move it"), ("=", "tie it with the one above"), ("-", "leave it out"),
                ("n", "none is acceptable")),
    "pair": (("1 2", "A or B is better; again: by more"), ("← →", "along the scale"),
             ("= 0", "equal"), ("b", "both are bad")),
    "thumb": (("1 ↑", "good"), ("2 ↓", "bad")),
    "rating": (("0 … 9", "the score, and on to the next"), ("Tab", "to another row")),
    "demonstration": (),
    "correction": (),
    "critique": (("← →", "in the answer: mark the last or next word"),
                 ("Shift ← →", "mark more"), ("m", "a note on what is marked"),
                 ("n", "a note on all of it")),
}  # fmt: skip
KEYS = (("Enter", "send (Ctrl Enter while you write)"), ("s", "skip, saying why"),
        ("u", "take the last one back"), ("g", "open and close the guidelines"),
        ("p", "texts as they are written"), ("?", "this help"))  # fmt: skip


@router.get("/p/{project}/judge")
def judging(
    request: Request, seat: Annotated[Seat, Depends(needs("curator", "annotator"))]
) -> Response:
    """What this person judges next."""
    studio, project = studio_of(request), seat.project
    with studio.database.write() as at:
        given = api_judging.following(at, seat)
    revises = bool(project.form.reviser) and studio.models is not None
    with studio.database.read() as at:
        context = {
            "revises": revises, "coming": 0 if given else drawing.coming(at, project),
            "project": project, "given": given, "guideline": projects.guideline(at, project),
            "data": _data(at, seat, given) if given else None, "layout": _layout(project.form.kind),
            "left": api_judging.left_for(at, studio, seat) if given else 0,
            "keys": OWN_KEYS[project.form.kind] + REVISE * revises + KEYS, "reasons": REASONS,
            "letters": LETTERS,
        }  # fmt: skip
    return shown(request, "judge.html", context)


def _data(at: Connection, seat: Seat, given: Given) -> dict[str, Any]:
    """What the script knows: no names of models, nothing that others said."""
    form = seat.project.form
    return {
        "item": given.item, "project": seat.project.name, "user": seat.person.id,
        "shown": given.shown, "draft": given.draft,
        "body": _before(at, seat, given.item),
        "form": {"kind": form.kind, "strength": form.strength, "ties": form.ties,
                 "none": form.none, "turns": form.turns,
                 "axes": [{"name": axis.name} for axis in form.axes]},
    }  # fmt: skip


def _before(at: Connection, seat: Seat, item: int) -> dict[str, Any] | None:
    """What they said of it before they took it back."""
    theirs = and_(events.c.item == item, events.c.user == seat.person.id, events.c.kind == "judged")
    body = at.execute(
        select(events.c.body).where(theirs).order_by(events.c.id.desc()).limit(1)
    ).scalar()
    return body and said_by_hand(body)


def _layout(kind: Kind) -> str:
    return "bar" if kind in BAR else "side" if kind in SIDE else "under"
