"""Writes that are either whole or not there: temp beside the target, fsync, rename.

A process killed at any moment leaves the old content or the new, and at most a hidden temp
(`.name.host-pid-n.tmp`) which `sweep` removes once its process is gone. A full disk is a
`UserError`, and the temp is removed.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import json
import os
import re
import shutil
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

from plumbline.core.errors import UserError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
TEMP = re.compile(r"^\..+\.([0-9a-f]{8})-(\d+)-\d+\.tmp$")
_count = itertools.count()


@contextmanager
def file(path: Path | str) -> Iterator[BinaryIO]:
    """A file to write, which replaces (or makes) `path` in one step when the block ends well."""
    path = Path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temp = temp_beside(path)
        try:
            with open(temp, "xb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            os.replace(temp, path)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
        sync(path.parent)


def write_bytes(path: Path | str, data: bytes) -> None:
    """Replace (or make) the file at `path` in one step; parents are made."""
    with file(path) as out:
        out.write(data)


def write_text(path: Path | str, text: str) -> None:
    """`write_bytes` in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path | str, obj: Any) -> None:
    """`write_text` of indented JSON with a final newline."""
    write_text(path, json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def folder(
    path: Path | str, *, exists: Literal["error", "keep", "replace"] = "error"
) -> Iterator[Path]:
    """Build a folder in a temp beside `path`; it appears there whole when the block ends well.

    Where `path` is taken already: "error" raises UserError, "keep" discards what was built (another
    writer of the same content came first), "replace" swaps the two and deletes the old one.
    """
    path = Path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temp = temp_beside(path)
        temp.mkdir()
        try:
            yield temp
            sync_tree(temp)
            place(temp, path, exists=exists)
        finally:
            shutil.rmtree(temp, ignore_errors=True)


def place(temp: Path, path: Path, *, exists: Literal["error", "keep", "replace"]) -> None:
    """Rename the finished `temp` to `path`; see `folder` for `exists`."""
    try:
        if exists == "replace" and path.exists():
            _exchange(temp, path)
        else:
            os.rename(temp, path)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        if exists == "error":
            raise UserError(
                "already there", where=str(path), fix="remove it or name another"
            ) from None
    sync(path.parent)


def _exchange(new: Path, old: Path) -> None:
    """Swap two names in one step (Linux); elsewhere by renames, with a moment of no `old`."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if rename and rename(here, os.fsencode(new), here, os.fsencode(old), swap) == 0:
        return
    aside = temp_beside(old)
    os.rename(old, aside)
    os.rename(new, old)
    os.rename(aside, new)


@contextmanager
def space(path: Path | str) -> Iterator[None]:
    """Turn the error of a full disk (or quota, or file size limit) into one clear message."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise UserError(
            f"no space left to write ({os.strerror(error.errno or 0)})",
            where=str(path),
            fix="free some space and give the same command again; nothing is half written",
        ) from error


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """`space`, and the same for a place that may not be written to."""
    try:
        with space(path):
            yield
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        what = f"may not write here ({os.strerror(error.errno)})"
        fix = "choose a folder you may write to"
        raise UserError(what, where=str(path), fix=fix) from error


def temp_beside(path: Path) -> Path:
    """A name in the same folder that no other process and no other call uses."""
    return path.parent / f".{path.name[:100]}.{_host()}-{os.getpid()}-{next(_count)}.tmp"


def sweep(parent: Path | str) -> int:
    """Remove temps in `parent` left by processes of this machine that are gone; how many."""
    found = 0
    for entry in Path(parent).glob(".*.tmp"):
        match = TEMP.match(entry.name)
        if match and match[1] == _host() and not alive(int(match[2])):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink(missing_ok=True)
            found += 1
    return found


def alive(pid: int) -> bool:
    """Whether a process of this machine with that number runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def sync(path: Path) -> None:
    """fsync a file or a folder (a rename lasts only once its folder is synced)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(root: Path) -> None:
    """fsync every file and folder below `root`, then `root`."""
    for base, _, names in os.walk(root, topdown=False):
        for name in names:
            entry = Path(base) / name
            if not entry.is_symlink():
                sync(entry)
        sync(Path(base))
