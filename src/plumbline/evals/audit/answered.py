"""What people said of a judge's labels: a table of items and people.

An item is a label: a pair under a principle. People see the principle as the first turn of what
they judge (`asked`), and their answer counts for that principle alone. A comparison without such a
turn, as files of other origin have them, counts where its pair was judged under one principle only,
and is told apart (`bare`): those people may have had something else in mind. What a person said of
an item last counts; an answer is 1, 0 or -1 as the label's first answer is better, level or worse.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plumbline.core.heldout import opening
from plumbline.core.judged import Codes
from plumbline.core.sheets import RANKINGS, Collected, Sheet, collect
from plumbline.core.stats import Floats
from plumbline.core.types import Conversation, Judge, Judgement, Message
from plumbline.evals.audit.drawing import Key, unique
from plumbline.feedback.judging.constitution import Principle
from plumbline.feedback.judging.label import Label, pair_of
from plumbline.feedback.judging.verdicts import By

ASKED = re.compile(r"By the principle “([A-Za-z0-9_.-]+)”: ")


@dataclass(frozen=True, eq=False)
class Answered:
    """labels [I] that somebody judged, judges [P], values [I, P] (1, 0, -1; NaN: silent). `bare`
    counts answers without the principle in view, `left` what could not be used, by reason."""

    labels: tuple[Label, ...]
    judges: tuple[Judge, ...]
    values: Floats
    bare: int = 0
    left: tuple[tuple[str, int], ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that people named; none where everybody is of one."""
        named = {one.group for one in self.judges}
        return tuple(sorted(named - {""})) if len(named) > 1 else ()

    @property
    def clusters(self) -> Codes:
        """Labels of one opening have one code: they are drawn again together."""
        seen: dict[str, int] = {}
        found = [seen.setdefault(opening(one.prompt), len(seen)) for one in self.labels]
        return np.array(found, np.intp)

    def of(self, group: str) -> Answered:
        """What people of one group said, and the labels that they judged."""
        columns = [j for j, one in enumerate(self.judges) if one.group == group]
        values = self.values[:, columns]
        rows = np.flatnonzero((~np.isnan(values)).any(axis=1))
        labels = tuple(self.labels[i] for i in rows)
        return Answered(labels, tuple(self.judges[j] for j in columns), values[rows])


def asked(label: Label, principle: Principle) -> Conversation:
    """What people judge: the prompt, under the principle that the judge was told."""
    told = f"By the principle “{principle.id}”: {principle.told}"
    return (Message("system", told), *label.prompt)


def answered(labels: Sequence[Label], judgements: Sequence[Judgement]) -> Answered:
    """The answers of people to some labels; judgements by models are no people's."""
    people = [one for one in judgements if one.provenance.judge.kind != "model"]
    left = Counter({"judged by a model": len(judgements) - len(people)})
    found = collect(people)
    left["nobody is named"] = found.unnamed
    sheet = next((one for one in found.sheets if one.form == RANKINGS), None)
    left["no comparison"] = found.demonstrations + sum(
        one.judgements for one in found.sheets if one is not sheet
    )
    made = Answered((), (), np.empty((0, 0)))
    if sheet is not None:
        made, strange = _table(unique(labels), found, sheet)
        left["of a pair that the judge did not label"] = strange
    return replace(made, left=tuple((why, n) for why, n in left.items() if n))


def _table(known: Mapping[Key, Label], found: Collected, sheet: Sheet) -> tuple[Answered, int]:
    """The answers to labels, and how many were to nothing here."""
    labels = list(known.values())
    place, turn, bare = _places(known, found, sheet)
    judged = sheet.judged
    at = place[judged.items]
    rows, there = np.flatnonzero(at >= 0), np.unique(at[at >= 0])
    people, column = np.unique(judged.judges[rows], return_inverse=True)
    values = np.full((len(there), len(people)), np.nan)
    item = np.searchsorted(there, at[rows])
    # With the principle in view comes later, so that it replaces the same person's word without.
    order = np.argsort(~bare[judged.items[rows]], kind="stable")
    signs = judged.values[rows] * turn[judged.items[rows]]
    values[item[order], column[order]] = signs[order]
    return Answered(
        tuple(labels[i] for i in there),
        tuple(found.judges[j] for j in people),
        values,
        int(bare[judged.items[rows]].sum()),
    ), len(at) - len(rows)


def _places(
    known: Mapping[Key, Label], found: Collected, sheet: Sheet
) -> tuple[Codes, Floats, np.ndarray]:
    """For each item of the sheet its label (-1: none), 1 or -1 as answers stand in the label's
    order or not, and whether it came without a principle."""
    labels, by_principle = list(known.values()), {key: i for i, key in enumerate(known)}
    counts = Counter(pair for pair, _ in known)
    by_pair = {pair: i for i, (pair, _) in enumerate(known) if counts[pair] == 1}
    size = len(sheet.prompts)
    place, turn, bare = np.full(size, -1), np.ones(size), np.zeros(size, bool)
    for u in range(size):
        prompt, principle = _told(found.prompts[sheet.prompts[u]])
        first, second = (found.answers[a] for a in sheet.answers[u])
        pair, bare[u] = pair_of(prompt, (first, second)), not principle
        at = by_principle.get((pair, principle), -1) if principle else by_pair.get(pair, -1)
        place[u], turn[u] = at, -1.0 if at >= 0 and labels[at].answers[0] != first else 1.0
    return place, turn, bare


def _told(prompt: Conversation) -> tuple[Conversation, str]:
    """A prompt without its principle's turn, and the principle's id ("" where there is none)."""
    first = prompt[0] if prompt else Message("user", "")
    found = ASKED.match(first.content) if first.role == "system" else None
    return (prompt[1:], found[1]) if found else (prompt, "")


def verdicts(labels: Sequence[Label], by: By = "logodds", ties: float = 0.0) -> Floats:
    """What the judge says, as people's answers are written; a probability within `ties` of 1/2
    counts as a tie, and so does exactly 1/2."""
    p = probabilities(labels, by)
    return np.where(np.abs(p - 0.5) <= ties, 0.0, np.sign(p - 0.5))


def probabilities(labels: Sequence[Label], by: By = "logodds") -> Floats:
    """How likely the judge finds it that the first answer is better."""
    return np.array([one.verdict(by).p for one in labels], np.float64)
