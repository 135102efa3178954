"""Judging: what comes next, and what was said. Never who wrote an answer, nor what others said."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, text_of
from plumbline.feedback.collecting import bodies, forms, judging, listing, projects, queue, revising
from plumbline.feedback.collecting.forms import Asked
from plumbline.feedback.collecting.queue import Given
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.models import Models
from plumbline.web.studio.schema import Draft, Judged, Revised, Skipped, Undone
from plumbline.web.studio.security import Seat, needs
from plumbline.web.studio.state import Studio, studio_of

router = APIRouter(prefix="/api/projects/{project}")
Judge = Annotated[Seat, Depends(needs("curator", "annotator", scopes=("judge",)))]
COUNTED = 5.0
"""Seconds that counts of a whole project are good for."""


@router.post("/next", response_model=None)
def next_item(request: Request, seat: Judge) -> dict[str, Any] | Response:
    """What this person judges next; 204 when nothing is left for them."""
    studio = studio_of(request)
    with studio.database.write() as at:
        found = following(at, seat)
    return Response(status_code=204) if found is None else shown(studio, seat, found)


@router.get("/given/{item}")
def given(request: Request, seat: Judge, item: int) -> dict[str, Any]:
    """An item that this person holds or judged, with what they last said."""
    studio = studio_of(request)
    with studio.database.read() as at:
        found = queue.given(at, seat.project, seat.person.id, item)
        body = listing.own_body(at, seat.project, seat.person.id, item)
    if found is None:
        raise Refused(404, f"item {item} was not given to you")
    return shown(studio, seat, found) | {"body": body and bodies.said_by_hand(body)}


@router.post("/judge")
def judge(request: Request, seat: Judge, body: Judged) -> dict[str, int]:
    """A judgement; sent again with the same key it is the same event."""
    _open(seat)
    with studio_of(request).database.write() as at:
        who = seat.person.id
        event = judging.judge(
            at, seat.project, who, body.item, body.body, seconds=body.seconds, key=body.key
        )
    return {"event": event}


@router.post("/skip")
def skip(request: Request, seat: Judge, body: Skipped) -> dict[str, int]:
    """Pass on an item, saying why."""
    _open(seat)
    with studio_of(request).database.write() as at:
        who = seat.person.id
        event = judging.skip(at, seat.project, who, body.item, body.reason, key=body.key)
    return {"event": event}


@router.post("/undo", response_model=None)
def undo(request: Request, seat: Judge, body: Undone) -> dict[str, int] | Response:
    """Take back one's latest; 204 where there is nothing to take back."""
    _open(seat)
    with studio_of(request).database.write() as at:
        item = judging.undo(at, seat.project, seat.person.id, key=body.key)
    return Response(status_code=204) if item is None else {"item": item}


@router.post("/draft", status_code=204)
def draft(request: Request, seat: Judge, body: Draft) -> None:
    """Keep what is not sent yet."""
    _open(seat)
    with studio_of(request).database.write() as at:
        judging.draft(at, seat.project, seat.person.id, body.item, body.body)


@router.post("/revise")
def revise(request: Request, seat: Judge, body: Revised) -> dict[str, str]:
    """What a model makes of an answer by the notes so far, for who holds the item."""
    _open(seat)
    studio, form, who = studio_of(request), seat.project.form, seat.person.id
    if studio.models is None or not form.reviser:
        raise UserError("no model revises in this project", fix="write a better answer yourself")
    with studio.database.read() as at:
        found = queue.given(at, seat.project, who, body.item)
        if found is None or not revising.holds(at, who, body.item):
            raise UserError(f"you do not hold item {body.item}", fix="load the page again")
    notes = bodies.checked(form, found.asked, {"notes": body.notes})["notes"]
    with studio.models.turn(who):
        text = _revision(studio.models, seat, found.asked, notes)
        with studio.database.write() as at:
            revising.offer(at, body.item, who, form.reviser, text)
    return {"text": text}


def take_seat(at: Connection, seat: Seat) -> None:
    """An owner becomes a curator of a project they judge in."""
    if seat.role == "owner" and seat.project.id not in listing.joined(at, seat.person.id):
        projects.join(at, seat.project, seat.person.id, "curator")


def following(at: Connection, seat: Seat) -> Given | None:
    """What comes next for somebody."""
    take_seat(at, seat)
    return queue.next_item(at, seat.project, seat.person.id)


def shown(studio: Studio, seat: Seat, found: Given) -> dict[str, Any]:
    """An item as its judge sees it: the answers in the order shown, by the numbers they have."""
    answers = found.asked.answers
    with studio.database.read() as at:
        guideline, left = projects.guideline(at, seat.project)[0], left_for(at, studio, seat)
    return {
        "item": found.item,
        "prompt": turns(found.asked.prompt),
        "answers": [{"index": index, "turns": turns(answers[index])} for index in found.shown],
        "shown": list(found.shown),
        "form": forms.told(seat.project.form),
        "revises": bool(seat.project.form.reviser),
        "guideline": guideline,
        "began": found.began,
        "expires": found.expires,
        "draft": found.draft,
        "left": left,
    }


def turns(conversation: Conversation) -> list[dict[str, str]]:
    """Messages as JSON."""
    return [{"role": message.role, "content": message.content} for message in conversation]


def left_for(at: Connection, studio: Studio, seat: Seat) -> int:
    """Items that there may still be for this person, some seconds ago."""
    project, user = seat.project, seat.person.id
    if project.assigned:
        return listing.waiting(at, project, user)
    key = ("unfinished", project.id)
    unfinished: int = studio.recent.get(key, COUNTED, lambda: listing.unfinished(at, project))
    return max(unfinished - listing.behind(at, project, user), 1)


def _revision(models: Models, seat: Seat, asked: Asked, notes: list[dict[str, Any]]) -> str:
    """What the project's model writes; 502 where that is nothing, or nothing new."""
    try:
        said = models.answers(seat.project.form.reviser, revising.request(asked, notes))
    except UserError as error:
        why = "" if seat.role == "annotator" else f": {error.what}"  # it may name the model
        fix = "try again in a moment, or write it yourself"
        raise Refused(502, f"the model did not answer{why}", fix) from None
    text = "".join(said).strip()
    if not text or text == text_of(asked.answers[0]).strip():
        fix = "say more in your notes, or write it yourself"
        raise Refused(502, "the model changed nothing", fix)
    return text


def _open(seat: Seat) -> None:
    if seat.project.closed:
        raise Refused(409, "this project is closed", "ask its curator")
