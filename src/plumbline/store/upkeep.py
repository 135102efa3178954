"""Keeping a store: how much it holds (du), what nothing needs (gc), what is damaged (verify).

gc keeps what can be reached from refs, what an unfinished artifact was begun with, what runs, and
everything younger than an hour (a command may be about to name it).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.ids import digest_file
from plumbline.store.objects import listing, manifest_digest, measure
from plumbline.store.record import Record
from plumbline.store.store import Store
from plumbline.store.work import Work, locked, try_locked

YOUNG = 3600.0


@dataclass(frozen=True)
class Usage:
    """What a store holds, in bytes on the disk (shared files counted once)."""

    artifacts: int
    files: int
    content: int
    work: int
    by_stage: dict[str, int]

    def text(self) -> str:
        lines = [
            f"{self.artifacts} artifacts, {self.files} files, {size_text(self.content)}; "
            f"unfinished work {size_text(self.work)}"
        ]
        parts = sorted(self.by_stage.items(), key=lambda item: -item[1])
        lines += [f"  {name:<24} {size_text(size):>10}" for name, size in parts]
        return "\n".join(lines)


@dataclass(frozen=True)
class Cleaned:
    """What `gc` removed (or would, `dry`): ids of artifacts, unfinished works, bytes of content."""

    artifacts: tuple[str, ...]
    works: tuple[str, ...]
    bytes: int
    dry: bool = False

    def text(self) -> str:
        verb = "would remove" if self.dry else "removed"
        return (
            f"{verb} {len(self.artifacts)} artifacts, {len(self.works)} unfinished, "
            f"{size_text(self.bytes)} of content"
        )


@dataclass(frozen=True)
class Damage:
    """What `verify` looked at and the problems it found, each a line with its place."""

    artifacts: int
    files: int
    problems: tuple[str, ...]

    def text(self) -> str:
        head = f"checked {self.artifacts} artifacts and {self.files} files: "
        return head + (
            "all whole"
            if not self.problems
            else f"{len(self.problems)} damaged\n  " + "\n  ".join(self.problems)
        )


def size_text(size: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def du(store: Store) -> Usage:
    """How much the store holds; by_stage counts a file that two stages share in both."""
    blobs = {name: store.objects.blob(name).stat().st_size for name in store.objects.all_blobs()}
    by_stage: dict[str, set[str]] = {}
    records = store.records()
    for record in records:
        by_stage.setdefault(record.stage, set()).update(_blobs_of(store, [record.output.tree]))
    work = sum(file.stat().st_size for file in _files(store.root / "work"))
    stages = {stage: sum(blobs.get(name, 0) for name in names) for stage, names in by_stage.items()}
    return Usage(len(records), len(blobs), sum(blobs.values()), work, stages)


def gc(
    store: Store, *, older: float = YOUNG, unfinished: bool = False, dry: bool = False
) -> Cleaned:
    """Remove what nothing needs and is older than `older` seconds; `unfinished` takes work that
    stands still, too. `dry` only says what would go."""
    with ExitStack() as stack:
        stack.enter_context(locked(store.root / "lock"))
        idle = _works(store) if unfinished else []
        works = [w for w in idle if stack.enter_context(try_locked(w.lock_path))]
        kept = _reachable(store, {work.id for work in works})
        records = {record.id: record for record in store.records()}
        gone = [i for i in records if i not in kept and _age(store.record_path(i)) >= older]
        live = [record for i, record in records.items() if i not in gone]
        trees, blobs = _unneeded(store, live, older)
        size = sum(store.objects.blob(name).stat().st_size for name in blobs)
        if not dry:
            _remove(store, gone, trees, blobs, works)
        return Cleaned(tuple(gone), tuple(work.id for work in works), size, dry)


def _reachable(store: Store, dropped: set[str]) -> set[str]:
    """Ids reachable from refs and from the inputs of unfinished work that is not `dropped`."""
    inputs = {record.id: record.inputs.values() for record in store.records()}
    todo = list(store.refs().values())
    for work in _works(store):
        if work.id not in dropped and (state := work.state):
            todo += state.inputs.values()
    kept: set[str] = set()
    while todo:
        artifact = todo.pop()
        if artifact not in kept:
            kept.add(artifact)
            todo += inputs.get(artifact, ())
    return kept


def _works(store: Store) -> Iterator[Work]:
    for path in sorted((store.root / "work").glob("[0-9a-f]*")):
        if path.is_dir():
            yield store.work(path.name)


def _unneeded(store: Store, live: Iterable[Record], older: float) -> tuple[list[str], list[str]]:
    """Trees and blobs that no live record holds. Age shields what `put` wrote outside a commit."""
    objects = store.objects
    needed = {record.output.tree for record in live}
    trees = [
        name
        for name in objects.all_trees()
        if name not in needed and _age(objects.manifest_path(name)) >= older
    ]
    staying = [name for name in objects.all_trees() if name not in set(trees)]
    used = set(_blobs_of(store, staying))
    blobs = [
        name
        for name in objects.all_blobs()
        if name not in used and _age(objects.blob(name)) >= older
    ]
    return trees, blobs


def _blobs_of(store: Store, trees: Iterable[str]) -> Iterator[str]:
    for tree in trees:
        if store.objects.has(tree):
            yield from (blob for blob, _ in store.objects.manifest(tree).values())


def _remove(
    store: Store, gone: list[str], trees: list[str], blobs: list[str], works: list[Work]
) -> None:
    """Records first, blobs last: a kill in between leaves garbage, never a hole."""
    for artifact in gone:
        store.record_path(artifact).unlink()
    for tree in trees:
        store.objects.manifest_path(tree).unlink()
        shutil.rmtree(store.objects.tree(tree))
    for blob in blobs:
        store.objects.blob(blob).unlink()
    for work in works:
        work.remove()
    for folder in [store.root, *(path for path in store.root.rglob("*") if path.is_dir())]:
        if "out" not in folder.relative_to(store.root).parts and folder.exists():
            atomic.sweep(folder)


def verify(store: Store) -> Damage:
    """Read everything again: records against their ids, trees against manifests, bytes against
    digests. Content outside the store is measured where it still lies."""
    problems: list[str] = []
    inodes: dict[int, bool] = {}
    for name in store.objects.all_blobs():
        path = store.objects.blob(name)
        inodes[path.stat().st_ino] = whole = digest_file(path) == name
        if not whole:
            problems.append(f"{path}: the bytes are not those of its digest")
    for tree in store.objects.all_trees():
        problems += _tree_problems(store, tree, inodes)
    for artifact in store.ids():
        problems += _record_problems(store, artifact)
    return Damage(len(store.ids()), len(inodes), tuple(problems))


def _tree_problems(store: Store, tree: str, inodes: dict[int, bool]) -> list[str]:
    """Damage of one tree; files that are links to blobs were read already."""
    root, manifest = store.objects.tree(tree), store.objects.manifest(tree)
    if manifest_digest(manifest) != tree:
        return [f"{store.objects.manifest_path(tree)}: the manifest is not that of its digest"]
    there = listing(root) if root.is_dir() else {}
    problems = [f"{root / name}: missing" for name in manifest.keys() - there.keys()]
    problems += [f"{root / name}: not in the manifest" for name in there.keys() - manifest.keys()]
    for name in manifest.keys() & there.keys():
        known = inodes.get(there[name].stat().st_ino)
        if known is False or (known is None and digest_file(there[name]) != manifest[name][0]):
            problems.append(f"{there[name]}: the bytes are not those of its digest")
    return sorted(problems)


def _record_problems(store: Store, artifact: str) -> list[str]:
    where = store.record_path(artifact)
    try:
        record = store.record(artifact)
        store.path(artifact)
    except UserError as error:
        return [f"{where}: {error.what}"]
    if artifact != record.id or record.id != record.expected_id():
        return [f"{where}: the record is not that of its id"]
    if not store.objects.has(record.output.tree) and (
        measure(Path(record.output.path))[0] != record.output.tree
    ):
        return [f"{record.output.path}: changed since it was recorded"]
    return [
        f"{where}: input {role} ({source[:12]}) is gone"
        for role, source in record.inputs.items()
        if not store.has(source)
    ]


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _files(root: Path) -> Iterator[Path]:
    for base, _, names in os.walk(root):
        yield from (Path(base) / name for name in names)
