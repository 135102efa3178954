"""How a page is made: its template, what every page knows, and how things are written on it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from plumbline.core.types import text_of
from plumbline.feedback.collecting.listing import Said
from plumbline.web.studio import markup
from plumbline.web.studio.security import Seat, csrf_token, maybe
from plumbline.web.studio.state import studio_of

TEMPLATES = Path(__file__).with_name("templates")
LETTERS = "ABCDEFGHI"
"""What answers are called on a page."""
TABS = (
    ("/judge", "Judge", ("curator", "annotator")),
    ("", "Progress", ("curator", "viewer", "annotator")),
    ("/items", "Items", ("curator", "viewer")),
    ("/people", "People", ("curator", "viewer")),
    ("/guideline", "Guidelines", ("curator", "viewer", "annotator")),
    ("/export", "Export", ("curator", "viewer")),
)
"""Pages of a project, and whose they are (an owner's: all)."""


def shown(
    request: Request, template: str, context: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """The page. A character that UTF-8 cannot write stands as a question mark."""
    person = maybe(request) if status < 500 else None
    csrf = csrf_token(person, studio_of(request)) if person else ""
    hidden = Markup('<input type="hidden" name="csrf" value="{}">').format(csrf)
    known = {"person": person, "csrf": csrf, "hidden": hidden, "request_path": request.url.path}
    page = _templates().get_template(template).render(known | dict(context))
    return HTMLResponse(page.encode("utf-8", "replace"), status)


def in_project(
    request: Request, seat: Seat, here: str, template: str, context: Mapping[str, Any]
) -> HTMLResponse:
    """A page of a project, with the tabs of those that this person may open."""
    tabs = [(place, name) for place, name, roles in TABS if seat.role in ("owner", *roles)]
    known = {"project": seat.project, "role": seat.role, "tabs": tabs, "here": here}
    return shown(request, template, known | dict(context))


def to(place: str) -> RedirectResponse:
    """Go there, after something was changed."""
    return RedirectResponse(place, 303)


def local(place: str) -> str:
    """A place of this studio to go to; the front page for any other."""
    inside = place.startswith("/") and not place.startswith(("//", "/\\"))
    return place if inside and place.isprintable() else "/"


def _when(seconds: float | None) -> Markup | str:
    """A moment in UTC."""
    if seconds is None:
        return "–"
    at = time.gmtime(seconds)
    return Markup('<time datetime="{}">{}</time>').format(
        time.strftime("%Y-%m-%dT%H:%M:%SZ", at), time.strftime("%Y-%m-%d %H:%M", at)
    )


def _said(said: Said, kind: str) -> Markup:
    """What somebody said of an item, in a line; answers by the letters they have in the list."""
    body = said.body
    if said.kind == "skipped":
        return markup.visible(f"skipped: {body['reason']}")
    match kind:
        case "ranking" | "pair":
            tiers = " > ".join(" = ".join(LETTERS[i] for i in tier) for tier in body["tiers"])
            much = f", strength {body['strength']}" if body["strength"] else ""
            return markup.visible(f"{tiers}{much}{', none is acceptable' if body['none'] else ''}")
        case "thumb":
            return markup.visible("good" if body["good"] else "bad")
        case "rating":
            scores = (f"{axis}: {', '.join(map(_short, values))}"
                      for axis, values in body["scores"].items())  # fmt: skip
            return markup.visible("; ".join(scores))
        case "critique":
            return markup.plain("\n".join(_criticised(body)))
        case "correction":
            return markup.plain(body["text"])
    return markup.plain("\n\n".join(turn["content"] for turn in body["turns"]))


def _criticised(body: Mapping[str, Any]) -> Iterator[str]:
    """The notes, and the revision with the model that offered it."""
    yield from (note["text"] for note in body["notes"])
    by = f" by {body['reviser']}" if body.get("reviser") else ""
    if body["revision"]:
        changed = ", changed" if body.get("offered") else ""
        yield f"\na better answer{by}{changed}:\n{body['revision']}"
    elif by:
        yield f"\na better answer{by} was not taken"


def _short(value: float) -> str:
    return f"{value:g}"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "markdown": markup.markdown, "plain": markup.plain, "both": markup.both,
        "visible": markup.visible, "words": text_of, "when": _when, "body": _said,
    }  # fmt: skip
    return made
