"""The output folder of a run: who owns it, whether it is finished, where its checkpoints lie.

`run.json` is written at the start with the identity of the run and what "auto" came to. The same
command again resumes an unfinished run and leaves a finished one alone; another identity or a
folder that is not ours is refused, untouched.
"""

from __future__ import annotations

import datetime
import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.ids import digest

CLAIM = "run.json"
SCRATCH = "checkpoint"


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """The libraries a result depends on."""
    import torch
    import transformers

    from plumbline import __version__

    return {
        "plumbline": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "machine": platform.machine(),
    }


class OutDir:
    """`path` claimed for a run with `identity`."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path, self.identity, self.id = path, dict(identity), digest(identity)
        self.record: dict[str, Any] = {}
        self._made: list[Path] = []

    def claim(self) -> str:
        """ "new", "resume" or "finished"; UserError where the folder belongs to something else."""
        if not self.path.exists() or not any(self.path.iterdir()):
            return "new"
        found = self.path / CLAIM
        if not found.exists():
            raise UserError(
                "the folder is not empty and was not written by plumbline",
                where=str(self.path),
                fix="name another --out, or empty the folder",
            )
        self.record = json.loads(found.read_text(encoding="utf-8"))
        if self.record.get("id") != self.id:
            raise UserError(
                f"the folder holds another run ({_difference(self.record, self.identity)})",
                where=str(self.path),
                fix="name another --out, or delete this one",
            )
        return "finished" if self.record.get("state") == "finished" else "resume"

    @property
    def scratch(self) -> Path:
        """Where checkpoints lie until the run is finished."""
        return self.path / SCRATCH

    def begin(self, **facts: Any) -> None:
        """Claim a new folder; `facts` are kept in the record (resolved settings, inputs)."""
        self._made = [p for p in (self.path, *self.path.parents) if not p.exists()]
        self.path.mkdir(parents=True, exist_ok=True)
        self.record = {
            "id": self.id,
            "state": "running",
            "started": now(),
            "identity": self.identity,
            "versions": versions(),
            **facts,
        }
        self._write()

    def finish(self, **facts: Any) -> None:
        """Mark the run done and drop what only an unfinished run needs."""
        self.record = {**self.record, **facts, "state": "finished", "ended": now()}
        self._write()
        shutil.rmtree(self.scratch, ignore_errors=True)

    @contextmanager
    def withdrawn_if_refused(self) -> Iterator[None]:
        """What bad input stops before its first step leaves no folder that was not there before."""
        try:
            yield
        except UserError:
            if self._made and not (self.path / "metrics.jsonl").exists():
                shutil.rmtree(self.path)
                for folder in self._made[1:]:
                    folder.rmdir()
            raise

    def _write(self) -> None:
        atomic.write_json(self.path / CLAIM, self.record)


def _difference(record: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    """The first settings in which two identities differ, for the message."""
    old = _flat(record.get("identity", {}))
    new = _flat(json.loads(json.dumps(identity)))
    keys = sorted(k for k in {*old, *new} if old.get(k) != new.get(k))
    shown = [f"{k}: there {old.get(k)!r}, now {new.get(k)!r}" for k in keys[:3]]
    return "; ".join(shown) or "its record is of another form"


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat.update(_flat(inner, f"{prefix}.{key}" if prefix else key))
    return flat
