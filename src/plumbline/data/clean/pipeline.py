"""`clean`: a corpus in, a folder out, whole or not at all.

data.jsonl     the rows that stay, in the form they came in
removed.jsonl  every row that went: rule, why, evidence, where, and the row itself
changed.jsonl  every mending and masking of a row that stays (what was hidden is not repeated)
flagged.jsonl  rows that stay and that a person should look at
results.json   counts by rule, settings, seconds; report.md the same for people
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.ids import digest, digest_file
from plumbline.core.settings import identity

from ..load import OnBadRow
from ..rows import rows
from . import report
from .job import Job
from .settings import Cleaning
from .usable import Tick

VERSION = 2
RESULTS = "results.json"


def clean(
    source: str,
    out: Path,
    settings: Cleaning,
    *,
    against: Sequence[Path] = (),
    on_bad_row: OnBadRow = "stop",
    tick: Tick = lambda phase, done, total: None,
) -> report.Result | None:
    """Clean `source` into the new folder `out`; None where `out` holds this very cleaning already.

    `against` are evaluation files that the corpus must not hold. UserError for a source, a row or a
    folder that a person has to mend; nothing is left behind then.
    """
    who = identity_of(source, settings, against, on_bad_row)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if _id(out) == digest(who):
            return None
        fix = "name another --out, or remove this one"
        raise UserError("the folder holds something else already", where=str(out), fix=fix)
    for path in against:
        _readable(path)
    if out.parent.is_dir():
        atomic.sweep(out.parent)
    with atomic.folder(out) as folder:
        return fill(source, folder, settings, against, on_bad_row, tick)


def fill(
    source: str,
    folder: Path,
    settings: Cleaning,
    against: Sequence[Path] = (),
    on_bad_row: OnBadRow = "stop",
    tick: Tick = lambda phase, done, total: None,
) -> report.Result:
    """The same into a folder that is there."""
    who = identity_of(source, settings, against, on_bad_row)
    job = Job(source, folder, settings, against, on_bad_row, tick)
    result = job.run()
    counts = report.as_json(result)
    facts = {"seconds": job.seconds, "peak_gb": _peak_gb(), "metrics": {}}
    facts |= {"id": digest(who), "identity": who}
    atomic.write_json(
        folder / RESULTS, {"command": "data clean", "source": source} | counts | facts
    )
    atomic.write_text(folder / "report.md", report.markdown(result))
    return result


def identity_of(
    source: str, settings: Cleaning, against: Sequence[Path], on_bad_row: str
) -> dict[str, Any]:
    """Everything that decides what comes out."""
    return {
        "stage": "data clean",
        "version": VERSION,
        "data": _content(Path(source)),
        "against": [_content(path) for path in against],
        "on_bad_row": on_bad_row,
        "settings": identity(settings),
    }


def _content(path: Path) -> str:
    return digest_file(path) if path.is_file() else str(path)


def _readable(path: Path) -> None:
    """UserError now, not after an hour, for an evaluation that cannot be read."""
    if not path.is_file():
        raise UserError("no such file", where=str(path), fix="--against takes evaluation files")
    next(iter(rows(path)), None)


def _id(out: Path) -> str:
    try:
        return str(json.loads((out / RESULTS).read_text("utf-8"))["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _peak_gb() -> float:
    """The most memory that this process, or one of its children, has had."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(max(resource.getrusage(kind).ru_maxrss for kind in kinds) * unit / 1e9, 3)
