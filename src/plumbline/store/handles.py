"""Stages and handles: a graph of what is to be made, of which nothing has run.

    id = sha256(canonical JSON of {stage, version, config, inputs: {role: id}})

A `Stage` names its function as "module:function", so that declaring and planning import nothing
heavy. Calling a stage checks kinds and settings and returns a `Handle`; handles are values, so two
equal calls are one node.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from plumbline.core.errors import UserError, unknown
from plumbline.core.ids import digest
from plumbline.core.settings import identity

Function = Callable[..., None]


@dataclass(frozen=True)
class Handle:
    """Something that will exist: the output of `stage` with `settings` on `inputs`.

    kind is what it is (model, data ...). how: "stage" is made by running; "source" is a file or
    folder of the disk (`at` its path); "ref" an artifact that is in the store (`at` its name).
    """

    stage: str
    kind: str
    version: int = 1
    settings: Any = None
    inputs: Mapping[str, Handle] = field(default_factory=dict)
    label: str = ""
    function: str | Function = ""
    how: Literal["stage", "source", "ref"] = "stage"
    at: str = ""

    @cached_property
    def config(self) -> dict[str, Any]:
        """The settings that enter the id."""
        return identity(self.settings) if self.settings is not None else {}


@dataclass(frozen=True)
class Stage:
    """One kind of work. `inputs` maps roles to kinds; "role?" may be left out, "*" allows more."""

    name: str
    version: int
    settings: type | None
    inputs: Mapping[str, str]
    makes: str
    function: str | Function

    def __call__(self, settings: Any = None, *, label: str = "", **inputs: Handle | None) -> Handle:
        """The handle of this stage's output; UserError where the inputs or settings do not fit."""
        given = {role: handle for role, handle in inputs.items() if handle is not None}
        for role, handle in given.items():
            self._check(role, handle)
        for role in self.inputs:
            if role not in given and role != "*" and not role.endswith("?"):
                raise UserError(f"stage {self.name!r} needs the input {role!r}", where=_caller())
        return Handle(
            self.name,
            self.makes,
            self.version,
            self._settings(settings),
            given,
            label,
            self.function,
        )

    def _settings(self, settings: Any) -> Any:
        if settings is None:
            return None if self.settings is None else self.settings()
        if self.settings is None or not isinstance(settings, self.settings):
            wanted = "no settings" if self.settings is None else self.settings.__name__
            got = type(settings).__name__
            raise UserError(f"stage {self.name!r} takes {wanted}, not {got}", where=_caller())
        return settings

    def _check(self, role: str, handle: Handle) -> None:
        kinds = {name.removesuffix("?"): kind for name, kind in self.inputs.items()}
        if role not in kinds and "*" not in kinds:
            raise unknown(f"input of stage {self.name!r}:", role, kinds, where=_caller())
        if not isinstance(handle, Handle):
            what = f"input {role!r} of stage {self.name!r} is {handle!r}, not a handle"
            raise UserError(
                what, where=_caller(), fix="give a stage's output, source(path) or ref(name)"
            )
        wanted = kinds.get(role, kinds.get("*", "any"))
        if wanted != "any" and handle.kind not in (wanted, "any"):
            what = f"input {role!r} of stage {self.name!r} takes {wanted}, got {handle.kind}"
            raise UserError(what, where=_caller(), fix=f"it comes from stage {handle.stage!r}")


def stage(
    name: str,
    *,
    version: int,
    makes: str,
    function: str | Function,
    settings: type | None = None,
    inputs: Mapping[str, str] | None = None,
) -> Stage:
    """Declare a stage. `settings` is a frozen dataclass whose fields all have defaults."""
    assert settings is None or dataclasses.is_dataclass(settings), settings
    assert callable(function) or function.count(":") == 1, "write module:function"
    return Stage(name, version, settings, dict(inputs or {}), makes, function)


def source(path: Path | str, kind: str = "data", *, label: str = "") -> Handle:
    """A file or folder of the disk, identified by its content (relative to the current folder)."""
    return Handle("source", kind, label=label, how="source", at=str(path))


def ref(name: str, kind: str = "any", *, label: str = "") -> Handle:
    """An artifact that is in the store, by its name or id."""
    return Handle("ref", kind, label=label, how="ref", at=name)


def artifact_id(
    stage: str, version: int, config: Mapping[str, Any], inputs: Mapping[str, str]
) -> str:
    """The id of an artifact: what made it, with which identity settings, from which artifacts."""
    made_by = {"stage": stage, "version": version, "config": config, "inputs": inputs}
    return digest(made_by)


def resolve(function: str | Function) -> Function:
    """The function behind "module:function", imported now."""
    if callable(function):
        return function
    module, _, name = function.partition(":")
    found = vars(importlib.import_module(module)).get(name)
    assert callable(found), f"{function} is not a function"
    return found


def _caller() -> str:
    """ "file:line" of the first frame outside this module: the line of the recipe."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""
