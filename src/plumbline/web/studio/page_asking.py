"""Who is asked what, and first: the page where items are assigned, and the form of the order."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from plumbline.core.errors import UserError
from plumbline.feedback.collecting import sharing
from plumbline.web.studio import api_asking
from plumbline.web.studio.page_parts import in_project, to
from plumbline.web.studio.schema import AskedFirst, AssignedOnly
from plumbline.web.studio.security import Seat, needs
from plumbline.web.studio.state import studio_of

router = APIRouter(prefix="/p/{project}")
Field = Annotated[str, Form()]
Curator = Annotated[Seat, Depends(needs("curator"))]


@router.get("/assign")
def assigning(request: Request, seat: Curator, given: int | None = None) -> Response:
    """Who has how much before them, and the forms that give them more; `given`: were just now."""
    with studio_of(request).database.read() as at:
        people, numbers = api_asking.before_them(at, seat), sharing.numbers(at, seat.project)
    judges = [one for one, _ in people if one.role in ("curator", "annotator") and one.active]
    context = {"people": people, "judges": judges, "given": given, "numbers": numbers}
    return in_project(request, seat, "/people", "assign.html", context)


@router.post("/assign")
def assign(
    request: Request, seat: Curator, user: Annotated[int, Form()],
    items: Field = "", count: Field = "",
) -> Response:  # fmt: skip
    """Items for one person: some by number, or the next ones that nobody has."""
    if bool(items.strip()) == bool(count.strip()):
        raise UserError("which items?", fix="write their numbers, or how many of the next ones")
    with studio_of(request).database.write() as at:
        if count.strip():
            given = api_asking.shared(at, seat, [user], _whole(count), 1)[user]
        else:
            chosen = sharing.numbered(at, seat.project, items)
            given = api_asking.assigned(at, seat, user, chosen)
    return _given(seat, given)


@router.post("/share")
def share(
    request: Request, seat: Curator, users: Annotated[list[int], Form(default_factory=list)],
    each: Field, people: Field = "1",
) -> Response:  # fmt: skip
    """The next items, among several people in turn."""
    with studio_of(request).database.write() as at:
        given = api_asking.shared(at, seat, users, _whole(each), _whole(people))
    return _given(seat, sum(given.values()))


@router.post("/assign/{user}/back")
def take_back(request: Request, seat: Curator, user: int) -> Response:
    """What somebody was assigned and has not begun is nobody's again."""
    api_asking.take_back(request, seat, user)
    return to(f"/p/{seat.project.name}/assign")


@router.post("/assigned")
def assigned_only(request: Request, seat: Curator, assigned: Field = "") -> Response:
    """Let items go to assigned people only, or again to whoever asks."""
    api_asking.assigned_only(request, seat, AssignedOnly(assigned=bool(assigned)))
    return to(f"/p/{seat.project.name}/assign")


@router.post("/ask")
def ask(
    request: Request, seat: Curator, by: Field, judge: Field = "",
    share: Annotated[float, Form()] = 20.0,
) -> Response:  # fmt: skip
    """What is asked first from now on; `share` in per cent."""
    judge = judge if by == "uncertainty" else ""
    wanted = AskedFirst(by=by, share=share / 100, judge=judge, seed=seat.project.seed)
    api_asking.ask(request, seat, wanted)
    return to(f"/p/{seat.project.name}")


def _given(seat: Seat, count: int) -> Response:
    return to(f"/p/{seat.project.name}/assign?given={count}")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UserError(f"{text[:40]!r} is no number", fix="write how many") from None
