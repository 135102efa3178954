"""Several judges on one item become one judgement, which keeps how far they agreed.

Two answers a and b to one prompt, judged by j = 1..n with weights w_j (times the people that a
judgement is the mean of already):

    p = sum_j w_j x_j / sum_j w_j       x_j = 1 where j puts a first, 0 where b, 1/2 at a tie; of a
                                        judgement that is itself soft, its own p
    margin = sum_j w_j m_j / sum_j w_j  over those who gave one, signed by their preference; 0 where
                                        it points away from the likelier answer

    rankings    of the same prompt and answers: of two answers one soft ranking; of K answers one
                for each of their K (K - 1) / 2 pairs, since a ranking has room for a single p
    thumbs      the share that is good, as a rating from 0 to 1 on the axis "thumbs"; all of them,
                so that an answer with one thumb is still compared with an answer with many
    ratings     the mean by axis and scale

An item that one judge judged keeps its judgement as it is (but for thumbs). Only the last judgement
of a judge on an item counts. Pool within one `group` at a time to train on what a group holds and
not on the middle between groups. Corrections, critiques, demonstrations and rankings with equal
answers stay as they are; everything is counted in `notes`.
Left out: estimating the weights (Dawid and Skene 1979); give them, from agreement with a reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations

from .errors import UserError
from .types import Choice, Judge, Judgement, PairOf, Provenance, Ranking, Rating, Response

Weigh = Callable[[Judgement], float]


@dataclass(frozen=True)
class Pooled:
    """One judgement an item, in the order in which the items came; remarks for people."""

    judgements: list[Judgement]
    notes: tuple[str, ...] = ()


def pool(
    judgements: Iterable[Judgement], *, weights: Mapping[str, float] | None = None, group: str = ""
) -> Pooled:
    """The judgements pooled by item; see the module.

    weights: by a judge's name, 0 leaves one out; 1 where a name is missing. group: only what judges
    of this group said. UserError where the group said nothing or a weight is none.
    """
    weigh = _weigher(weights or {})
    given = of_group(judgements, group) if group else list(judgements)
    said = [judgement for judgement in given if weigh(judgement) > 0]
    items: dict[Hashable, list[Judgement]] = {}
    for judgement in said:
        items.setdefault(_item(judgement), []).append(judgement)
    last = [latest(found) for found in items.values()]
    made = [one for found in last for one in _pooled(found, weigh)]
    return Pooled(made, tuple(_notes(len(given), len(said), last)))


def of_group(judgements: Iterable[Judgement], group: str) -> list[Judgement]:
    """What judges of one group said; UserError that lists the groups where nobody of it did."""
    said = list(judgements)
    found = [j for j in said if j.provenance.judge.group == group]
    if not found:
        groups = sorted({j.provenance.judge.group for j in said} - {""})
        fix = f"groups here: {', '.join(groups)}" if groups else "no judgement names a group"
        raise UserError(f"no judgement of the group {group!r}", fix=fix)
    return found


def latest(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The last judgement of each judge, by `when` where both have one, else by order.

    Judges without a name cannot be told apart: all of theirs count.
    """
    found: dict[Hashable, Judgement] = {}
    for n, judgement in enumerate(judgements):
        judge = judgement.provenance.judge
        key: Hashable = (judge.kind, judge.name) if judge.name else n
        if key not in found or not _earlier(judgement, found[key]):
            found[key] = judgement
    return list(found.values())


def _earlier(one: Judgement, other: Judgement) -> bool:
    mine, yours = _time(one.provenance.when), _time(other.provenance.when)
    return mine is not None and yours is not None and mine < yours


