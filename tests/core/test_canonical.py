"""Canonical JSON: what it takes, what it refuses."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from plumbline.core.ids import canonical_json, digest, digest_bytes, digest_file


@dataclass(frozen=True)
class Point:
    x: float
    name: str = "é"


def test_the_form_is_fixed() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": Point(0.1)}) == (
        '{"a":{"name":"é","x":0.1},"b":[1,2.5,null]}'
    )
    assert canonical_json((True, -0.0, float("inf"), Path("a/b"))) == '[true,0.0,"inf","a/b"]'
    assert canonical_json({"n": np.float32(0.5), "i": np.int64(3)}) == '{"i":3,"n":0.5}'


def test_digest_is_sha256_of_the_form(tmp_path: Path) -> None:
    assert digest({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()
    (tmp_path / "file").write_bytes(b"abc")
    assert digest_file(tmp_path / "file") == digest_bytes(b"abc")


@pytest.mark.parametrize("thing", [object(), {1: 2}, b"bytes", np.zeros(2), [lambda: 0]])
def test_what_has_no_form_is_refused(thing: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(thing)


def test_another_process_finds_the_same() -> None:
    code = "from plumbline.core.ids import digest; print(digest({'s': {'b', 'a', 'c'}, 'x': 1e22}))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == digest({"x": 1e22, "s": {"c", "b", "a"}})
