"""Content by digest: blobs (file bytes) and trees (folders), written once and read-only.

    blobs/ab/cdef...          one file's bytes; the name is their sha256
    trees/ab/cdef.../         a folder as it was, its files hard links to blobs
    trees/ab/cdef....json     its manifest {"files": {path: [sha256, bytes]}}

digest of a tree = sha256(canonical JSON of {path: sha256 of the file}). Files of the same content
stand once on the disk. Names that begin with a dot are scratch and are left out; empty folders do
not count. A manifest is written last: a tree without one does not exist.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.ids import digest, digest_file

Manifest = dict[str, tuple[str, int]]
RECORD = "record.json"
"""The store's own note in an output folder that stays outside; never part of the content."""


class Objects:
    """The content-addressed part of a store."""

    def __init__(self, root: Path) -> None:
        self.blobs, self.trees = root / "blobs", root / "trees"

    def blob(self, name: str) -> Path:
        return self.blobs / name[:2] / name[2:]

    def tree(self, name: str) -> Path:
        return self.trees / name[:2] / name[2:]

    def manifest_path(self, name: str) -> Path:
        return self.trees / name[:2] / f"{name[2:]}.json"

    def has(self, name: str) -> bool:
        """Whether the whole tree is there."""
        return self.manifest_path(name).is_file() and self.tree(name).is_dir()

    def manifest(self, name: str) -> Manifest:
        """{path: (sha256, bytes)} of a tree."""
        files = json.loads(self.manifest_path(name).read_text("utf-8"))["files"]
        return {path: (blob, size) for path, (blob, size) in files.items()}

    def put(self, path: Path, *, take: bool = False) -> str:
        """Store a file or folder; its tree digest. `take` links the files in instead of copying
        them (they become read-only: for folders that nobody writes to any more)."""
        files = listing(path)
        manifest = {name: self._put_blob(file, take) for name, file in files.items()}
        name = manifest_digest(manifest)
        if not self.has(name):
            self._build(name, manifest)
        return name

    def _put_blob(self, path: Path, take: bool) -> tuple[str, int]:
        take = take and not path.is_symlink()  # what a link points at is not ours to take
        if take:
            os.chmod(path, 0o444)
        name = digest_file(path)
        target = self.blob(name)
        if not target.exists():
            with atomic.writing(target):
                self._write_blob(path, target, name, take)
        return name, target.stat().st_size

    def _write_blob(self, path: Path, target: Path, name: str, take: bool) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        temp = atomic.temp_beside(target)
        try:
            if take:
                link(path, temp)
            else:
                shutil.copyfile(path, temp)
                os.chmod(temp, 0o444)
            atomic.sync(temp)
            if not take and digest_file(temp) != name:
                raise UserError("the file changed while it was read", where=str(path))
            os.replace(temp, target)
        finally:
            temp.unlink(missing_ok=True)
        atomic.sync(target.parent)

    def _build(self, name: str, manifest: Manifest) -> None:
        with atomic.folder(self.tree(name), exists="keep") as temp:
            for path, (blob, _) in manifest.items():
                (temp / path).parent.mkdir(parents=True, exist_ok=True)
                link(self.blob(blob), temp / path)
        atomic.write_json(self.manifest_path(name), {"files": manifest})

    def all_trees(self) -> Iterator[str]:
        for path in sorted(self.trees.glob("??/*.json")):
            if not path.name.startswith("."):
                yield path.parent.name + path.stem

    def all_blobs(self) -> Iterator[str]:
        for path in sorted(self.blobs.glob("??/*")):
            if not path.name.startswith("."):
                yield path.parent.name + path.name


def link(source: Path, target: Path) -> None:
    """A hard link, or a copy where the file system has none."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in atomic.FULL:
            raise
        shutil.copyfile(source, target)
        os.chmod(target, 0o444)


def listing(path: Path) -> dict[str, Path]:
    """{relative path with "/": file} of what counts as content, sorted; a file is a tree of one."""
    if path.is_file():
        return {path.name: path}
    if not path.is_dir():
        raise UserError("no such file or folder", where=str(path))
    found: dict[str, Path] = {}
    for base, folders, names in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(base) / name
            note = name == RECORD and Path(base) == path
            if not name.startswith(".") and not note:
                if not file.is_file():
                    raise UserError("neither a file nor a folder", where=str(file))
                found[file.relative_to(path).as_posix()] = file
    return dict(sorted(found.items()))


def manifest_digest(manifest: Manifest) -> str:
    """The digest of a tree."""
    return digest({path: blob for path, (blob, _) in manifest.items()})


def measure(path: Path, digest_of: Callable[[Path], str] = digest_file) -> tuple[str, int]:
    """(tree digest, bytes) of a file or folder, without storing it."""
    files = listing(path).items()
    manifest = {name: (digest_of(file), file.stat().st_size) for name, file in files}
    return manifest_digest(manifest), sum(size for _, size in manifest.values())
