"""Lines that only grow: what was added stays, and what was cut off does not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from plumbline.core.appending import Lines
from plumbline.core.errors import UserError


def test_lines_are_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "a.jsonl"
    with Lines(file) as lines:
        assert lines.found == []
        lines.add(["one", "zwei\u2028ä"])
        lines.add([])
        assert file.read_text("utf-8") == "one\nzwei\u2028ä\n"
    with Lines(file) as lines:
        assert lines.found == ["one", "zwei\u2028ä"]
        lines.add(["three"])
    assert Lines(file).found == ["one", "zwei\u2028ä", "three"]


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5])
def test_a_line_that_was_cut_off_is_taken_away(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes("one\ntwö\n".encode()[:-cut])
    with Lines(file) as lines:
        assert lines.found == ["one"]
        lines.add(["2"])
    assert file.read_text("utf-8") == "one\n2\n"


def test_nothing_but_a_cut_line_is_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("on")
    with Lines(file) as lines:
        assert lines.found == []
        lines.add(["one"])
    assert file.read_text() == "one\n"


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    with Lines(tmp_path / "a.jsonl") as lines:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(UserError, match="no space left"):
            lines.add(["one"])
