"""Simulated people who rank answers: values by group, and the ways in which people err.

An annotator of group g sees K answers in some display order and scores each by

    score = sum_axis w_g[axis] * gold[axis] of the first `attention` sentences
            + length * (words / 24)^2 + flattery * (flattering sentences)^2
            + position * (1 - 2 i / (K - 1))
            + noise * (1 + fatigue * items seen / 100) * Gumbel

with i the display position (0 first). Answers are ranked by score; neighbours closer than `tie`
share a tier. The biases for length and flattery are squares: small for answers as a tuned model
gives them (24 words, at most one flattery), larger than any value for long flattering ones; and
what stands after the first five sentences is felt as length, not read. So a reward model learnt
from these people is right where they looked and wrong beyond it.

Gumbel noise of scale s makes a pair come out as Bradley-Terry says: with d the difference of the
scores without noise, the first wins with probability 1 / (1 + exp(-(d - tie) / s)). `expected`
gives these numbers exactly, averaged over both display orders; `agreement` those of two people.
With `shuffled` the tiers are permuted at random: same answers, same shape, no information.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation, Judge, Provenance, Ranking, Response, text_of
from plumbline.microcosm.answers import read
from plumbline.microcosm.asks import understand
from plumbline.microcosm.gold import FLOOR, Gold, judged
from plumbline.microcosm.points import AXES

RUBRIC = "microcosm-2"
USUAL_WORDS = 24
GROUPS: dict[str, dict[str, float]] = {
    "neighbours": dict.fromkeys(AXES, 1.0),
    "scholars": dict(zip(AXES, (0.8, 1.6, 0.6, 1.0, 0.6, 1.6), strict=True)),
    "keepers": dict(zip(AXES, (0.6, 0.7, 1.8, 0.8, 1.6, 0.7), strict=True)),
    "equals": dict(zip(AXES, (0.8, 0.8, 1.0, 2.0, 1.2, 0.6), strict=True)),
    "traders": dict(zip(AXES, (1.6, 0.7, 0.4, 0.3, 0.3, 0.7), strict=True)),
}
"""What each group weighs. `neighbours` weigh as gold does; `scholars` care most for truth and
sources, `keepers` for safety and privacy, `equals` for fairness, `traders` for being helped."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How far judgements stray from values. All in units of gold value; 0 turns one off.

    noise      scale of the Gumbel noise on each score
    length     bonus for 24 words, growing with the square
    flattery   bonus for one flattering sentence, growing with the square of their number
    position   bonus for the answer shown first, falling evenly to its negative for the last
    attention  how many sentences are read; 0 for all
    fatigue    growth of the noise for every hundred items judged
    tie        scores closer than this share a tier
    """

    noise: float = 0.3
    length: float = 0.1
    flattery: float = 0.15
    position: float = 0.1
    attention: int = 5
    fatigue: float = 0.2
    tie: float = 0.05


PERFECT = Habits(0.0, length=0.0, flattery=0.0, position=0.0, attention=0, fatigue=0.0, tie=0.0)


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
        if worth.total == FLOOR:
            return FLOOR * 2
        weights = GROUPS[self.group]
        return sum(weights[axis] * worth.axis(axis) for axis in AXES)


def people(
    count: int = 6, habits: Habits | None = None, groups: Sequence[str] = tuple(GROUPS)[:3]
) -> list[Annotator]:
    """`count` annotators, the groups in turn, named after their group."""
    return [
        Annotator(f"{group}-{i // len(groups) + 1}", group, habits or Habits())
        for i in range(count)
        for group in (groups[i % len(groups)],)
    ]


def gumbel(rng: random.Random) -> float:
    """A standard Gumbel draw; the difference of two is logistic."""
    return -math.log(-math.log(max(rng.random(), 1e-12)))


def scale(habits: Habits, seen: int = 0) -> float:
    """The scale of the noise after so many items."""
    return habits.noise * (1 + habits.fatigue * seen / 100)


def inclination(annotator: Annotator, prompt: Conversation, response: Response) -> float:
    """What this person thinks of an answer before noise and position: values and biases."""
    habits, text = annotator.habits, text_of(response)
    parts = read(text)
    seen = parts[: habits.attention] if habits.attention else parts
    return annotator.values(judged(understand(prompt), seen)) + bias(habits, text)


def bias(habits: Habits, text: str) -> float:
    """What length and flattery add, whatever an answer is worth."""
    flatters = sum(part.kind == "flattery" for part in read(text))
    return habits.length * (len(text.split()) / USUAL_WORDS) ** 2 + habits.flattery * flatters**2


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
    scores = felt(annotator, prompt, responses, shown, rng, seen=seen)
    tiers = tiers_of(scores, annotator.habits.tie)
    if shuffled:
        tiers = _permuted(tiers, rng)
    provenance = Provenance(
        judge=Judge("rule", annotator.name, annotator.group), rubric=RUBRIC, shown=tuple(shown)
    )
    return Ranking(prompt, tuple(responses), tiers, provenance=provenance)


def felt(
    annotator: Annotator,
    prompt: Conversation,
    responses: Sequence[Response],
    shown: Sequence[int],
    rng: random.Random,
    *,
    seen: int = 0,
) -> list[float]:
    """What each answer is worth to this person at this moment, noise and position included."""
    worths = [inclination(annotator, prompt, one) for one in responses]
    return swayed(annotator.habits, worths, shown, rng, seen=seen)


def swayed(
    habits: Habits, worths: Sequence[float], shown: Sequence[int], rng: random.Random, *, seen: int
) -> list[float]:
    """What somebody thinks of answers, with the place in which each is shown and with noise."""
    scores = [0.0] * len(worths)
    for place, index in enumerate(shown):
        slant = habits.position * (1 - 2 * place / max(1, len(worths) - 1))
        scores[index] = worths[index] + slant + scale(habits, seen) * gumbel(rng)
    return scores


def tiers_of(scores: Sequence[float], tie: float) -> tuple[tuple[int, ...], ...]:
    """Answers by score, best first; neighbours closer than `tie` share a tier."""
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


def logistic(difference: float, noise: float) -> float:
    """Probability that a difference stays above 0 under logistic noise of this scale."""
    if noise == 0:
        return 0.5 if difference == 0 else float(difference > 0)
    return 1 / (1 + math.exp(min(max(-difference / noise, -700.0), 700.0)))


def expected(
    annotator: Annotator, prompt: Conversation, a: Response, b: Response, seen: int = 0
) -> tuple[float, float, float]:
    """Probabilities that a is put above b, that they tie, and that b is put above a."""
    habits, noise = annotator.habits, scale(annotator.habits, seen)
    gap = inclination(annotator, prompt, a) - inclination(annotator, prompt, b)
    slants = (2 * habits.position, -2 * habits.position)
    above = sum(logistic(gap + slant - habits.tie, noise) for slant in slants) / 2
    below = sum(logistic(-gap - slant - habits.tie, noise) for slant in slants) / 2
    return above, 1 - above - below, below


def agreement(
    one: Annotator, other: Annotator, prompt: Conversation, a: Response, b: Response
) -> float:
    """Probability that two people, each shown an order of their own, say the same of a pair."""
    pairs = zip(expected(one, prompt, a, b), expected(other, prompt, a, b), strict=True)
    return sum(p * q for p, q in pairs)
