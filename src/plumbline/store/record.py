"""The record of an artifact: everything needed to say where it comes from, one JSON file each.

The id covers stage, version, config and inputs only. Runtime settings, times, the git revision and
the machine are kept beside them for people; they never change an id.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from plumbline.core.ids import plain
from plumbline.core.settings import is_runtime
from plumbline.store.handles import artifact_id

LIBRARIES = ("plumbline", "torch", "transformers", "peft", "tokenizers", "numpy", "safetensors")


class Output(BaseModel):
    """What the content is (`tree`, a digest) and where: in the store, else at `path` outside it.

    path is also where a source came from; entry names the one file of a tree made from a file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tree: str
    entry: str = ""
    path: str = ""


class Record(BaseModel):
    """One artifact. Times are ISO 8601 in UTC; seconds are those of all attempts together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    id: str
    stage: str
    version: int
    config: dict[str, Any]
    inputs: dict[str, str]
    output: Output
    kind: str = "any"
    label: str = ""
    recipe: str = ""
    runtime: dict[str, Any] = Field(default_factory=dict)
    revision: str = ""
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    attempts: int = 1
    environment: dict[str, Any] = Field(default_factory=dict)

    def expected_id(self) -> str:
        """The id that the record's own content gives; `verify` compares it with `id`."""
        return artifact_id(self.stage, self.version, self.config, self.inputs)


@cache
def environment() -> dict[str, Any]:
    """The machine and the versions of what results may depend on; imports none of it."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@cache
def revision() -> str:
    """The git commit of plumbline's own source, "+" with changes; "" where git does not hold it."""
    at = Path(__file__).parent
    try:
        _git(at, "ls-files", "--error-unmatch", Path(__file__).name)
        head = _git(at, "rev-parse", "HEAD")
        return head + ("+" if _git(at, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(at: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(at), *words], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()


def runtime_part(settings: Any) -> Mapping[str, Any]:
    """The settings that do not enter the id, by dotted key, for the record."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(settings) if settings is not None else ():
        value = getattr(settings, field.name)
        if is_runtime(field):
            found[field.name] = plain(value)
        elif dataclasses.is_dataclass(value):
            found |= {f"{field.name}.{key}": item for key, item in runtime_part(value).items()}
    return found
