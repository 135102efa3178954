"""Weights' identity: what the numbers are, whatever file holds them.

    digest = sha256 over tensors sorted by name of (name, dtype, shape, bytes)

Tied tensors count once (files in safetensors hold them once), metadata is ignored. An adapter
folder's identity is its own tensors with those of its base. Memoised by path, size and time.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.models import cache

ADAPTER = "adapter_model.safetensors"
PIECE = 1 << 24


def digest_folder(folder: Path, base: Path | None = None) -> str:
    """sha256 hex of a model folder's weights; with `base`, of an adapter on that base."""
    own = digest_files(weight_files(folder))
    if base is None:
        return own
    return hashlib.sha256(f"{digest_folder(base)}:{own}".encode()).hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that make up a model (all shards) or an adapter."""
    if (folder / ADAPTER).exists():
        return [folder / ADAPTER]
    index = folder / "model.safetensors.index.json"
    if index.exists():
        names = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
    else:
        names = ["model.safetensors"]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"no weights: {missing[0]} is missing",
            where=str(folder),
            fix=_remedy(folder),
        )
    return [folder / name for name in names]


def _remedy(folder: Path) -> str:
    if (folder / "identity.json").exists():
        return "this folder holds a manifesto for a prompt and no weights: give its base"
    if list(folder.glob("*.bin")) or list(folder.glob("*.pt")):
        return "pickled weights are not loaded; convert them to safetensors (save_pretrained does)"
    return "give a folder in Hugging Face format with config.json and model.safetensors"


def digest_files(files: list[Path]) -> str:
    """The digest of all tensors in `files` together."""
    key = "|".join(f"{f.resolve()}:{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files)
    known = cache.read("digests").get(key)
    if isinstance(known, str):
        return known
    found = _digest(files)
    cache.remember("digests", key, found)
    return found


def _digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    tensors = sorted((name, file, entry) for file in files for name, entry in _entries(file))
    for name, file, (dtype, shape, start, stop) in tensors:
        total.update(json.dumps([name, dtype, list(shape)]).encode())
        with open(file, "rb") as handle:
            for piece in _pieces(handle, start, stop):
                total.update(piece)
    return total.hexdigest()


def _entries(file: Path) -> Iterator[tuple[str, tuple[str, tuple[int, ...], int, int]]]:
    """(name, (dtype, shape, first byte, end)) of each tensor, from the header alone."""
    with open(file, "rb") as handle:
        size = int.from_bytes(handle.read(8), "little")
        if not 2 <= size <= file.stat().st_size - 8:
            raise UserError(
                "not a safetensors file (cut short?)", where=str(file), fix="fetch or save it again"
            )
        header: dict[str, Any] = json.loads(handle.read(size))
    for name, entry in header.items():
        if name != "__metadata__":
            first, end = entry["data_offsets"]
            place = (entry["dtype"], tuple(entry["shape"]), 8 + size + first, 8 + size + end)
            if place[3] > file.stat().st_size:
                raise UserError(
                    f"tensor {name} is cut short", where=str(file), fix="fetch or save it again"
                )
            yield name, place


def _pieces(handle: Any, start: int, stop: int) -> Iterator[bytes]:
    if start == stop:
        return
    with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as view:
        for at in range(start, stop, PIECE):
            yield view[at : min(at + PIECE, stop)]


def stored_dtypes(folder: Path) -> dict[str, int]:
    """How many bytes of a folder's weights have each dtype ("F32", "BF16", ...)."""
    found: dict[str, int] = {}
    for file in weight_files(folder):
        for _, (dtype, _, start, stop) in _entries(file):
            found[dtype] = found.get(dtype, 0) + stop - start
    return found
