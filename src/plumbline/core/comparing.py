"""From judgements that compare answers to rankings and pairs: the half of `views` about order.

A ranking of K answers in tiers gives every ordered pair across tiers, each of weight
1 / (number of pairs). Ratings and thumbs on several answers to one prompt are ordered by mean
score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from .types import (
    Choice,
    Edit,
    Example,
    Judgement,
    PairOf,
    Provenance,
    Ranking,
    Rating,
    Response,
)

Dropped = tuple[str, str]
"""Where a row stands ("file:line") and why it cannot be used."""

Tiers = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Views:
    """Examples in the order of their judgements, rows that cannot be used, remarks for people."""

    examples: list[Example]
    dropped: list[Dropped]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row that parses and yet cannot be trained on."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A sound row with no place in this view; counted by reason."""

    why: str


Found = Example | Unusable | Aside


def gather(found: Iterable[Found]) -> Views:
    """Sort what was found into examples, dropped rows and counted remarks."""
    examples: list[Example] = []
    dropped: list[Dropped] = []
    aside: Counter[str] = Counter()
    for item in found:
        match item:
            case Example():
                examples.append(item)
            case Unusable(where, why):
                dropped.append((where, why))
            case Aside(why):
                aside[why] += 1
    return Views(examples, dropped, tuple(f"{n} left out: {why}" for why, n in aside.items()))


def compared(judgements: Iterable[Judgement], *, tiers: bool) -> Views:
    """Rankings and edits in order, then what was derived from ratings and thumbs on one prompt."""
    found: list[Found] = []
    groups: dict[object, list[Rating | Choice]] = {}
    for judgement in judgements:
        match judgement:
            case Ranking() | Edit():
                found.append(example(likelier_first(as_ranking(judgement)), tiers=tiers))
            case Rating(prompt=prompt, axis=axis, low=low, high=high):
                groups.setdefault((prompt, axis, low, high), []).append(judgement)
            case Choice(prompt=prompt):
                groups.setdefault((prompt, "thumbs"), []).append(judgement)
            case _:
                kind = type(judgement).__name__.lower()
                found.append(Unusable(judgement.provenance.where, f"a {kind} compares nothing"))
    derived = [(group[0], x) for group in groups.values() for x in _from_group(group, tiers)]
    made = gather(found + [x for _, x in derived])
    thumbs = sum(isinstance(j, Choice) and isinstance(x, Example) for j, x in derived)
    note = (f"{thumbs} comparisons were made from good and bad answers to one prompt",)
    return replace(made, notes=made.notes + note) if thumbs else made


def _from_group(group: Sequence[Rating | Choice], tiers: bool) -> list[Found]:
    """Answers to one prompt ordered by mean score, or the reason why no row of it can be used."""
    scores: dict[Response, list[float]] = {}
    for judgement in group:
        score = judgement.score if isinstance(judgement, Rating) else float(judgement.good)
        scores.setdefault(judgement.response, []).append(score)
    means = [sum(s) / len(s) for s in scores.values()]
    first = group[0]
    # Both are sound, and common: people say of all answers of a comparison that none is acceptable.
    if isinstance(first, Choice) and len(set(means)) < 2:
        why = "a thumb without one the other way on its prompt compares nothing"
        return [Aside(why) for _ in group]
    if len(scores) < 2:
        return [Aside("a rating without a second answer to its prompt compares nothing")] * len(
            group
        )
    ranking = Ranking(first.prompt, tuple(scores), by_score(means), provenance=first.provenance)
    made = example(ranking, tiers=tiers)
    if isinstance(made, Example) and isinstance(first, Rating):
        made = replace(made, tags={**made.tags, "axis": first.axis})
    return [made]


def by_score(scores: Sequence[float]) -> Tiers:
    """Tiers, best first, of indices by score; equal scores tie."""
    levels = sorted(set(scores), reverse=True)
    return tuple(tuple(i for i, s in enumerate(scores) if s == level) for level in levels)


def as_ranking(judgement: Ranking | Edit) -> Ranking:
    """A correction is a ranking of two: the corrected answer above the original."""
    if isinstance(judgement, Ranking):
        return judgement
    responses = (judgement.corrected, judgement.original)
    return Ranking(judgement.prompt, responses, ((0,), (1,)), provenance=judgement.provenance)


def likelier_first(ranking: Ranking) -> Ranking:
    """The same preference with p >= 0.5, so that a winner is what is more probably better."""
    if ranking.p is None or ranking.p >= 0.5:
        return ranking
    return replace(ranking, tiers=ranking.tiers[::-1], p=1 - ranking.p)


def example(ranking: Ranking, *, tiers: bool) -> Found:
    """The ranked answers as one tree with their pairs; answers outside the tiers are left away."""
    where = ranking.provenance.where
    kept = sorted(i for tier in ranking.tiers for i in tier)
    responses = tuple(ranking.responses[i] for i in kept)
    order = tuple(tuple(kept.index(i) for i in tier) for tier in ranking.tiers)
    if len(responses) < 2:
        return Unusable(where, "fewer than two answers to compare")
    if any(empty(r) for r in responses):
        return Unusable(where, "empty answer")
    ordered = _ordered(responses, order)
    if not ordered and len(order) > 1:
        return Unusable(where, "equal answers")
    if not ordered and not tiers:
        return Aside("a ranking whose answers all tie gives no pair")
    p = 1.0 if ranking.p is None else ranking.p
    weight = 1 / max(len(ordered), 1)
    margin = ranking.margin or 0.0
    pairs = tuple(PairOf(winner, loser, p, margin, weight) for winner, loser in ordered)
    tags = tags_of(ranking.provenance)
    return Example(ranking.prompt, responses, pairs, order if tiers else (), where=where, tags=tags)


def _ordered(responses: tuple[Response, ...], tiers: Tiers) -> list[tuple[int, int]]:
    """(winner, loser) across tiers; answers that say the same make no pair."""
    return [
        (winner, loser)
        for better, worse in combinations(tiers, 2)
        for winner in better
        for loser in worse
        if not same(responses[winner], responses[loser])
    ]


def empty(response: Response) -> bool:
    """Whether an assistant turn of it has no words, or it has no such turn at all."""
    spoken = [m for m in response if m.role in ("assistant", "text")]
    return not spoken or any(not m.content.strip() for m in spoken)


def same(one: Response, other: Response) -> bool:
    """Whether two responses say the same but for white space around their turns."""
    words = [[(m.role, m.content.strip()) for m in r] for r in (one, other)]
    return words[0] == words[1]


def tags_of(provenance: Provenance) -> dict[str, str]:
    """Who judged, of which group, and from which source, where that is known."""
    judge = provenance.judge
    found = {"judge": judge.name, "group": judge.group, "source": provenance.source}
    return {name: value for name, value in found.items() if value}
