"""What the report says of the judge, round by round: its audits, its drift, its shift.

Metrics are named by whose answers it compared and in which round: `audit.rloo.2.agreement` is its
agreement with people on a sample of what RLOO's policy said before round 2, `audit.sft.1.agreement`
that on the first round's answers, where the frozen set is from. (`rloo.2.judge` is another thing:
the accuracy of a reward model.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.core.stats import Interval
from plumbline.evals.audit.page import number
from plumbline.evals.audit.shifted import lost
from plumbline.evals.folders import interval_of
from plumbline.evals.glossary import pretty
from plumbline.evals.report import Section
from plumbline.stages.audit_folder import AUDIT

FIGURES = {
    "agreement": "agreement.judge", "agreement_people": "agreement.people",
    "first_place": "first.chosen", "shift": "shift", "shift_beyond_people": "shift.gap",
    "shift_first_place": "shift.position",
}  # fmt: skip
"""Names of metrics here, and in a round's audit."""
DRIFT = {"drift": "drift", "flips": "drift.flips"}
"""The same in the audit of the frozen set asked again."""
LEVELS = {
    "agreement": "like people", "agreement_people": "people among themselves",
    "first_place": "first place named",
}  # fmt: skip
CHANGES = {
    "drift": "drift", "shift": "shift", "shift_beyond_people": "shift beyond people's",
    "shift_first_place": "shift of the place",
}  # fmt: skip
LEVEL = (
    "A judge compared the answers, and people a fresh sample of the same pairs by the same "
    "principles. What they reach among themselves is the measure of its agreement.",
)
CHANGE = (
    "The first audit is the frozen set. Drift: the judge was asked again on it, and what it says "
    "was held against what people said there, now minus then. Shift: its agreement with people on "
    "this round's sample minus that on the frozen set; the same beyond what people lost among "
    "themselves; how much more often it names the first place. A judge may drift; answers shift "
    "when the policy learns.",
)


@dataclass(frozen=True)
class Audited:
    """What is known of the judge on one policy's answers in one round."""

    who: str
    turn: str
    labels: int
    passed: bool
    why: Sequence[str]
    found: Mapping[str, Interval]

    @property
    def name(self) -> str:
        return f"{self.who}.{self.turn}"

    @property
    def policy(self) -> str:
        return pretty(self.who).replace("_", " ")


def read(inputs: Mapping[str, Path]) -> list[Audited]:
    """The audits among the report's inputs (WHO.ROUND.audit, WHO.ROUND.drift), by round."""
    names = [role.removesuffix(".audit") for role in inputs if role.endswith(".audit")]
    found = [_one(name, inputs) for name in names]
    return sorted(found, key=lambda one: (len(one.turn), one.turn))


def _one(name: str, inputs: Mapping[str, Path]) -> Audited:
    told, drift = _told(inputs[f"{name}.audit"]), _told(inputs.get(f"{name}.drift"))
    found = _some(told["figures"], FIGURES) | _some(drift.get("figures", {}), DRIFT)
    who, _, turn = name.rpartition(".")
    return Audited(who, turn, told["labels"], told["passed"], told["why"], found)


def _told(folder: Path | None) -> dict[str, Any]:
    return dict(json.loads((folder / AUDIT).read_text("utf-8"))) if folder else {}


def _some(figures: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Interval]:
    return {
        name: interval_of(figures[other], AUDIT)
        for name, other in names.items()
        if other in figures
    }


def metrics(found: Sequence[Audited]) -> dict[str, Interval]:
    """By name, for results.json."""
    return {f"audit.{one.name}.{key}": i for one in found for key, i in one.found.items()}


def facts(found: Sequence[Audited]) -> dict[str, Any]:
    """What are no numbers with intervals."""
    return {
        one.name: {"labels": one.labels, "passed": one.passed, "why": list(one.why)}
        for one in found
    }


def warnings(found: Sequence[Audited]) -> Iterator[tuple[str, str, str]]:
    """Drift and shift that are clearly for the worse, as a report says them."""
    for one in found:
        for line in lost(one.found.get("drift"), one.found.get("shift")):
            yield "worse", f"Round {one.turn}, answers of {one.policy}: a warning.", line


def sections(found: Sequence[Audited]) -> Iterator[Section]:
    """Levels, changes, and why the judge does not pass; nothing without a judge."""
    if not found:
        return
    head = ("round", "answers of", "labels", *LEVELS.values(), "passes")
    yield Section("The judge by round", LEVEL, head, tuple(map(_levels, found)))
    later = tuple(_changes(one) for one in found if "shift" in one.found)
    if later:
        names = ("round", "answers of", "verdicts flipped", *CHANGES.values())
        yield Section("The judge since the frozen set", CHANGE, names, later)
    failed = tuple((one.turn, one.policy, " ".join(one.why)) for one in found if not one.passed)
    if failed:
        text = "Data of its labels are UNAUDITED; every card of what is made of them says so."
        yield Section("Why the judge does not pass", (text,), ("round", "answers of", ""), failed)


def _levels(one: Audited) -> tuple[str, ...]:
    shown = (number(one.found[key]) for key in LEVELS)
    return (one.turn, one.policy, f"{one.labels:,}", *shown, "yes" if one.passed else "no")


def _changes(one: Audited) -> tuple[str, ...]:
    flips = one.found["flips"]
    shown = (number(one.found[key]) for key in CHANGES)
    return (one.turn, one.policy, f"{round(flips.value * flips.n)} of {flips.n}", *shown)
