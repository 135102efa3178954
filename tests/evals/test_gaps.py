"""The figure of identities against the clock: there where there is something to compare."""

from __future__ import annotations

import json
from pathlib import Path

from plumbline.evals.folders import read_runs
from plumbline.evals.gaps import gap_against_seconds, left, seconds_of
from plumbline.evals.report import build_report


def imprinted(folder: Path, mode: str, seconds: float, closed: float) -> Path:
    folder.mkdir(parents=True)
    share = {"value": closed, "low": closed - 0.02, "high": closed + 0.01, "n": 64}
    told = {
        "command": "imprint", "label": folder.name, "objective": mode,
        "seconds": {"probes": seconds / 2, "train": seconds / 2, "evaluate": 9.0},
        "metrics": {"gap_closed": share},
    }  # fmt: skip
    (folder / "results.json").write_text(json.dumps(told))
    return folder


def test_the_figure_says_every_run(tmp_path: Path) -> None:
    folders = [
        imprinted(tmp_path / "compile", "compile", 5.0, 0.98),
        imprinted(tmp_path / "polish", "polish", 9.0, 0.99),
        imprinted(tmp_path / "distill-25", "distill", 9.0, 0.95),
        imprinted(tmp_path / "distill-100", "distill", 32.0, 1.0),
    ]
    runs = read_runs(folders)
    assert seconds_of(runs[0]) == 5.0
    found = gap_against_seconds(runs, {run.label: i for i, run in enumerate(runs)})
    assert found is not None
    for words in ("compile 0.980 in 5.0 s", "distill-100 1.000 in 32.0 s"):
        assert words in found.alt
    page = build_report(folders, tmp_path / "page.html").read_text("utf-8")
    assert "for how many seconds" in page and found.alt in page


def test_one_run_is_no_comparison(tmp_path: Path) -> None:
    folders = [imprinted(tmp_path / "compile", "compile", 5.0, 0.98)]
    assert gap_against_seconds(read_runs(folders), {"compile": 0}) is None
    assert "for how many seconds" not in build_report(folders, tmp_path / "p.html").read_text()


def test_the_scale_is_of_what_is_left() -> None:
    assert left(0.98) == 1 - 0.98 and left(1.0) > 0 and left(-0.5) == 1.0