def _time(when: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(when)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _weigher(weights: Mapping[str, float]) -> Weigh:
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise UserError(f"the weight {weight} of {name!r}", fix="a weight is 0 or more")
    return lambda judgement: weights.get(judgement.provenance.judge.name, 1.0)


def _item(judgement: Judgement) -> Hashable:
    """What is pooled has one item; what is not has one of its own."""
    match judgement:
        case Choice(prompt=prompt, response=response):
            return "thumbs", prompt, response
        case Rating(prompt=prompt, response=response, axis=axis, low=low, high=high):
            return axis, low, high, prompt, response
        case Ranking(prompt=prompt):
            ranked = _ranked(judgement)
            answers = frozenset(ranked)
            if len(ranked) == len(answers) > 1:
                return prompt, answers
    return object()


def _ranked(ranking: Ranking) -> list[Response]:
    return [ranking.responses[i] for tier in ranking.tiers for i in tier]


def _pooled(found: Sequence[Judgement], weigh: Weigh) -> Iterator[Judgement]:
    """Judgements of one item, one a judge, as one; a K-fold ranking as its pairs."""
    first, by = found[0], _common([judgement.provenance for judgement in found])
    if isinstance(first, Choice):
        share = _mean([(float(j.good), weigh(j)) for j in found if isinstance(j, Choice)])
        yield Rating(first.prompt, first.response, share, "thumbs", 0.0, 1.0, by)
    elif len(found) == 1:
        yield first
    elif isinstance(first, Rating):
        score = _mean([(j.score, weigh(j)) for j in found if isinstance(j, Rating)])
        yield replace(first, score=score, provenance=by)
    else:
        yield from _soft([(j, weigh(j)) for j in found if isinstance(j, Ranking)], by)


def _mean(weighted: Sequence[tuple[float, float]]) -> float:
    total = math.fsum(weight for _, weight in weighted)
    return math.fsum(value * weight for value, weight in weighted) / total


def _soft(rankings: Sequence[tuple[Ranking, float]], by: Provenance) -> Iterator[Ranking]:
    """A ranking for each two answers, the likelier first; their order hangs on their words alone.

    Where every judge saw a tie it stays one: a tie is no pair with p = 1/2.
    """
    prompt, n = rankings[0][0].prompt, sum(ranking.n for ranking, _ in rankings)
    answers = sorted(_ranked(rankings[0][0]), key=_words)
    voices = [_Voice.of(ranking, weight) for ranking, weight in rankings]
    given = any(voice.margin is not None for voice in voices)
    for one, other in combinations(answers, 2):
        pair = _share(one, other, voices)
        ends = (one, other)[:: 1 if pair.winner == 0 else -1]
        if all(voice.tiers[one] == voice.tiers[other] for voice in voices):
            yield Ranking(prompt, (one, other), ((0, 1),), provenance=by, n=n)
        else:
            margin = pair.margin if given else None
            yield Ranking(prompt, ends, ((0,), (1,)), pair.p, margin, by, n)


def _words(response: Response) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in response]


@dataclass(frozen=True)
class _Voice:
    """One ranking, ready to be asked about two of its answers."""

    tiers: Mapping[Response, int]
    p: float
    margin: float | None
    weight: float

    @classmethod
    def of(cls, ranking: Ranking, weight: float) -> _Voice:
        tiers = {ranking.responses[i]: t for t, tier in enumerate(ranking.tiers) for i in tier}
        p = 1.0 if ranking.p is None else ranking.p
        return cls(tiers, p, ranking.margin, weight * ranking.n)

    def prefers(self, one: Response, other: Response) -> float:
        """x_j of the module, for `one`."""
        if self.tiers[one] == self.tiers[other]:
            return 0.5
        return self.p if self.tiers[one] < self.tiers[other] else 1 - self.p


def _share(one: Response, other: Response, voices: Sequence[_Voice]) -> PairOf:
    """How the voices share out over two answers (0: `one`, 1: `other`), the likelier as winner."""
    x = [voice.prefers(one, other) for voice in voices]
    ours = math.fsum(v.weight * xi for v, xi in zip(voices, x, strict=True))
    theirs = math.fsum(v.weight * (1 - xi) for v, xi in zip(voices, x, strict=True))
    sign = 1 if ours > theirs else -1 if ours < theirs else 0
    gave = [(v.margin, v.weight, xi) for v, xi in zip(voices, x, strict=True)]
    signed = [(m * _sign(xi - 0.5), weight) for m, weight, xi in gave if m is not None]
    margin = max(0.0, sign * _mean(signed)) if signed else 0.0
    winner, loser = (1, 0) if sign < 0 else (0, 1)
    return PairOf(winner, loser, max(ours, theirs) / (ours + theirs), margin)


def _sign(x: float) -> int:
    return (x > 0) - (x < 0)


def _common(provenances: Sequence[Provenance]) -> Provenance:
    """What several judgements share of their provenance; the first place and the last time."""
    first = provenances[0]
    if len(provenances) == 1:
        return first
    judges = [provenance.judge for provenance in provenances]
    kind = judges[0].kind if len({judge.kind for judge in judges}) == 1 else "unknown"
    return Provenance(
        first.where,
        Judge(kind, "", _one([judge.group for judge in judges])),
        _one([p.rubric for p in provenances]),
        max((p.when for p in provenances if p.when), key=_sortable, default=""),
        source=_one([p.source for p in provenances]),
    )


def _one(values: Sequence[str]) -> str:
    """The value that all have, else nothing."""
    return values[0] if len(set(values)) == 1 else ""


def _sortable(when: str) -> tuple[bool, datetime | str]:
    found = _time(when)
    return found is not None, found or when


def _notes(given: int, said: int, last: Sequence[Sequence[Judgement]]) -> Iterator[str]:
    counted = sum(len(found) for found in last)
    if given > said:
        yield f"{given - said} left out: their judges weigh nothing"
    if said > counted:
        yield f"{said - counted} left out: their judge judged the same again later"
    several = [found for found in last if len(found) > 1]
    voices = sum(len(found) for found in several)
    yield f"{len(several)} of {len(last)} items have several judges, {voices} judgements in all"
    pairs = sum(isinstance(f[0], Ranking) and len(_ranked(f[0])) > 2 for f in several)
    if pairs:
        yield f"{pairs} rankings of more than two answers became pairs"
    thumbs = sum(isinstance(found[0], Choice) for found in last)
    if thumbs:
        yield f"{thumbs} answers with thumbs became ratings: the share that is good"
