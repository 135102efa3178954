"""A pooling whose temperature and bias are fitted on what people said in the audits of the judges.

People judged labels, a pair under a principle; so it is those labels that are fitted, each of
several judges where there is a jury.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from plumbline.core.errors import UserError
from plumbline.core.types import Judge, Provenance, Ranking
from plumbline.evals.audit.answered import Answered, answered
from plumbline.feedback.judging.calibrated import calibrated
from plumbline.feedback.judging.label import read_labels
from plumbline.feedback.judging.pooled import Pooling
from plumbline.stages.audit_folder import PEOPLE
from plumbline.stages.files import rows

Say = Callable[[str], None]


def fitted(folders: Sequence[Path], audits: Sequence[Path], how: Pooling, say: Say) -> Pooling:
    """`how` with the temperature and bias of these labels. UserError without an audit."""
    if not audits:
        fix = "give --audit DIR, in a recipe an audit as an input, or leave calibrate out"
        raise UserError("nobody judged what could be calibrated on", where="calibrate", fix=fix)
    said = [one for audit in audits for one in rows(audit / PEOPLE, lambda line: None)]
    labels = [label for folder in folders for label in read_labels(folder)[1]]
    people = answered(labels, said)
    asked = {(label.pair, label.principle) for label in people.labels}
    known = [label for label in labels if (label.pair, label.principle) in asked]
    found = calibrated(known, _shares(people), how)
    say(
        f"calibrated on {len(asked)} labels that {len(people.judges)} people judged:"
        f" temperature {found.temperature:.3f}, bias {found.bias:+.3f} nats"
    )
    return found


def _shares(people: Answered) -> list[Ranking]:
    """What people said of each label: how many prefer its first answer, ties as halves."""
    found = []
    for label, values in zip(people.labels, people.values, strict=True):
        told = values[~np.isnan(values)]
        share = float((told.mean() + 1) / 2)
        who = Provenance(judge=Judge("human"))
        found.append(
            Ranking(label.prompt, label.answers, ((0,), (1,)), share, provenance=who, n=len(told))
        )
    return found
