"""A manifesto clause by clause: is each understood, kept, and at peace with the others?

    alone    KL(model told this clause alone || base), nats a token: what it does by itself
    among    KL(model told all || told all but this), nats a token: what it does among the others
    closed   share of the gap that the adapter closes on questions about this clause
    kept     share of answers that keep it (greedy): told it alone, told all, and by the adapter
    clashes  with each other clause: questions on which both act, told alone each is kept, and told
             all one of them is not

`kept` and `clashes` need a checker. Without one there is `yields`: questions on which another
clause takes back a word that this one brings about. The words that clause i brings about are the
tokens of its answer that it makes likelier by `BROUGHT` nats than the base does; it yields to j
where, told both, the model finds one of them less likely again by as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import torch

from plumbline.core.stats import Interval, ratio_interval
from plumbline.core.types import Conversation
from plumbline.identity.fidelity import kept_share
from plumbline.identity.gap import LEAST, Side, apart, by_probe, closed, parts, said
from plumbline.identity.material import Checker, Verdict
from plumbline.identity.probes import Probe
from plumbline.identity.teach import Answered, Teacher

BROUGHT = 1.0
"""Nats by which a word is likelier with a clause than without."""


@dataclass(frozen=True)
class Clause:
    """See the head of the file; `number` from 1, `clashes` and `yields` by the other's number.

    kept: by "alone", "all" and "adapter"; asked: questions about it.
    """

    number: int
    text: str
    asked: int
    alone: Interval
    among: Interval
    closed: float | None
    kept: dict[str, Interval] = field(default_factory=dict)
    clashes: dict[int, int] = field(default_factory=dict)
    yields: dict[int, int] = field(default_factory=dict)

    @property
    def understood(self) -> bool:
        """Whether the base does anything about it in its prompt."""
        return self.alone.value >= LEAST or self.among.value >= LEAST


def examined(
    teacher: Teacher,
    questions: Sequence[Sequence[Conversation]],
    seed: int,
    check: Checker | None = None,
) -> list[Clause]:
    """Each clause of the teacher's manifesto; `questions` about each of them."""
    clauses = teacher.manifesto.clauses
    found = [_effects(teacher, i, asked, seed) for i, asked in enumerate(questions)]
    if check is not None:
        return _checked(teacher, found, questions, seed, check)
    pairs = [(i, j) for i in range(len(clauses)) for j in range(len(clauses)) if i != j]
    for i, j in pairs:
        count = _yields(teacher, i, j, questions[i], seed)
        if count:
            found[i].yields[j + 1] = count
    return found


def _effects(teacher: Teacher, i: int, asked: Sequence[Conversation], seed: int) -> Clause:
    whole = teacher.manifesto
    rest = [j for j in range(len(whole.clauses)) if j != i]
    alone = teacher.of(whole.only([i]))
    less = teacher.of(whole, whole.only(rest)) if rest else teacher
    answered = teacher.answers(asked, seed)
    probes = teacher.probes(answered)
    gap, left = (apart(teacher.switch, probes, "told", side) for side in ("base", "student"))
    return Clause(
        i + 1,
        whole.clauses[i],
        len(asked),
        _token(alone, alone.probes(alone.answers(asked, seed))),
        _token(less, less.probes(answered)),
        closed(left, gap) if gap.token >= LEAST else None,
    )


def _token(teacher: Teacher, probes: Sequence[Probe]) -> Interval:
    """KL(told || base) in nats a token."""
    moved = apart(teacher.switch, probes, "told", "base")
    return ratio_interval(moved.sums, moved.sizes)


def _checked(
    teacher: Teacher,
    found: Sequence[Clause],
    questions: Sequence[Sequence[Conversation]],
    seed: int,
    check: Checker,
) -> list[Clause]:
    """With how often each is kept, and clashes, on all questions."""
    asked = [question for part in questions for question in part]
    sides: tuple[tuple[str, Side], ...] = (("all", "told"), ("adapter", "student"))
    kept = {name: _verdicts(teacher, asked, seed, who, check) for name, who in sides}
    alone = [
        _verdicts(teacher.of(teacher.manifesto.only([i])), asked, seed, "told", check)
        for i in range(len(found))
    ]
    for i, clause in enumerate(found):
        for name, verdicts in (("alone", alone[i]), *kept.items()):
            share = kept_share(verdicts, clause.text)
            if share is not None:
                clause.kept[name] = share
    for one, other in combinations(range(len(found)), 2):
        count = _clashes(found[one], found[other], alone[one], alone[other], kept["all"])
        if count:
            found[one].clashes[other + 1] = found[other].clashes[one + 1] = count
    return list(found)


def _verdicts(
    teacher: Teacher, asked: Sequence[Conversation], seed: int, who: Side, check: Checker
) -> list[Verdict]:
    said: Answered = teacher.answers(asked, seed, who, greedy=True)
    return [check(q, teacher.renderer.answer_text(one.ids)) for q, one in said]


def _clashes(
    a: Clause,
    b: Clause,
    told_a: Sequence[Verdict],
    told_b: Sequence[Verdict],
    told_all: Sequence[Verdict],
) -> int:
    """Questions on which each is kept by itself, and not both of them together."""
    return sum(
        one.kept.get(a.text, False)
        and other.kept.get(b.text, False)
        and not (both.kept[a.text] and both.kept[b.text])
        for one, other, both in zip(told_a, told_b, told_all, strict=True)
    )


def _yields(teacher: Teacher, i: int, j: int, asked: Sequence[Conversation], seed: int) -> int:
    """Questions on which clause j takes back what clause i brings about."""
    whole = teacher.manifesto
    alone, both = (teacher.of(whole.only(places)) for places in ([i], sorted((i, j))))
    return sum(taken_back(alone, both, asked, seed))


def taken_back(
    alone: Teacher, both: Teacher, asked: Sequence[Conversation], seed: int
) -> list[bool]:
    """For each question, whether `both` takes back a word that `alone` brings about."""
    answered = alone.answers(asked, seed)
    base, told = (
        list(_of_tokens(alone, alone.probes(answered), side)) for side in ("base", "told")
    )
    paired = _of_tokens(both, both.probes(answered), "told")
    found = []
    for before, own, with_other in zip(base, told, paired, strict=True):
        brought = own - before > BROUGHT
        found.append(bool(brought.any() and (with_other - own)[brought].min() < -BROUGHT))
    return found


def _of_tokens(teacher: Teacher, probes: Sequence[Probe], side: Side) -> Iterator[np.ndarray]:
    """Log-probabilities in nats of each probe's answer tokens."""
    for part in parts(probes, teacher.switch.policy.rows):
        ids = np.concatenate([one.suffix[one.answer] for one in part])
        logp = said(teacher.switch, part, side)
        own = logp.gather(1, torch.from_numpy(ids).to(logp.device)[:, None])[:, 0]
        yield from by_probe(own, part)
