"""What people said, to take away: the form of an export, which the API writes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from plumbline.feedback.collecting import listing
from plumbline.feedback.collecting.exporting import FORMS
from plumbline.web.studio.page_parts import in_project
from plumbline.web.studio.security import Seat, needs
from plumbline.web.studio.state import studio_of

router = APIRouter(prefix="/p/{project}")
MEANING = {
    "judgements": "everything as it was said; plumbline reads it back",
    "pairs": "chosen and rejected, for dpo, ipo, simpo, reward models",
    "pooled-pairs": "the same with the share of people for each side (p)",
    "rankings": "answers in tiers, for rankings of more than two",
    "labels": "good or bad, for kto",
    "ratings": "scores on their axes",
    "demonstrations": "conversations to imitate, for sft",
}


@router.get("/export")
def export(
    request: Request, seat: Annotated[Seat, Depends(needs("curator", "viewer"))]
) -> Response:
    """Choose a form."""
    with studio_of(request).database.read() as at:
        groups = sorted({one.people for one in listing.people(at, seat.project) if one.people})
    forms = [(form, MEANING[form]) for form in FORMS]
    return in_project(request, seat, "/export", "export.html", {"forms": forms, "groups": groups})
