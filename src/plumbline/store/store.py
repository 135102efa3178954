"""A store: everything on disk, by content and by name.

    blobs/ trees/          content by digest (objects.py)
    artifacts/ID.json      records; an artifact exists when its record does, and it is written last
    refs/NAME              names for people, each a file with an id
    work/                  what is being made (work.py)

Nothing but refs is ever changed in place; every write is atomic, so a kill leaves whole artifacts
or none. `lock` is shared by those who commit and taken alone by `gc`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from plumbline.core import atomic
from plumbline.core.errors import UserError, nearest
from plumbline.store.handles import artifact_id
from plumbline.store.objects import RECORD, Objects, measure
from plumbline.store.record import Output, Record, environment, revision
from plumbline.store.work import Work, locked

ID = re.compile(r"[0-9a-f]{64}")
REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")


def check_name(name: str, where: str = "") -> None:
    """Refuse what cannot name an artifact."""
    if not REF.fullmatch(name):
        fix = "use letters, digits, . _ + - and /"
        raise UserError(f"{name!r} cannot be a name", where=where, fix=fix)


def find_store(explicit: Path | str | None = None) -> Store:
    """`explicit`, else PLUMBLINE_STORE, else the nearest .plumbline/ upwards, else ./.plumbline."""
    chosen = explicit or os.environ.get("PLUMBLINE_STORE")
    if chosen:
        return Store(Path(chosen).expanduser())
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".plumbline").is_dir():
            return Store(folder / ".plumbline")
    return Store(here / ".plumbline")


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Store:
    """The store at `root`; the folder is made by the first write."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        if self.root.exists() and not self.root.is_dir():
            raise UserError("a store is a folder, and this is a file", where=str(root))
        self.objects = Objects(self.root)

    # artifacts

    def record_path(self, artifact: str) -> Path:
        return self.root / "artifacts" / f"{artifact}.json"

    def has(self, artifact: str) -> bool:
        """Whether the artifact with this (full) id is recorded."""
        return self.record_path(artifact).is_file()

    def usable(self, artifact: str) -> bool:
        """Whether it is recorded and its content is where it should be."""
        return self.has(artifact) and self._content(self.record(artifact)) is not None

    def ids(self) -> list[str]:
        """The ids of all artifacts, sorted."""
        names = (path.stem for path in (self.root / "artifacts").glob("*.json"))
        return sorted(name for name in names if ID.fullmatch(name))

    def records(self) -> list[Record]:
        """All records, oldest first."""
        return sorted((self.record(name) for name in self.ids()), key=lambda r: (r.ended, r.id))

    def record(self, name: str) -> Record:
        """The record of an artifact by any of its names (see `resolve`)."""
        path = self.record_path(self.resolve(name))
        try:
            return Record.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise UserError(
                f"damaged record: {error.errors()[0]['msg']}",
                where=str(path),
                fix="remove the file; the artifact is made again when needed",
            ) from error

    def resolve(self, name: str) -> str:
        """The id meant by "ref:NAME", NAME, an id, or the first 6 or more letters of one."""
        wanted = name.removeprefix("ref:")
        if ID.fullmatch(wanted) and self.has(wanted):
            return wanted
        refs = self.refs()
        if wanted in refs:
            return refs[wanted]
        found = [] if len(wanted) < 6 else [i for i in self.ids() if i.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        near = nearest(wanted, refs)
        known = f"known: {', '.join(refs)}" if refs else "the store has no names yet"
        raise UserError(
            f"{'several ids begin with' if found else 'no artifact named'} {wanted!r}",
            where=str(self.root),
            fix=(f"did you mean {near!r}? " if near else "") + known,
        )

    def path(self, name: str) -> Path:
        """Where the content is, to be read only: a folder, or the file that was its source."""
        record = self.record(name)
        if (found := self._content(record)) is not None:
            return found
        where = record.output.path or str(self.objects.tree(record.output.tree))
        raise UserError(
            f"the content of {name!r} is gone or was replaced",
            where=where,
            fix="put it back, or make it again with the command that made it",
        )

    def _content(self, record: Record) -> Path | None:
        """The tree in the store, else the folder outside unless another run has taken it."""
        output = record.output
        if self.objects.has(output.tree):
            return self.objects.tree(output.tree) / output.entry
        path = Path(output.path or os.devnull)
        marker = path / RECORD
        if not (path.is_file() or path.is_dir()):
            return None
        if marker.is_file() and record.id not in marker.read_text("utf-8"):
            return None
        return path

    # making

    def work(self, artifact: str) -> Work:
        return Work(self.root / "work", artifact)

    def commit(self, record: Record, folder: Path, *, ref: str = "") -> Record:
        """Take the content of a working folder (its files become read-only) as that artifact.

        The record's `output` is filled in. Safe against other writers and `gc`; on a kill there is
        either nothing or the whole artifact.
        """
        with self.committing():
            tree = self.objects.put(folder, take=True)
            return self.finish(record.model_copy(update={"output": Output(tree=tree)}), ref)

    def register(
        self,
        *,
        stage: str,
        version: int,
        config: Mapping[str, Any],
        inputs: Mapping[str, str],
        folder: Path,
        kind: str = "model",
        runtime: Mapping[str, Any] | None = None,
        ref: str = "",
        started: str = "",
        seconds: float = 0.0,
    ) -> Record:
        """The record of an output folder that stays where it is (`train --out DIR`).

        It is also written to DIR/record.json, which is not part of the content.
        """
        tree, _ = measure(folder)
        output = Output(tree=tree, path=str(folder.absolute()))
        more = {"kind": kind, "runtime": dict(runtime or {}), "started": started}
        record = self.new_record(stage, version, config, inputs, output, seconds=seconds, **more)
        with self.committing():
            atomic.write_text(folder / RECORD, record.model_dump_json(indent=2) + "\n")
            return self.finish(record, ref)

    def new_record(
        self,
        stage: str,
        version: int,
        config: Mapping[str, Any],
        inputs: Mapping[str, str],
        output: Output,
        **more: Any,
    ) -> Record:
        """A record made here and now; `more` are further fields of `Record`."""
        identity = artifact_id(stage, version, config, inputs)
        here: dict[str, Any] = {"revision": revision(), "ended": now()}
        return Record(
            id=identity,
            stage=stage,
            version=version,
            config=dict(config),
            inputs=dict(inputs),
            output=output,
            environment=environment(),
            **(here | more),
        )

    def finish(self, record: Record, ref: str = "") -> Record:
        """Write the record: from here on the artifact exists. Hold `committing` around it."""
        assert record.id == record.expected_id(), "a record's id must be that of its content"
        atomic.write_text(self.record_path(record.id), record.model_dump_json(indent=2) + "\n")
        if ref:
            self.set_ref(ref, record.id)
        return record

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Held while content is written that no record names yet, so that `gc` leaves it alone."""
        with locked(self.root / "lock", shared=True):
            yield

    # names

    def refs(self) -> dict[str, str]:
        """All names for people and the ids they mean, sorted."""
        root = self.root / "refs"
        files = (path for path in root.rglob("*") if path.is_file())
        names = {path.relative_to(root).as_posix(): path for path in files}
        return {
            name: path.read_text("utf-8").strip()
            for name, path in sorted(names.items())
            if REF.fullmatch(name)
        }

    def set_ref(self, name: str, artifact: str) -> None:
        """Let `name` mean `artifact` from now on."""
        check_name(name)
        assert self.has(artifact), f"no artifact {artifact}"
        atomic.write_text(self.root / "refs" / name, artifact + "\n")

    def drop_ref(self, name: str) -> None:
        """Forget a name; what it meant stays until `gc`."""
        if name not in self.refs():
            raise UserError(f"no name {name!r}", where=str(self.root))
        (self.root / "refs" / name).unlink()
