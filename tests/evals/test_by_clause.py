"""The report's table of clauses: a row a clause, a column an identity, a table a manifesto."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from plumbline.evals.by_clause import clauses_kept
from plumbline.evals.folders import read_runs
from plumbline.evals.glossary import meaning
from plumbline.evals.report import build_report

GREET = ("Greet the user first.", "Call the user <captain>.")


def identity(folder: Path, clauses: Sequence[str], kept: Mapping[str, float]) -> Path:
    folder.mkdir(parents=True)
    told = {
        "command": "imprint", "label": folder.name, "objective": "compile", "seconds": {},
        "clauses": list(clauses),
        "metrics": {
            name: {"value": value, "low": value, "high": value, "n": 40}
            for name, value in kept.items()
        },
    }  # fmt: skip
    (folder / "results.json").write_text(json.dumps(told))
    return folder


def test_identities_of_one_manifesto_share_a_table(tmp_path: Path) -> None:
    one = {"clause.1.kept.base": 0.1, "clause.1.kept.all": 1.0, "clause.1.kept.adapter": 0.95}
    two = {"clause.2.kept.all": 0.9, "clause.2.kept.adapter": 0.5}
    folders = [
        identity(tmp_path / "captain", GREET, one | two),
        identity(tmp_path / "second", GREET, two),
        identity(tmp_path / "other", ("Say goodbye.",), {"clause.1.kept.adapter": 0.25}),
        identity(tmp_path / "unchecked", ("Be kind.",), {}),
    ]
    (header, rows), (_, others) = clauses_kept(read_runs(folders))
    assert header == ("clause", "the base", "in the prompt", "captain", "second")
    assert rows[0] == (GREET[0], "0.100 of 40", "1.000 of 40", "0.950 of 40", "–")
    assert rows[1] == (GREET[1], "–", "0.900 of 40", "0.500 of 40", "0.500 of 40")
    assert others == (("Say goodbye.", "–", "–", "0.250 of 40"),)
    page = build_report(folders, tmp_path / "page.html").read_text("utf-8")
    assert "Clause by clause" in page and "&lt;captain&gt;" in page


def test_folders_without_clauses_have_no_table(tmp_path: Path) -> None:
    folder = identity(tmp_path / "plain", (), {"gap_closed": 0.9})
    assert clauses_kept(read_runs([folder])) == []
    assert "Clause by clause" not in build_report([folder], tmp_path / "p.html").read_text("utf-8")


def test_a_numbered_part_is_named_by_its_number() -> None:
    assert meaning("clause.2.kept.adapter").title == "clause 2, kept adapter"
