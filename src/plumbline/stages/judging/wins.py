"""Who wins by labels, for their folder: by the judge alone, and corrected where people judged.

An audit corrects the labels that its sample was drawn from, and no others: those are as many, and
all that people answered are among them. What they answered need not be all that was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from plumbline.core.stats import Interval
from plumbline.evals.audit import wins
from plumbline.evals.audit.answered import Answered, answered, verdicts
from plumbline.evals.audit.leanings import Leaning, Seen
from plumbline.evals.by_author import number
from plumbline.evals.folders import interval_of
from plumbline.feedback.judging.label import Label, Made, read_labels
from plumbline.feedback.judging.pooled import Pooling
from plumbline.stages.audit_folder import GOLD, PEOPLE
from plumbline.stages.files import rows
from plumbline.stages.judging.gate import read_audit

NOBODY = Answered((), (), np.empty((0, 0)))
ALONE = (
    "Not corrected: these win rates are the judge's own word. Let people check a sample (plumbline"
    " audit LABELS_DIR --out AUDIT_DIR) and give the same command with --audit AUDIT_DIR; the"
    " audit's own page has the corrected rates, too."
)
OTHERS = (
    "Not corrected: the audit is of other labels by this judge, and its people judged no sample of"
    " these. Audit these labels by themselves."
)


@dataclass(frozen=True)
class Won:
    """By author: the figures of results.json, and what its page is made of."""

    metrics: Mapping[str, Interval] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """For a terminal."""
        return [*map(_line, self.rows), *self.notes]


def wins_of(
    made: Made, labels: Sequence[Label], audits: Sequence[Path], how: Pooling, judge: str = ""
) -> Won:
    """Of one judge's labels; `judge` names it where there are several. Nothing where no label says
    who wrote its answers."""
    own = Seen(labels, verdicts(labels, how.by, how.ties), NOBODY, np.empty(0))
    alone = wins.wins(own)
    if not alone:
        return Won()
    audit = next((one for one in audits if read_audit(one)["made"] == made.id), None)
    if audit is None:
        return _won(alone, judge, ALONE)
    at = audit if audit.is_dir() else audit.parent
    if not _of_these(read_audit(audit), at, labels):
        return _won(alone, judge, OTHERS)
    found = answered(labels, rows(at / PEOPLE, lambda line: None))
    seen = Seen(labels, own.judge, found, verdicts(found.labels, how.by, how.ties))
    return _won(wins.wins(seen), judge, _corrected(read_audit(audit), found))


def together(found: Sequence[Won]) -> Won:
    """Of all judges."""
    metrics = {name: one for won in found for name, one in won.metrics.items()}
    notes = dict.fromkeys(note for won in found for note in won.notes)
    return Won(metrics, [row for won in found for row in won.rows], tuple(notes))


def _line(row: Mapping[str, Any]) -> str:
    mended, judge = (interval_of(row[name], "wins") for name in ("corrected", "judge"))
    alone = f"{number(judge)} by the judge alone"
    first = f"{number(mended)} corrected by people, {alone}" if mended.known else alone
    return f"{row['who']} wins: {first}, of {judge.n} labels"


def _won(found: Sequence[Leaning], judge: str, note: str) -> Won:
    before, behind = (f"{judge}.", f", by {judge}") if judge else ("", "")
    metrics = {f"{before}{name}": one for name, one in wins.metrics(found)}
    told = [{**row, "who": f"{row['who']}{behind}"} for row in wins.rows(found)]
    return Won(metrics, told, (f"{judge}: {note}" if judge else note,))


def _of_these(told: Mapping[str, Any], audit: Path, labels: Sequence[Label]) -> bool:
    """Whether an audit's sample was drawn from these labels."""
    known = {(one.pair, one.principle) for one in labels}
    judged = {(one.pair, one.principle) for one in read_labels(audit / GOLD)[1]}
    return told.get("labels") == len(labels) and judged <= known


def _corrected(told: Mapping[str, Any], found: Answered) -> str:
    people = len(found.judges)
    note = f"Corrected by {len(found.labels)} labels that {people} people judged."
    if others := len(found.labels) - int(told["drawn"]):
        note += (
            f" {others} of these were not drawn but chosen by who judged: the correction holds as"
            " far as they are like the others."
        )
    return note
