"""Which answers to show: the best gains and, as plainly, the worst losses.

Prompts are sorted by the difference in value between the model in focus and what it is held
against; the page shows the ends and the middle and says how many there were of each sign, so that a
reader sees what was chosen and by which rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plumbline.evals.compare import by_prompt, fmt
from plumbline.evals.folders import Row, Run
from plumbline.evals.glossary import meaning, pretty

GAINS, LOSSES = 3, 2


@dataclass(frozen=True)
class Shown:
    """One model's answer to the prompt (None: it gave none), picked from `of` answers."""

    run: Run
    row: Row | None
    value: float
    of: int


@dataclass(frozen=True)
class Case:
    """A prompt, why it is shown, and each model's answer."""

    prompt: tuple[tuple[str, str], ...]
    reason: str
    change: float | None
    answers: tuple[Shown, ...]

    @property
    def kind(self) -> str:
        """ "up" for a shown gain, "down" for a shown loss, "" else."""
        return "up" if "gains" in self.reason else "down" if "losses" in self.reason else ""


@dataclass(frozen=True)
class Gallery:
    """The cases, and one line on how they were chosen and how the rest fell out."""

    cases: tuple[Case, ...]
    how: str


def gallery(runs: Sequence[Run], axis: str, against: Sequence[Run]) -> Gallery | None:
    """Cases over the runs that logged answers; None where none did."""
    told = [run for run in runs if run.rows]
    if not told:
        return None
    axis = axis if any(by_prompt(run.rows, axis) for run in told) else _any_axis(told)
    others = [run for run in told if run not in against]
    base = next((run for run in reversed(against) if run in told), None)
    focus = max(others, key=lambda run: _side(axis) * _value(run, axis), default=None)
    if base is None or focus is None:
        return _alone(told, axis)
    return _against(told, focus, base, axis) or _alone(told, axis)


def _against(told: Sequence[Run], focus: Run, base: Run, axis: str) -> Gallery | None:
    a, b = by_prompt(focus.rows, axis), by_prompt(base.rows, axis)
    gains = {group: _side(axis) * (a[group] - b[group]) for group in a if group in b}
    if not gains:
        return None
    order = sorted(gains, key=lambda group: gains[group], reverse=True)
    who, other = pretty(focus.label), pretty(base.label)
    picks = {g: f"among {who}’s largest gains" for g in order[:GAINS] if gains[g] > 0}
    picks |= {g: f"among {who}’s worst losses" for g in order[-LOSSES:] if gains[g] < 0}
    picks.setdefault(order[len(order) // 2], "a typical one: the middle of all prompts")
    cases = tuple(_case(told, axis, g, why, _side(axis) * gains[g]) for g, why in picks.items())
    up, down = (sum(s * v > 0 for v in gains.values()) for s in (1, -1))
    how = (
        f"By {meaning(axis).title}, of {len(gains)} prompts {who}’s answer is better than "
        f"{other}’s on {up}, worse on {down}, the same on {len(gains) - up - down}. Shown are the "
        f"{GAINS} largest gains, the {LOSSES} worst losses and the one in the middle, chosen by "
        "the numbers and not by hand."
    )
    return Gallery(cases, how)


def _alone(told: Sequence[Run], axis: str) -> Gallery:
    """One model, or models that share no scored prompt: the best, the middle, the worst."""
    run = told[-1]
    values = by_prompt(run.rows, axis)
    if not values:
        groups = list(dict.fromkeys(row.group for row in run.rows))[:4]
        cases = tuple(_case(told, axis, g, "as logged", None) for g in groups)
        return Gallery(cases, "No answer has a value; shown are the first prompts, as logged.")
    order = sorted(values, key=lambda group: values[group], reverse=True)  # not good to bad
    picks = {g: "among the highest values" for g in order[:2]}
    picks |= {g: "among the lowest values" for g in order[-2:] if g not in picks}
    picks.setdefault(order[len(order) // 2], "a typical one: the middle of all prompts")
    cases = tuple(_case(told, axis, g, why, None) for g, why in picks.items())
    how = (
        f"{len(values)} prompts; shown are the two highest, the two lowest and the one in the "
        f"middle of {pretty(run.label)}’s {meaning(axis).title}, from {fmt(values[order[0]])} "
        f"down to {fmt(values[order[-1]])}."
    )
    return Gallery(cases, how)


def _case(told: Sequence[Run], axis: str, group: str, reason: str, change: float | None) -> Case:
    shown = tuple(_middle(run, axis, group) for run in told)
    prompt = next(s.row.prompt for s in shown if s.row)
    return Case(prompt, reason, change, shown)


def _middle(run: Run, axis: str, group: str) -> Shown:
    """Of several answers to a prompt the one of middle value stands for the model."""
    rows = [row for row in run.rows if row.group == group]
    if not rows:
        return Shown(run, None, math.nan, 0)
    rows.sort(key=lambda row: _key(row.scores.get(axis, math.nan)))
    row = rows[(len(rows) - 1) // 2]
    return Shown(run, row, row.scores.get(axis, math.nan), len(rows))


def _key(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _side(axis: str) -> int:
    """-1 where lower is better, so that a gain is always what a reader would call one."""
    return -1 if meaning(axis).better < 0 else 1


def _value(run: Run, axis: str) -> float:
    values = by_prompt(run.rows, axis)
    return sum(values.values()) / len(values) if values else -math.inf


def _any_axis(told: Sequence[Run]) -> str:
    return next((axis for run in told for row in run.rows for axis in row.scores), "")
