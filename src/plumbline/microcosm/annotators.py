"""Simulated people who rank answers: values by group, and the ways in which people err.

An annotator of group g sees K answers in some display order and scores each by

    score = sum_axis w_g[axis] * gold[axis]
            + length * (words / 10) + flattery * flatters + position * (1 - 2 i / (K - 1))
            + noise * (1 + fatigue * items seen / 100) * Gumbel

with i the display position (0 first). Answers are ranked by score; neighbours closer than `tie`
share a tier. Gumbel noise of scale s makes a pair come out as Bradley-Terry says: the answer worth
d more wins with probability 1 / (1 + exp(-d / s)); `agreement` gives the expected rate. With
`shuffled` the tiers are permuted at random: same answers, same shape, no information (the control).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation, Judge, Provenance, Ranking, Response, text_of
from plumbline.microcosm.gold import FLOOR, Gold, gold

RUBRIC = "microcosm-1"
GROUPS: dict[str, dict[str, float]] = {
    "neighbours": {"helpful": 1.0, "honest": 1.0, "harmless": 1.0},
    "scholars": {"helpful": 0.8, "honest": 1.6, "harmless": 0.6},
    "keepers": {"helpful": 0.7, "honest": 0.7, "harmless": 1.8},
}
"""What each group weighs. `neighbours` weigh as gold does; `scholars` care most for truth,
`keepers` most for safety."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How far judgements stray from values. All in units of gold value; 0 turns one off.

    noise      scale of the Gumbel noise on each score
    length     bonus for ten words
    flattery   bonus for an answer that flatters
    position   bonus for the answer shown first, falling evenly to its negative for the last
    fatigue    growth of the noise for every hundred items judged
    tie        scores closer than this share a tier
    """

    noise: float = 0.3
    length: float = 0.05
    flattery: float = 0.15
    position: float = 0.1
    fatigue: float = 0.2
    tie: float = 0.05


PERFECT = Habits(noise=0.0, length=0.0, flattery=0.0, position=0.0, fatigue=0.0, tie=0.0)


@dataclass(frozen=True, slots=True)
class Annotator:
    """A person: a name, a group and habits."""

    name: str
    group: str = "neighbours"
    habits: Habits = Habits()

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise unknown("group of annotators", self.group, GROUPS)

    def values(self, worth: Gold) -> float:
        """What an answer is worth to this person's group, without any error."""
        weights = GROUPS[self.group]
        return FLOOR * 2 if worth.total == FLOOR else _weigh(worth, weights)


def _weigh(worth: Gold, weights: dict[str, float]) -> float:
    return sum(weight * worth.axis(axis) for axis, weight in weights.items())


def people(count: int = 6, habits: Habits | None = None) -> list[Annotator]:
    """`count` annotators, the groups in turn, named after their group."""
    names = list(GROUPS)
    return [
        Annotator(f"{names[i % len(names)]}-{i // len(names) + 1}", names[i % len(names)],
                  habits or Habits())
        for i in range(count)
    ]  # fmt: skip


def gumbel(rng: random.Random) -> float:
    """A standard Gumbel draw; the difference of two is logistic."""
    return -math.log(-math.log(max(rng.random(), 1e-12)))


def rank(
    annotator: Annotator,
    prompt: Conversation,
    responses: Sequence[Response],
    rng: random.Random,
    *,
    seen: int = 0,
    shuffled: bool = False,
) -> Ranking:
    """The person's ranking of the answers, shown in an order drawn from `rng`.

    `seen` is how many items this person judged before (fatigue). Raises `UserError` for fewer than
    two answers.
    """
    if len(responses) < 2:
        raise UserError(f"a ranking needs at least two answers, not {len(responses)}")
    shown = rng.sample(range(len(responses)), len(responses))
    scores = [0.0] * len(responses)
    for place, index in enumerate(shown):
        slant = 1 - 2 * place / (len(responses) - 1)
        scores[index] = _score(annotator, prompt, responses[index], slant, seen, rng)
    tiers = _tiers(scores, annotator.habits.tie)
    if shuffled:
        tiers = _permuted(tiers, rng)
    provenance = Provenance(
        judge=Judge("rule", annotator.name, annotator.group), rubric=RUBRIC, shown=tuple(shown)
    )
    return Ranking(prompt, tuple(responses), tiers, provenance=provenance)


def _score(
    annotator: Annotator,
    prompt: Conversation,
    response: Response,
    slant: float,
    seen: int,
    rng: random.Random,
) -> float:
    habits, worth = annotator.habits, gold(prompt, response)
    flatters = any(point.what == "flatters" for point in worth.why)
    bias = habits.length * len(text_of(response).split()) / 10 + habits.flattery * flatters
    noise = habits.noise * (1 + habits.fatigue * seen / 100) * gumbel(rng)
    return annotator.values(worth) + bias + habits.position * slant + noise


def _tiers(scores: Sequence[float], tie: float) -> tuple[tuple[int, ...], ...]:
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    tiers: list[list[int]] = []
    for index in order:
        if tiers and scores[tiers[-1][-1]] - scores[index] <= tie:
            tiers[-1].append(index)
        else:
            tiers.append([index])
    return tuple(tuple(sorted(tier)) for tier in tiers)


def _permuted(
    tiers: tuple[tuple[int, ...], ...], rng: random.Random
) -> tuple[tuple[int, ...], ...]:
    count = sum(len(tier) for tier in tiers)
    new = rng.sample(range(count), count)
    return tuple(tuple(sorted(new[i] for i in tier)) for tier in tiers)


def agreement(difference: float, noise: float) -> float:
    """Probability that one annotator without biases puts the answer worth `difference` more first.

    Two of them agree with probability p^2 + (1 - p)^2.
    """
    if noise == 0:
        return 0.5 if difference == 0 else float(difference > 0)
    return 1 / (1 + math.exp(-difference / noise))
