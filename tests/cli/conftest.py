"""A tiny random model and small data for tests that go through the command line in this process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_inputs import Run, pair, write_rows

from plumbline.cli.main import main


@pytest.fixture
def place(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of its own with `model/`, `pairs.jsonl` and a store."""
    shutil.copytree(tiny_model, tmp_path / "model")
    write_rows(tmp_path / "pairs.jsonl", [pair(i) for i in range(40)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_STORE", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture
def plumbline(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process: (exit code, stdout, stderr)."""

    def run(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(arg) for arg in args])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
