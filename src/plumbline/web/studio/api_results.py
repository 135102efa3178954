"""What came of it: items with what was said, people, agreement, export."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection
from starlette.background import BackgroundTask

from plumbline.core import ids
from plumbline.feedback.collecting import accounts, exporting, judging, listing, reading
from plumbline.feedback.collecting.exporting import As, Exported
from plumbline.feedback.collecting.listing import Listed
from plumbline.web.studio.api_asking import check_items
from plumbline.web.studio.api_judging import take_seat, turns
from plumbline.web.studio.schema import Seen
from plumbline.web.studio.security import Seat, needs
from plumbline.web.studio.state import Studio, studio_of

if TYPE_CHECKING:
    from plumbline.core.agreeing import Summary

router = APIRouter(prefix="/api/projects/{project}")
Reader = Annotated[Seat, Depends(needs("curator", "viewer"))]
Exporter = Annotated[Seat, Depends(needs("curator", "viewer", scopes=("export",)))]
DRAWS, KEPT = 200, 600.0
"""Resamples of an interval, and seconds that a summary of the same events is kept."""
PIECE = 2**18
"""Bytes sent at once."""
TYPES = {"jsonl": "application/x-ndjson", "parquet": "application/vnd.apache.parquet"}


@router.get("/items")
def items(request: Request, seat: Reader, after: int = -1, limit: int = 50) -> list[dict[str, Any]]:
    """Items from a number on, with who wrote and who judged what; not yet where one might be asked
    oneself (`hidden`)."""
    with studio_of(request).database.read() as at:
        found = listing.page(at, seat.project, after=after, limit=limit, judge=seat.judge)
    return [_item(one) for one in found]


@router.post("/seen")
def seen(request: Request, seat: Annotated[Seat, Depends(needs("curator"))], body: Seen) -> Any:
    """Let oneself see what others said of items that one might be asked: one skips them for it."""
    with studio_of(request).database.write() as at:
        return {"skipped": see(at, seat, body.items)}


@router.get("/people")
def people(request: Request, seat: Reader) -> list[dict[str, Any]]:
    """Who works here, how much, and how reliably."""
    with studio_of(request).database.read() as at:
        found = listing.people(at, seat.project)
    return [
        {"user": one.user, "name": one.name, "people": one.people, "role": one.role,
         "active": one.active, "judged": one.judged, "skipped": one.skipped, "right": one.right,
         "asked": one.asked, "seconds": one.seconds}
        for one in found
    ]  # fmt: skip


@router.get("/agreement")
def agreement(request: Request, seat: Reader) -> Any:
    """How far people agree, by form, person and group (`core.agreeing`)."""
    return ids.plain(agreed(studio_of(request), seat))


@router.get("/export")
def export(
    request: Request,
    seat: Exporter,
    form: Annotated[As, Query(alias="as")] = "judgements",
    format: Literal["jsonl", "parquet"] = "jsonl",
    group: str = "",
    anonymous: str = "",
) -> StreamingResponse:
    """What people said, as rows of a form; counted in the headers, and noted who took it."""
    name = f"{seat.project.name}.{form}.{format}"
    path, done = written(studio_of(request), seat, form, format, group, anonymous)
    return StreamingResponse(
        _pieces(path), media_type=TYPES[format],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(path.stat().st_size),
            "X-Plumbline-Rows": str(done.rows),
            "X-Plumbline-Left-Out": str(done.left_out.total()),
        },
        background=BackgroundTask(path.unlink, missing_ok=True),
    )  # fmt: skip


def see(at: Connection, seat: Seat, chosen: Sequence[int]) -> int:
    """Skip items because one wants to see what others said; how many. 404 for another project's."""
    check_items(at, seat, chosen)
    take_seat(at, seat)
    return sum(
        judging.see(at, seat.project, seat.person.id, one, key=secrets.token_hex(16))
        for one in sorted(set(chosen))
    )


def agreed(studio: Studio, seat: Seat) -> Summary:
    """How far people agree, as of what was last said; nothing of single items that this person may
    still be asked."""
    from plumbline.core.agreeing import agreement

    with studio.database.read() as at:
        last = listing.last_event(at, seat.project)
    key = ("agreement", seat.project.id, last)

    def counted() -> Summary:
        with studio.database.read() as at:
            # What a curator settled is shown as people saw it: their disagreement is the point.
            said = list(reading.said(at, seat.project, settled=False))
        return agreement(said, draws=DRAWS)

    found: Summary = studio.recent.get(key, KEPT, counted)
    return _fair(studio, seat, found)


def _fair(studio: Studio, seat: Seat, found: Summary) -> Summary:
    """Without what groups differ on where it is of prompts that somebody may still be asked."""
    if seat.judge is None or not any(form.conflicts for form in found.forms):
        return found
    with studio.database.read() as at:
        hidden = listing.hidden_prompts(at, seat.project, seat.judge)
    forms = []
    for form in found.forms:
        kept = tuple(one for one in form.conflicts if one.prompt not in hidden)
        if len(kept) < len(form.conflicts) and form.divided:
            form = replace(form, conflicts=kept, divided=replace(form.divided, items=()))
        forms.append(form)
    return replace(found, forms=tuple(forms))


def written(
    studio: Studio, seat: Seat, form: As, format: str, group: str, secret: str
) -> tuple[Path, Exported]:
    """A temporary file of what was asked for, whole, and its counts; the audit knows of it. It is
    written before the first byte is sent: a slow reader keeps no transaction open."""
    handle, name = tempfile.mkstemp(suffix=f".{format}", prefix="plumbline-export-")
    os.close(handle)
    path = Path(name)
    try:
        with studio.database.read() as at:
            done = exporting.export(at, seat.project, path, form, group=group, secret=secret)
        detail = {"as": form, "format": format, "group": group, "anonymous": bool(secret),
                  "rows": done.rows, "left_out": dict(done.left_out)}  # fmt: skip
        with studio.database.write() as at:
            accounts.note(at, seat.person.id, seat.project.id, "export", detail)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, done


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _item(one: Listed) -> dict[str, Any]:
    return {
        "id": one.id, "number": one.number, "prompt": turns(one.asked.prompt),
        "answers": [turns(answer) for answer in one.asked.answers], "models": one.models,
        "known": one.known, "rank": one.rank, "taken": one.taken, "done": one.done,
        "open": one.open, "hidden": one.hidden, "said": [asdict(said) for said in one.said],
    }  # fmt: skip
