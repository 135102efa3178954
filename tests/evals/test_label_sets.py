"""Two sets of labels on the same pairs: how often they say the same, and where they do not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from planted_judge import coins, label

from plumbline.evals.folders import read_runs
from plumbline.evals.label_sets import sections, together
from plumbline.evals.report import build_report
from plumbline.feedback.judging.label import LABELS, MADE_BY, Label, Made, as_line

N = 100
TRUTH = coins(N, 3)


def labels(turned: int = 0, principle: str = "one") -> list[Label]:
    """The truth, but for the first `turned` pairs, which are the surer the later they come."""
    found = [label(i, (1 + i / N) * (-one if i < turned else one)) for i, one in enumerate(TRUTH)]
    return [replace(one, principle=principle) for one in found]


def kept(folder: Path, found: Sequence[Label], constitution: str) -> Path:
    """A folder as `plumbline label` leaves it."""
    folder.mkdir()
    made = Made("base", "b", "t", constitution)
    (folder / MADE_BY).write_text(json.dumps(asdict(made)))
    (folder / LABELS).write_text("".join(map(as_line, found)))
    told = {"command": "label", "label": folder.name, "seconds": {}, "metrics": {}}
    (folder / "results.json").write_text(json.dumps(told))
    return folder


def test_pairs_meet_whatever_their_order_and_principle() -> None:
    one, other = labels(), [x.turned() for x in labels(20, "two")[::-1]]
    found = together(one, other)
    assert found is not None and found.same.n == N
    assert found.same.value == pytest.approx(0.8) and found.same.low > 0.6
    assert 0.5 < found.kappa.value < 0.7  # coins: 2 * 0.8 - 1, but for how they fell
    assert len(found.apart) == 20
    first, second = found.apart[0]
    assert first.answers == second.answers == one[19].answers, "the surest of the turned ones"
    assert first.logit == pytest.approx(-second.logit)
    alike = together(one, one)
    assert alike is not None and alike.same.value == 1 and alike.apart == ()


def test_chance_is_no_agreement() -> None:
    found = together(labels(), labels(N // 2))
    assert found is not None and found.same.value == 0.5
    assert found.kappa.interval.low < 0 < found.kappa.interval.high


def test_a_page_shows_every_two_sets(tmp_path: Path) -> None:
    folders = [
        kept(tmp_path / "stern", labels(), "s"),
        kept(tmp_path / "kind", labels(20, "two"), "k"),
        kept(tmp_path / "elsewhere", labels()[:0], "e"),
    ]
    page = build_report(folders, tmp_path / "page.html").read_text()
    assert "Labels side by side" in page and "0.80 [" in page and "kind: two" in page
    first, second = sections(read_runs(folders))
    assert [row[:3] for row in first[3]] == [
        ("stern", "kind", "100"), ("stern", "elsewhere", "0"), ("kind", "elsewhere", "0"),
    ]  # fmt: skip
    assert len(second[3]) == 6 and {row[3].split(",")[0] for row in second[3]} <= {
        "first",
        "second",
    }
    assert sections(read_runs(folders[:1])) == []
