"""`--set` values told apart: those of the training loop and those of the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.settings import Values, describe, overlay
from plumbline.objectives import entry
from plumbline.stages.settings import Train


def split_values(objective: str, sets: Mapping[str, Any]) -> tuple[Train, Values]:
    """Training settings and the objective's own, told apart by name; UserError for neither."""
    module, _, kind = entry(objective).path.partition(":")
    own = {f.name for f in fields(getattr(import_module(module), kind))}
    places = getattr(sets, "places", {})
    mine = Values({k: v for k, v in sets.items() if k.partition(".")[0] in own}, places)
    rest = Values({k: v for k, v in sets.items() if k not in mine}, places)
    try:
        return overlay(Train(), rest), mine
    except UserError as error:
        raise _with_objective(error, own, describe(Train)) from error


def _with_objective(error: UserError, own: set[str], known: Sequence[Any]) -> UserError:
    """An unknown key's message also names what the objective takes."""
    extra = f"; this objective also takes: {', '.join(sorted(own)) or 'nothing of its own'}"
    return UserError(error.what, where=error.where, fix=f"{error.fix}{extra}")
