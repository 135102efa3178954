"""What a judge likes more than people do.

    first    which place in the question it names. With both readings of each pair, one of its two
             answers stands first once: chosen = the share of all readings that name the first, 1/2
             without a taste; firsts and seconds = pairs of which both readings name the first, or
             the second place; taste = the mean of (l1 + l2) / 2, in nats (`judging.verdicts`)
    longer   the answer with more characters
    list     the one with a list or headings, where the other has none
    kin      the one by an author of the judge's own family, where the other is by a stranger
    AUTHOR   the one by that author, where the other is by another

For all but the first: the share of pairs in which the judge prefers it, the same for people (the
majority of each item, half at a tie), and `excess`, the judge's minus the people's on the same
items, with its paired interval. Longer answers may be better, and a kin's too; what people do not
see in them is the judge's taste. (People who err pull their share towards one half, a majority less
than one of them: a small excess of what both prefer may be only that.) A judge that is not told who
wrote what knows its kin by their words; what their name does to one that is told is in `named`.
`rate` is the judge's share mended by what people said (`corrected`): what a report may quote.
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


def leanings(
    labels: Sequence[Label],
    judge: Floats,
    found: Answered,
    audited: Floats,
    kin: Sequence[str] = (),
    seed: int = 0,
) -> tuple[Leaning, ...]:
    """Every leaning that some pair can show: `judge` are the verdicts (1, 0, -1) on `labels`,
    `audited` those on the labels that people answered."""
    here = {(one.pair, one.principle) for one in found.labels}
    others = np.array([(one.pair, one.principle) not in here for one in labels], bool)
    made = []
    for name, trait in _traits(labels, kin):
        turn, own = (np.array([trait(one) for one in some]) for some in (labels, found.labels))
        if turn.any():
            rest = others & (turn != 0)
            said = _towards(judge[turn != 0], turn[turn != 0])
            where = [opening(one.prompt) for one, t in zip(labels, turn, strict=True) if t]
            left = _towards(judge[rest], turn[rest])
            whole = proportion_interval(said, where)
            made.append(_leaning(name, whole, left, found, audited, own, seed))
    return tuple(made)


def _leaning(
    name: str,
    whole: Interval,
    others: Floats,
    found: Answered,
    audited: Floats,
    own: np.ndarray,
    seed: int,
) -> Leaning:
    rows = np.flatnonzero(own)
    judge = _towards(audited[rows], own[rows])
    people = _towards(np.sign(np.nansum(found.values[rows], axis=1)), own[rows])
    where = found.clusters[rows]
    return Leaning(
        name,
        whole,
        proportion_interval(people, where),
        paired_interval(judge, people, where, seed),
        corrected(people, judge, others),
    )


def _towards(values: Floats, turn: np.ndarray) -> Floats:
    """From 1, 0, -1 for the first answer to 1, 1/2, 0 for the one that has the trait."""
    return np.asarray((values * turn + 1) / 2, np.float64)


def _traits(labels: Sequence[Label], kin: Sequence[str]) -> Iterator[tuple[str, Trait]]:
    yield "longer", lambda one: _more(*(len(text_of(a)) for a in one.answers))
    yield "list", lambda one: _more(*map(_listed, one.answers))
    if kin:
        yield "kin", lambda one: _more(*(name in kin for name in one.models)) if _known(one) else 0
    for author in sorted({name for one in labels if _known(one) for name in one.models}):
        yield f"author.{author}", _by(author)


def _by(author: str) -> Trait:
    return lambda one: _more(*(name == author for name in one.models)) if _known(one) else 0


def _known(label: Label) -> bool:
    return all(label.models)


def _more(first: int, second: int) -> int:
    return (first > second) - (first < second)


def _listed(response: Response) -> bool:
    return bool(LISTED.search(text_of(response)))
