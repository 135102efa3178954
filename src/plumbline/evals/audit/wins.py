"""Who wins: how often a judge's labels prefer the answers of one author to those of another.

    author.A            of the labels with an answer of A and one of another author, the share that
                        prefers A's; a tie counts half
    author.A.against.B  of those with B's alone, where there are three authors or more

A label is a pair under a principle; those to one prompt hang together. These are claims about
answers, and the judge's own share has its errors and tastes in it: it is quoted as the judge's
alone, and beside it, where people judged a sample, the `rate` that is mended by what they said
(`corrected`). `consistent`, the first place and the leanings are about the judge itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from plumbline.core.stats import Interval
from plumbline.evals.audit.leanings import Leaning, Seen, Trait, known
from plumbline.feedback.judging.label import Label

AGAINST = ".against."


def wins(seen: Seen, seed: int = 0) -> tuple[Leaning, ...]:
    """Of every author, then of every two where there are more; none where no label names two."""
    authors = sorted({name for one in seen.labels if known(one) for name in one.models})
    found = (seen.leaning(f"author.{name}", trait, seed) for name, trait in _traits(authors))
    return tuple(one for one in found if one is not None)


def metrics(found: Sequence[Leaning]) -> Iterator[tuple[str, Interval]]:
    """`wins.A` where people judged a sample, and `judge_wins.A`, as results.json names them."""
    for one in found:
        name = one.name.removeprefix("author.")
        if one.rate.rate.known:
            yield f"wins.{name}", one.rate.rate
        yield f"judge_wins.{name}", one.judge


def rows(found: Sequence[Leaning]) -> list[dict[str, Any]]:
    """The same as `results.json` keeps them for its page."""
    return [
        {
            "who": said(one.name),
            "corrected": one.rate.rate.as_dict(),
            "judge": one.judge.as_dict(),
            "people": one.people.as_dict(),
            "excess": one.excess.as_dict(),
        }
        for one in found
    ]


def said(name: str) -> str:
    """ "author.A.against.B" as "A against B"."""
    return name.removeprefix("author.").replace(AGAINST, " against ")


def _traits(authors: Sequence[str]) -> Iterator[tuple[str, Trait]]:
    for name in authors:
        yield name, _of(name, frozenset(authors))
    if len(authors) > 2:
        for one, other in combinations(authors, 2):
            yield f"{one}{AGAINST}{other}", _of(one, frozenset((one, other)))


def _of(author: str, among: frozenset[str]) -> Trait:
    def turn(label: Label) -> int:
        first, second = label.models
        if not {first, second} <= among:
            return 0
        return (first == author) - (second == author)

    return turn
