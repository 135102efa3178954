"""What a judge likes more than people do.

    first    which place in the question it names. With both readings of each pair, one of its two
             answers stands first once: chosen = the share of all readings that name the first, 1/2
             without a taste; firsts and seconds = pairs of which both readings name the first, or
             the second place; taste = the mean of (l1 + l2) / 2, in nats (`judging.verdicts`)
    longer   the answer with more characters
    list     the one with a list or headings, where the other has none
    kin      the one by an author of the judge's own family, where the other is by a stranger

What else it is asked of (each author's answers: `wins`) is a `Trait`, too. For all but the first:
the share of pairs in which the judge prefers it, the same for people (the majority of each item,
half at a tie), and `excess`, the judge's minus the people's on the same items, with its paired
interval. Longer answers may be better, and a kin's too; what people do not see in them is the
judge's taste. (People who err pull their share towards one half, a majority less than one of them:
a small excess of what both prefer may be only that.) A judge that is not told who wrote what knows
its kin by their words; what their name does to one that is told is in `named`. `rate` is the
judge's share mended by what people said (`corrected`): what a report may quote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plumbline.core.heldout import opening
from plumbline.core.stats import (
    Floats,
    Interval,
    mean_interval,
    paired_interval,
    proportion_interval,
)
from plumbline.core.types import Response, text_of
from plumbline.evals.audit.answered import Answered
from plumbline.evals.audit.corrected import Corrected, corrected
from plumbline.feedback.judging.label import Label

LISTED = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+\S|^#{1,6}\s+\S", re.MULTILINE)
Trait = Callable[[Label], int]
"""1 where the first answer alone has it (or has more of it), -1 the second, 0 neither."""


@dataclass(frozen=True)
class Position:
    """See the module; shares, and nats."""

    chosen: Interval
    firsts: Interval
    seconds: Interval
    taste: Interval


@dataclass(frozen=True)
class Leaning:
    """The judge's share on all its pairs, the people's on the audited ones, and what lies between
    on these."""

    name: str
    judge: Interval
    people: Interval
    excess: Interval
    rate: Corrected


def position(labels: Sequence[Label], seed: int = 0) -> Position:
    """Of both readings of every label."""
    l1, l2 = (np.array([one.readings[k].logit for one in labels]) for k in (0, 1))
    where = [opening(one.prompt) for one in labels]
    chosen = (np.sign(l1) + np.sign(l2) + 2) / 4
    return Position(
        proportion_interval(chosen, where),
        proportion_interval((l1 > 0) & (l2 > 0), where),
        proportion_interval((l1 < 0) & (l2 < 0), where),
        mean_interval((l1 + l2) / 2, where, seed),
    )


@dataclass(frozen=True, eq=False)
class Seen:
    """Labels with the judge's verdicts on them (1, 0, -1), and what people answered, with the
    judge's verdicts on these."""

    labels: Sequence[Label]
    judge: Floats
    found: Answered
    audited: Floats

    def leaning(self, name: str, trait: Trait, seed: int = 0) -> Leaning | None:
        """Towards the answers that have a trait; None where it parts the answers of no label."""
        turn, own = (np.array([trait(x) for x in y]) for y in (self.labels, self.found.labels))
        if not turn.any():
            return None
        here = {(one.pair, one.principle) for one in self.found.labels}
        mine, rows = (np.flatnonzero(one).tolist() for one in (turn, own))
        rest = [i for i in mine if (self.labels[i].pair, self.labels[i].principle) not in here]
        all_said = _towards(self.judge, turn)
        judge = _towards(self.audited[rows], own[rows])
        people = _towards(np.sign(np.nansum(self.found.values[rows], axis=1)), own[rows])
        where = [opening(self.found.labels[i].prompt) for i in rows]
        others = [opening(self.labels[i].prompt) for i in rest]
        return Leaning(
            name,
            proportion_interval(all_said[mine], [opening(self.labels[i].prompt) for i in mine]),
            proportion_interval(people, where),
            paired_interval(judge, people, where, seed),
            corrected(people, judge, all_said[rest], where + others),
        )


def leanings(seen: Seen, kin: Sequence[str] = (), seed: int = 0) -> tuple[Leaning, ...]:
    """Every leaning that some pair can show."""
    found = (seen.leaning(name, trait, seed) for name, trait in _traits(kin))
    return tuple(one for one in found if one is not None)


def _towards(values: Floats, turn: np.ndarray) -> Floats:
    """From 1, 0, -1 for the first answer to 1, 1/2, 0 for the one that has the trait."""
    return np.asarray((values * turn + 1) / 2, np.float64)


def _traits(kin: Sequence[str]) -> Iterator[tuple[str, Trait]]:
    yield "longer", lambda one: _more(*(len(text_of(a)) for a in one.answers))
    yield "list", lambda one: _more(*map(_listed, one.answers))
    if kin:
        yield "kin", lambda one: _more(*(name in kin for name in one.models)) if known(one) else 0


def known(label: Label) -> bool:
    """Whether it says who wrote both answers."""
    return all(label.models)


def _more(first: int, second: int) -> int:
    return (first > second) - (first < second)


def _listed(response: Response) -> bool:
    return bool(LISTED.search(text_of(response)))
