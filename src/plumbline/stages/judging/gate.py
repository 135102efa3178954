"""Whether labels may become data: an audit of their judge passed, or somebody says so.

An audit is a folder with audit.json: {"made": id of what it looked at, "passed", "why", "groups"}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.feedback.judging.label import Made

AUDIT = "audit.json"


def standing(
    made: Sequence[Made], audits: Sequence[Path], allow: bool
) -> tuple[dict[str, Any], ...]:
    """What is known of each judge: {"judge", "made", "audit": passed, failed or none, "groups",
    "why"}. UserError for an audit of other labels, and for one that did not pass unless `allow`."""
    found = {}
    for folder in audits:
        told = read_audit(folder)
        if told["made"] not in {one.id for one in made}:
            raise UserError(
                "this audit is of another judge, template, constitution or mode",
                where=str(folder),
                fix="audit these labels: plumbline audit LABELS_DIR --out DIR",
            )
        if not told["passed"] and not allow:
            why = "; ".join(map(str, told.get("why", ()))) or "see its report"
            raise UserError(
                f"the judge did not pass this audit: {why}",
                where=str(folder),
                fix="take another judge, template or constitution; or --allow-unaudited (in a"
                " recipe allow_unaudited=true), which the data's card will say",
            )
        found[told["made"]] = told
    return tuple(_one(one, found.get(one.id)) for one in made)


def passes(known: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every judge passed."""
    return all(one["audit"] == "passed" for one in known)


def _one(made: Made, told: Mapping[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {"judge": made.judge, "made": made.id, "audit": "none"}
    if told is None:
        return row
    row["audit"] = "passed" if told["passed"] else "failed"
    return row | {name: told[name] for name in ("groups", "why") if name in told}


def read_audit(folder: Path) -> dict[str, Any]:
    """What a finished audit says: its folder, or its audit.json. UserError where there is none."""
    path = folder / AUDIT if folder.is_dir() else folder
    try:
        told = json.loads(path.read_text("utf-8"))
        if isinstance(told["made"], str) and isinstance(told["passed"], bool):
            return dict(told)
        what = "made is an id and passed is true or false"
    except FileNotFoundError:
        what = "no audit here"
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"not an audit: {type(error).__name__}: {error}"
    fix = "give a folder that plumbline audit has finished"
    raise UserError(what, where=str(path), fix=fix)
