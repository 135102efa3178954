"""Ids are digests: equal content gives equal ids, on every machine and in every process.

canonical JSON: keys sorted, no spaces, UTF-8, shortest float form, -0.0 written as 0.0, infinities
and NaN as strings (JSON has none), tuples as lists, dataclasses as objects.
digest(x) = sha256(canonical_json(x)) in hex.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from enum import Enum
from pathlib import Path, PurePath
from typing import Any


def plain(obj: Any) -> Any:
    """`obj` in dicts, lists, strings, numbers, booleans and None; TypeError for anything else."""
    match obj:
        case None | bool() | str():
            return obj.value if isinstance(obj, Enum) else obj
        case Enum():
            return plain(obj.value)
        case int():
            return int(obj)
        case float():
            return float(obj) + 0.0 if math.isfinite(obj) else str(float(obj))
        case PurePath():
            return obj.as_posix()
        case Mapping():
            return {_key(key): plain(value) for key, value in obj.items()}
        case list() | tuple():
            return [plain(item) for item in obj]
        case set() | frozenset():
            return sorted((plain(item) for item in obj), key=json.dumps)
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        return {f.name: plain(getattr(obj, f.name)) for f in dataclasses.fields(obj)}
    if hasattr(obj, "item") and getattr(obj, "ndim", None) == 0:  # a numpy scalar, without numpy
        return plain(obj.item())
    raise TypeError(f"{type(obj).__name__} has no canonical JSON: {obj!r}")


def _key(key: Any) -> str:
    """JSON keys are strings; two keys that print alike (1 and "1") must not merge silently."""
    if not isinstance(key, str):
        raise TypeError(f"a key must be a string, not {type(key).__name__}: {key!r}")
    return key


def canonical_json(obj: Any) -> str:
    """The one way to write `obj` as JSON."""
    return json.dumps(
        plain(obj), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(obj: Any) -> str:
    """sha256 hex of the canonical JSON of `obj`."""
    return digest_bytes(canonical_json(obj).encode("utf-8", "surrogatepass"))


def digest_bytes(data: bytes) -> str:
    """sha256 hex of `data`."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path | str) -> str:
    """sha256 hex of a file's bytes, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
