"""Training runs of the store, with live curves from their metrics.jsonl. For owners.

A run is named by a digest of its folder's path, so that no address names a path. Folders are looked
for a few levels deep, once in some seconds.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from plumbline.web.studio import security
from plumbline.web.studio.errors import Refused
from plumbline.web.studio.page_parts import shown
from plumbline.web.studio.security import Person
from plumbline.web.studio.state import Studio, studio_of

router = APIRouter()
Owner = Annotated[Person, Depends(security.owner)]
METRICS = "metrics.jsonl"
DEEP, MOST, POINTS = 5, 200, 400
"""Levels that are looked at, runs that are listed, points of a curve that are sent."""
LISTED = 10.0
"""Seconds that a list of folders is good for."""


@dataclass(frozen=True)
class Run:
    """A folder with metrics: its place under the store, and when they were last written."""

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
    """Folders with metrics, not through links."""
    for folder, inside, files in os.walk(root):
        place = Path(folder).relative_to(root)
        if len(place.parts) >= DEEP:
            inside.clear()
        if METRICS in files:
            name = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()[:16]
            path = Path(folder)
            yield Run(name, str(place), path, (path / METRICS).stat().st_mtime)


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
