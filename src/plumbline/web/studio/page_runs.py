"""Training runs, with live curves from their metrics.jsonl, and reports. For owners.

They are the folders of the store that hold one, and those elsewhere that the store has a record of
(`plumbline train --out DIR`), once they are finished.

A report is a page of its own, with its styles in it; it is shown in a sandbox where nothing runs.

A run is named by a digest of its folder's path, so that no address names a path. Folders are looked
for a few levels deep, once in some seconds.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from plumbline.store import Store
from plumbline.web.studio import security
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.page_parts import shown
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import Studio, studio_of

router = APIRouter()
Owner = Annotated[Person, Depends(security.owner)]
METRICS, REPORT = "metrics.jsonl", "report.html"
ALONE = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'"
)
"""The policy of a report: its own styles and pictures, no script, no form, no other host."""
DEEP, MOST, POINTS = 5, 200, 400
"""Levels that are looked at, runs that are listed, points of a curve that are sent."""
LISTED = 10.0
"""Seconds that a list of folders is good for."""


@dataclass(frozen=True)
class Run:
    """A folder with metrics or a report: its place in the store (elsewhere its path), and when it
    was last written."""

    id: str
    place: str
    folder: Path
    at: float


@router.get("/runs")
def runs(request: Request, who: Owner) -> Response:
    """All runs, newest first."""
    return shown(request, "runs.html", {"runs": _runs(studio_of(request))})


@router.get("/runs/{run}")
def run_page(request: Request, run: str, who: Owner) -> Response:
    """One run's curves, drawn by a script."""
    return shown(request, "run.html", {"run": _run(studio_of(request), run)})


@router.get("/runs/{run}/report")
def report(request: Request, run: str, who: Owner) -> Response:
    """The run's report: the one in its folder, else one that is made now."""
    found = _run(studio_of(request), run)
    return HTMLResponse(_report(found.folder), headers={"Content-Security-Policy": ALONE})


@router.get("/api/runs/{run}/metrics")
def metrics(request: Request, run: str, who: Owner) -> JSONResponse:
    """{"rows": lines, "curves": {name: [[step, value], ...]}}, at most `POINTS` points each."""
    rows = _rows(_run(studio_of(request), run).folder / METRICS)
    curves: dict[str, list[tuple[float, float]]] = {}
    for number, row in enumerate(rows):
        step = _number(row.get("step"))
        for name, value in row.items():
            found = _number(value)
            if name != "step" and found is not None:
                curves.setdefault(name, []).append((number if step is None else step, found))
    thin = {name: points[:: math.ceil(len(points) / POINTS)] for name, points in curves.items()}
    return JSONResponse({"rows": len(rows), "curves": thin})


def _runs(studio: Studio) -> list[Run]:
    key = ("runs", str(studio.folder))
    found: list[Run] = studio.recent.get(key, LISTED, lambda: list(_found(studio.folder)))
    return sorted(found, key=lambda run: -run.at)[:MOST]


def _run(studio: Studio, name: str) -> Run:
    for run in _runs(studio):
        if run.id == name:
            return run
    raise Refused(404, "there is no such run")


def _found(root: Path) -> Iterator[Run]:
    """Folders with metrics or a report, not through links; then those elsewhere."""
    for folder, inside, files in os.walk(root):
        place = Path(folder).relative_to(root)
        if len(place.parts) >= DEEP:
            inside.clear()
        yield from _told(Path(folder), str(place), files)
    for path in {one.output.path for one in Store(root).records()} - {""}:
        if not Path(path).is_relative_to(root):
            there = [file for file in (METRICS, REPORT) if os.path.isfile(Path(path) / file)]
            yield from _told(Path(path), path, there)


def _told(folder: Path, place: str, files: Collection[str]) -> Iterator[Run]:
    """The run of a folder with these files, if it is one."""
    told = [folder / file for file in (METRICS, REPORT) if file in files]
    if told:
        name = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        yield Run(name, place, folder, max(file.stat().st_mtime for file in told))


def _report(folder: Path) -> str:
    """The page's text. UserError for a folder that nothing can be reported of."""
    from plumbline.evals.report import build_report

    if (folder / REPORT).is_file():
        return (folder / REPORT).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        return build_report([folder], Path(place) / REPORT).read_text(encoding="utf-8")


def _rows(path: Path) -> list[dict[str, Any]]:
    """The whole lines; a last one that is being written is left out."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        rows = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        raise Refused(404, "these metrics cannot be read (any more)") from None
    return [row for row in rows if isinstance(row, dict)]


def _number(value: object) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if fits else None  # type: ignore[arg-type]
