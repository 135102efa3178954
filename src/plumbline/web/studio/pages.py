"""The pages: HTML made here, whole without a script but for judging and the live curves."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plumbline.web.studio import (
    page_account,
    page_asking,
    page_drawing,
    page_entry,
    page_judge,
    page_making,
    page_people,
    page_project,
    page_results,
    page_runs,
)
from plumbline.web.studio.page_parts import shown

MODULES = (
    page_entry, page_account, page_people, page_making, page_project, page_asking, page_drawing,
    page_judge, page_results, page_runs,
)  # fmt: skip
router = APIRouter(include_in_schema=False)
for _module in MODULES:
    router.include_router(_module.router)


def trouble(request: Request, status: int, what: str, fix: str) -> Response:
    """A page that says what was refused (`errors` puts the headers on it)."""
    return shown(request, "trouble.html", {"status": status, "what": what, "fix": fix}, status)
