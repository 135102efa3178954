"""Comparisons made more than once: contradictions of one person, and what several people prefer.

Every judgement is taken apart into votes: on two answers to a prompt under a rubric, the
probability that the one with the smaller digest is better (1, 0, 1/2 for a tie, or the judgement's
own p); on one answer, a thumb. Votes on the same thing find each other by its digest, on the disk;
only rows that repeat something are read again.

    one person, both ways      flagged (or removed): they contradict themselves under this rubric
    one person, the same again a repetition, one stays
    several people             one row stays with p, the mean over people, and n, their number; by
                               group where asked, since pooling groups hides that they differ

A person has one vote: the mean of what they said. Rows that name nobody count as a person each, and
are pooled only where they differ (equal ones may be copies; that is the duplicates' rule). Only
comparisons of two answers in forms that can hold `p` are pooled; rankings of more answers take part
in finding contradictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plumbline.core.types import Choice, Conversation, Judgement, Ranking

from .claims import teller
from .clusters import shared
from .columns import Table, scratch
from .settings import Conflicts

CHUNK = 1 << 14
THUMB = -1
"""The sort of vote that is on one answer."""


class Vote(NamedTuple):
    """`side` is the probability that the first answer of the pair `key` is better.

    `answers` is how many the row compares (`THUMB` for one); `strict` says that it ranks them.
    """

    key: bytes
    row: int
    side: float
    person: str
    group: str
    answers: int


@dataclass(frozen=True)
class Pooled:
    """Rows `gone` are said by row `kept`, whose p becomes the mean of `n` people."""

    kept: int
    gone: tuple[int, ...]
    p: float
    n: int
    group: str
    people: bool


@dataclass(frozen=True)
class Contradiction:
    """`person` said both ways in these rows."""

    person: str
    rows: tuple[int, ...]


def votes(
    row: int, judgement: Judgement, fields: Mapping[str, Any], settings: Conflicts
) -> Iterator[Vote]:
    """What one row says on every pair of its answers; nothing for other judgements."""
    if not isinstance(judgement, Ranking | Choice):
        return
    person, group, rubric = teller(judgement, fields, settings)
    if isinstance(judgement, Choice):
        key = _key(rubric, judgement.prompt, (_digest(judgement.response), b"thumb"))
        yield Vote(key, row, float(judgement.good), person, group, THUMB)
        return
    answers = [_digest(response) for response in judgement.responses]
    for (one, above), (other, below) in _pairs(judgement.tiers):
        p = 0.5 if above == below else 1.0 if judgement.p is None else judgement.p
        low, high = sorted((answers[one], answers[other]))
        if low != high:
            key = _key(rubric, judgement.prompt, (low, high))
            side = p if answers[one] == low else 1 - p
            yield Vote(key, row, side, person, group, len(answers))


def find(
    all_votes: Iterable[Vote],
    again: Callable[[int], Iterable[Vote]],
    folder: Path,
    settings: Conflicts,
) -> Iterator[Pooled | Contradiction]:
    """What the votes come to; `again(row)` gives a row's votes a second time."""
    with scratch(folder, "conflicts") as temp, Table(temp) as table:
        votes = iter(all_votes)
        while some := list(islice(votes, CHUNK)):
            keys = np.frombuffer(b"".join(vote.key for vote in some), np.uint64).reshape(-1, 2)
            rows = np.array([vote.row for vote in some], np.int64)
            table.append({"key": keys[:, 0], "row": rows})
        columns = table.columns()
        if "key" not in columns:
            return
        keys = columns["key"]
        for places, groups in shared(keys, None, temp):
            edges = [*np.flatnonzero(np.diff(groups, prepend=-1)), len(places)]
            for start, stop in pairwise(edges):
                some_rows = columns.rows("row", places[start:stop])
                yield from _repeated(
                    keys[places[start]], sorted(set(some_rows.tolist())), again, settings
                )


