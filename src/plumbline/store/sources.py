"""Files and folders of the disk as artifacts, identified by their content.

Up to COPY_UP_TO bytes are copied into the store, so that an output can be walked back to its words
even when the file is gone; larger ones are named by path, and must stay what they were. Digests of
large files are remembered by path, size and time, in the store's digests.json.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.ids import digest_file
from plumbline.store.objects import measure
from plumbline.store.record import Output, Record
from plumbline.store.store import Store

COPY_UP_TO = 256 * 2**20
LARGE = 2**20
SETTLED = 2.0
"""Seconds a file must lie still before its time says that it has not changed."""


def source_record(store: Store, path: Path, *, kind: str = "data", label: str = "") -> Record:
    """The record that `path` has (or will have) in the store; nothing is copied."""
    return _look(store, path, kind, label)[0]


def add_source(store: Store, path: Path, *, kind: str = "data", label: str = "") -> Record:
    """Put `path` into the store, unless the same content is there already."""
    record, size = _look(store, path, kind, label)
    if store.usable(record.id):
        return store.record(record.id)
    with store.committing():
        if size <= COPY_UP_TO and store.objects.put(path) != record.output.tree:
            raise UserError("the content changed while it was read", where=str(path))
        return store.finish(record)


def _look(store: Store, path: Path, kind: str, label: str) -> tuple[Record, int]:
    memo = Memo(store.root / "digests.json")
    tree, size = measure(path, memo.digest)
    memo.save()
    entry = path.name if path.is_file() else ""
    output = Output(tree=tree, entry=entry, path=str(path.absolute()))
    config = {"tree": tree, "entry": entry}
    return store.new_record("source", 1, config, {}, output, kind=kind, label=label), size


class Memo:
    """Digests of large files by path, size, time of change and inode."""

    def __init__(self, path: Path) -> None:
        self.path, self.changed = path, False
        try:
            self.known: dict[str, list] = json.loads(path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):  # a lost memo costs time only
            self.known = {}

    def digest(self, file: Path) -> str:
        """sha256 hex of the file's bytes."""
        stat = file.stat()
        if stat.st_size < LARGE or time.time() - stat.st_mtime < SETTLED:
            return digest_file(file)
        stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        name = str(file.absolute())
        if self.known.get(name, [])[:-1] != stamp:
            self.known[name] = [*stamp, digest_file(file)]
            self.changed = True
        return self.known[name][-1]

    def save(self) -> None:
        """Write what was learnt, where the store can be written."""
        if self.changed:
            atomic.write_json(self.path, self.known)
