"""`--set` values told apart: those of the training loop and those of the objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any, TypeVar

from plumbline.core.errors import UserError
from plumbline.core.settings import Values, overlay
from plumbline.objectives import entry
from plumbline.stages.online_settings import Online
from plumbline.stages.settings import Train

Loop = TypeVar("Loop", Train, Online)


def split_values(objective: str, sets: Mapping[str, Any], loop: Loop) -> tuple[Loop, Values]:
    """The loop's settings and the objective's own, told apart by name; UserError for neither."""
    module, _, kind = entry(objective).path.partition(":")
    own = {f.name for f in fields(getattr(import_module(module), kind))}
    places = getattr(sets, "places", {})
    mine = Values({k: v for k, v in sets.items() if k.partition(".")[0] in own}, places)
    rest = Values({k: v for k, v in sets.items() if k not in mine}, places)
    try:
        return overlay(loop, rest), mine
    except UserError as error:
        raise _with_objective(error, own) from error


def _with_objective(error: UserError, own: set[str]) -> UserError:
    """An unknown key's message also names what the objective takes."""
    extra = f"; this objective also takes: {', '.join(sorted(own)) or 'nothing of its own'}"
    return UserError(error.what, where=error.where, fix=f"{error.fix}{extra}")