def _repeated(
    first: Any, rows: Sequence[int], again: Callable[[int], Iterable[Vote]], settings: Conflicts
) -> Iterator[Pooled | Contradiction]:
    """The rows whose votes share the first half of a key, by whole keys."""
    by_key: dict[bytes, list[Vote]] = {}
    for row in rows:
        for vote in again(row):
            if np.frombuffer(vote.key, np.uint64)[0] == first:
                by_key.setdefault(vote.key, []).append(vote)
    for some in by_key.values():
        if len(some) > 1:
            yield from _settled(some, settings)


def _settled(some: Sequence[Vote], settings: Conflicts) -> Iterator[Pooled | Contradiction]:
    """What all votes on one pair come to."""
    both = {
        person for person in {vote.person for vote in some if vote.person} if _torn(some, person)
    }
    for person in sorted(both):
        yield Contradiction(person, tuple(vote.row for vote in some if vote.person == person))
    if settings.same == "remove":
        some = [vote for vote in some if vote.person not in both]
    pairs = [vote for vote in some if vote.answers == 2]
    for group in sorted({vote.group for vote in pairs}) if settings.by_group else [None]:
        mine = [vote for vote in pairs if group is None or vote.group == group]
        pooled = _pooled(mine, group or "", both)
        if pooled:
            yield pooled


def _torn(some: Sequence[Vote], person: str) -> bool:
    sides = [vote.side for vote in some if vote.person == person]
    return min(sides) < 0.5 < max(sides)


def _pooled(some: Sequence[Vote], group: str, both: set[str]) -> Pooled | None:
    """One row for several, or None where they stay as they are."""
    said: dict[str, list[float]] = {}
    for n, vote in enumerate(some):
        said.setdefault(vote.person or f"\0{n}", []).append(vote.side)
    strict = [vote for vote in some if vote.side != 0.5]
    if len(some) < 2 or not strict:
        return None
    people = any(vote.person for vote in some)
    sides = {vote.side > 0.5 for vote in strict}
    if not people and len(sides) == 1:
        return None
    if len(said) == 1 and both.intersection(said):
        return None
    mean = sum(sum(one) / len(one) for one in said.values()) / len(said)
    kept = next((vote for vote in strict if (vote.side > 0.5) == (mean > 0.5)), strict[0])
    p = mean if kept.side > 0.5 else 1 - mean
    gone = tuple(vote.row for vote in some if vote.row != kept.row)
    return Pooled(kept.row, gone, p, len(said), group, people) if gone else None


def soft(row: dict[str, Any], found: Pooled, settings: Conflicts) -> dict[str, Any]:
    """The row that stays, with p and n; nobody's name stands for several people."""
    row = {**row, "p": round(found.p, 6), "n": found.n}
    if found.n == 1:
        return row
    row.pop(settings.person, None)
    if isinstance(told := row.get("provenance"), dict) and isinstance(told.get("judge"), dict):
        judge = {name: value for name, value in told["judge"].items() if name != "name"}
        row["provenance"] = {**told, "judge": judge}
    return row


def _pairs(
    tiers: Sequence[Sequence[int]],
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """((answer, tier), (answer, tier)) of every two ranked answers, the better first."""
    ranked = [(answer, tier) for tier, members in enumerate(tiers) for answer in members]
    for n, one in enumerate(ranked):
        for other in ranked[n + 1 :]:
            yield one, other


def _digest(turns: Conversation) -> bytes:
    """White space and who speaks first do not make another text."""
    said = "\0".join(f"{turn.role}\0{' '.join(turn.content.split())}" for turn in turns)
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _key(rubric: str, prompt: Conversation, answers: tuple[bytes, bytes]) -> bytes:
    parts = (rubric.encode("utf-8", "surrogatepass"), _digest(prompt), *answers)
    return blake2b(b"\0".join(parts), digest_size=16).digest()
