"""How good is good enough: the marks that a base model is held to, and the table that says so.

A mark is reached where the 95 % interval lies on its right side: its lower end at or above what is
asked ("at least"), its upper end at or below it ("at most"). All are on unseen splits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.microcosm.rules import HABITS
from plumbline.microcosm.unseen import UNSEEN


@dataclass(frozen=True, slots=True)
class Mark:
    """What is asked of one metric of `results.json`."""

    name: str
    metric: str
    bound: float
    at_least: bool = True

    @property
    def asked(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {self.bound:.2f}"

    def reached(self, metric: Mapping[str, Any]) -> bool | None:
        """Whether an interval lies on the right side; None where it was not measured."""
        end = metric.get("low" if self.at_least else "high")
        if end is None:
            return None
        return bool(end >= self.bound if self.at_least else end <= self.bound)


PER_RULE = 0.90
SPLITS = {
    "paraphrase": "unseen phrasing", "value": "unseen value", "entity": "unseen thing",
    "combination": "unseen combination",
}  # fmt: skip
MARKS: tuple[Mark, ...] = (
    *(Mark(f"a rule obeyed, {said}", f"rule_obeyed.{split}", PER_RULE)
      for split, said in SPLITS.items()),
    *(Mark(f"three rules jointly, {said}", f"rules_three.{split}", 0.80)
      for split, said in SPLITS.items()),
    Mark("a conditional rule obeyed", "rule_conditional", 0.85),
    Mark("a conditional rule silent where it is not asked for", "rule_quiet", 0.95),
    Mark("judging, right in both orders (guessing 0.25)", "judge_both", 0.85),
    Mark("judging by form, both orders", "judge_both.form", 0.85),
    Mark("judging by truth, fairness, secrets, safety, both orders", "judge_both.substance", 0.85),
    Mark("the verdict flips with the rule", "judge_flips", 0.80),
    Mark("the verdict flips, rules of form", "judge_flips.form", 0.80),
    Mark("the verdict flips, a rule of substance", "judge_flips.substance", 0.80),
    Mark("reading, right answers", "reading_right", 0.90),
    Mark("reading, false answers on what notes leave out", "reading_false_answer", 0.10, False),
    Mark("reading, false abstentions", "reading_false_abstention", 0.10, False),
    Mark("reading, another text's notes (chance)", "reading_shuffled", 0.10, False),
    Mark("sums, in steps above at once", "sums_gain", 0.20),
)  # fmt: skip
"""The design's marks; a value of ten at random is right in 0.10 of the shuffled passages."""
RULE_MARKS = tuple(
    Mark(name, f"rule.{name}", PER_RULE) for name in HABITS if name not in UNSEEN
)  # fmt: skip
"""One for each rule by itself, over all splits in which something of it is held out."""

Metrics = Mapping[str, Mapping[str, Any]]


def cell(metric: Mapping[str, Any]) -> str:
    """ "0.93 [0.90, 0.95] 400", with a dash for what is not known."""
    value, low, high = (_number(metric.get(end)) for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}] {metric.get('n', 0)}"


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "-"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _reached(mark: Mark, metrics: Metrics) -> str:
    found = mark.reached(metrics.get(mark.metric, {}))
    return "not measured" if found is None else "yes" if found else "no"


def _marks(metrics: Metrics) -> Iterator[str]:
    yield from (_row("mark", "value [low, high] n", "reached"), _row("---", "---", "---"))
    for mark in MARKS:
        name = f"{mark.name}: {mark.asked}"
        yield _row(name, cell(metrics.get(mark.metric, {})), _reached(mark, metrics))


def _rules(metrics: Metrics) -> Iterator[str]:
    yield _row("rule", "obeyed [low, high] n", "without the rule", "reached")
    yield _row("---", "---", "---", "---")
    for mark in RULE_MARKS:
        base = metrics.get(f"base.{mark.name}", {})
        told = cell(metrics.get(mark.metric, {}))
        yield _row(mark.name, told, cell(base), _reached(mark, metrics))


def _others(metrics: Metrics) -> Iterator[str]:
    shown = {mark.metric for mark in (*MARKS, *RULE_MARKS)}
    shown |= {f"base.{mark.name}" for mark in RULE_MARKS}
    yield from (_row("metric", "value [low, high] n"), _row("---", "---"))
    for name, metric in metrics.items():
        if name not in shown:
            yield _row(f"`{name}`", cell(metric))


def counted(metrics: Metrics) -> tuple[int, int, int]:
    """(marks reached, of the measured ones, rules that reach theirs)."""
    told, rules = (
        [mark.reached(metrics.get(mark.metric, {})) for mark in marks]
        for marks in (MARKS, RULE_MARKS)
    )
    measured = sum(one is not None for one in told)
    return sum(map(bool, told)), measured, sum(map(bool, rules))


def table(metrics: Metrics) -> str:
    """The marks, the rules one by one, and the rest, as Markdown tables."""
    reached, measured, rules = counted(metrics)
    parts = [
        f"{reached} of {measured} marks are reached, and {rules} of {len(RULE_MARKS)} rules by "
        f"themselves (at least {PER_RULE:.2f}).",
        "\n".join(_marks(metrics)),
        "Rule by rule, on all unseen splits; beside it how often the same requests are answered "
        "so without the rule.",
        "\n".join(_rules(metrics)),
        "Without a mark:",
        "\n".join(_others(metrics)),
    ]
    return "\n\n".join(parts) + "\n"
