"""What a layer is worth, measured on questions that it was not fitted on.

    gap_closed             on the teacher's own text (`gap`), in all and by place in the answer
    gap_closed_on_policy   the student's text and the base's, each its own
    residual_kl, base_kl   KL(teacher || student) and KL(teacher || base), nats a token
    side_effect_kl         KL(base || student) on plain texts, nats a token
    side_effect_kl.others  the same under other system texts
    side_effect_kl.unasked the same on questions on which no clause acts; `.prompted`: the teacher
    rules_obeyed           share of rules kept where they act, by the student; `.prompted` by the
                           teacher, `.base` by the base; `rules_misfired` where they do not act
    clause.N.kept.WHO      the same of clause N (from 1) by the "adapter", told "all", by the "base"

Rules are looked at in greedy answers, divergences in drawn ones. Intervals are over probes. Nothing
here knows what a rule is: a checker is passed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plumbline.core.stats import Interval, bootstrap, mean_interval, ratio_interval
from plumbline.identity.gap import LEAST, Side, apart
from plumbline.identity.material import Checker, Material, Verdict
from plumbline.identity.probes import Probe, ordered
from plumbline.identity.teach import Answered, Teacher

PLACES = {"first_4": (0, 4), "5_to_16": (4, 16), "after": (16, 10**9)}
"""Tokens of an answer by place."""


def measured(
    teacher: Teacher, material: Material, seed: int, check: Checker | None = None
) -> dict[str, Interval]:
    """Every figure by name; see the head of the file."""
    asked = teacher.asked(material.questions, seed)
    sides: tuple[Side, ...] = ("told", "base", "student")
    said = {side: teacher.answers(asked, seed + 1, side) for side in sides}
    probes = {side: teacher.probes(said[side]) for side in sides}
    found = {**_gap(teacher, probes), **aside(teacher, material, seed)}
    if check is not None:
        greedy = {side: teacher.answers(asked, seed, side, greedy=True) for side in sides}
        found |= _rules(teacher, greedy, check)
    return found


def _gap(teacher: Teacher, probes: Mapping[Side, Sequence[Probe]]) -> dict[str, Interval]:
    told = probes["told"]
    whole, left = (apart(teacher.switch, told, "told", side) for side in ("base", "student"))
    found = {
        "base_kl": ratio_interval(whole.sums, whole.sizes),
        "residual_kl": ratio_interval(left.sums, left.sizes),
        "residual_kl.answer": mean_interval(left.sums),
        "answer_tokens": mean_interval(left.sizes),
    }
    if whole.token < LEAST:
        return found
    own = apart(teacher.switch, probes["student"], "student", "told")
    bare = apart(teacher.switch, probes["base"], "base", "told")
    found["gap_closed"] = _closed(left.sums, whole.sums)
    found["gap_closed_on_policy"] = _closed(own.sums, bare.sums)
    for name, (start, stop) in PLACES.items():
        parts = [np.array([row[start:stop].sum() for row in one.rows]) for one in (left, whole)]
        if parts[1].sum() > 0:
            found[f"gap_closed.{name}"] = _closed(*parts)
    return found


def _closed(left: np.ndarray, whole: np.ndarray) -> Interval:
    """1 - sum / sum, resampled by probe."""
    order = min(len(left), len(whole))
    return bootstrap(lambda a, b: 1 - a.sum() / b.sum(), left[:order], whole[:order])


def aside(teacher: Teacher, material: Material, seed: int) -> dict[str, Interval]:
    """What changes where nothing should."""
    unasked = teacher.probes(teacher.answers(material.unasked, seed, "base"))
    others = teacher.answers(material.others, seed, "base")
    found = {
        "side_effect_kl": _moved(teacher, teacher.texts(material.texts, 1.0)),
        "side_effect_kl.others": _moved(teacher, teacher.others(others, 1.0)),
        "side_effect_kl.unasked": _moved(teacher, unasked),
        "side_effect_kl.unasked.prompted": _moved(teacher, unasked, "told"),
    }
    return {name: one for name, one in found.items() if one is not None}


def _moved(teacher: Teacher, probes: Sequence[Probe], who: Side = "student") -> Interval | None:
    """KL(base || who) in nats a token."""
    if not probes:
        return None
    moved = apart(teacher.switch, ordered(probes), "base", who)
    return ratio_interval(moved.sums, moved.sizes)


def _rules(teacher: Teacher, said: Mapping[Side, Answered], check: Checker) -> dict[str, Interval]:
    """Rules kept and misfired, by who answered; then each clause's."""
    found: dict[str, Interval] = {}
    clauses: dict[str, Interval] = {}
    for side, name, who in (
        ("student", "", "adapter"), ("told", ".prompted", "all"), ("base", ".base", "base")
    ):  # fmt: skip
        verdicts = [
            check(question, teacher.renderer.answer_text(one.ids))
            for question, one in said[side]  # type: ignore[index]
        ]
        kept = [list(v.kept.values()) for v in verdicts]
        wrong = [list(v.misfired.values()) for v in verdicts]
        for metric, rows in (("rules_obeyed", kept), ("rules_misfired", wrong)):
            share = shares(rows)
            if share is not None:
                found[metric + name] = share
        for number, clause in enumerate(teacher.manifesto.clauses, 1):
            own = kept_share(verdicts, clause)
            if own is not None:
                clauses[f"clause.{number}.kept.{who}"] = own
    return found | clauses


def kept_share(verdicts: Sequence[Verdict], clause: str) -> Interval | None:
    """The share of answers that keep a clause, of those on which it acts; None where it never
    does."""
    kept = [float(one.kept[clause]) for one in verdicts if clause in one.kept]
    return mean_interval(kept) if kept else None


def shares(rows: Sequence[Sequence[bool]]) -> Interval | None:
    """The share of all verdicts, a row an answer; None where there is none."""
    counts = [len(row) for row in rows]
    return ratio_interval([sum(row) for row in rows], counts) if sum(counts) else None
