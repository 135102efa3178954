"""Simulated people fill in the studio's forms, in the time that people would take.

What a person thinks of an answer is `annotators.felt`: values of the group, biases, noise. From it

    pair, ranking    tiers; the strength by the gap at the top: under 0.5, under 1.5, more; "none"
                     where even the best is felt to be worth less than nothing
    thumb            up where an answer is felt to be worth more than half of a right one
    rating           "overall" from what is felt, other axes from gold's (with the same noise), -1
                     at the low end of the scale, 1 at the high one
    demonstration    the best answer there is
    correction       the answer without the sentences that cost something, if that is worth enough;
                     else the best there is
    critique         a note on each sentence that costs something, pointing at it

Nobody reads more sentences than their `attention`. Time: words read, decisions, words written
(`Pace`); the figures are about those of careful readers and of typing, and no measurement.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plumbline.core.types import Conversation, Response, text_of
from plumbline.feedback.collecting.forms import Asked, Form
from plumbline.microcosm.annotators import Annotator, felt, gumbel, scale, tiers_of
from plumbline.microcosm.answers import read, said
from plumbline.microcosm.asks import understand
from plumbline.microcosm.best import best
from plumbline.microcosm.gold import judged
from plumbline.microcosm.points import AXES, Point

RIGHT = 0.5
"""Felt worth from which an answer is called good, and from which a mended one is good enough."""
FINE = "Nothing is wrong."


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for a word read, a decision between two answers or on one, a word written."""

    read: float = 0.25
    decide: float = 2.0
    write: float = 1.5


def fill(
    person: Annotator,
    form: Form,
    asked: Asked,
    shown: Sequence[int],
    rng: random.Random,
    *,
    seen: int = 0,
    pace: Pace = Pace(),
) -> tuple[dict[str, Any], float]:
    """A body that `bodies.checked` takes, and the seconds it took this person."""
    words = sum(len(m.content.split()) for m in asked.prompt)
    words += sum(len(text_of(one).split()) for one in asked.answers)
    spent = pace.read * words
    if form.kind == "demonstration":
        text = written(asked.prompt, rng)
        turns = [{"role": "assistant", "content": text}]
        return {"turns": turns}, spent + pace.write * len(text.split())
    if form.kind == "correction":
        text = mended(person, asked.prompt, asked.answers[0], rng)
        new = [word for word in text.split() if word not in text_of(asked.answers[0]).split()]
        return {"text": text}, spent + pace.decide + pace.write * len(new)
    if form.kind == "critique":
        notes = criticised(person, asked.prompt, asked.answers[0])
        wrote = sum(len(note["text"].split()) for note in notes)
        return {"notes": notes}, spent + pace.decide + pace.write * wrote
    scores = felt(person, asked.prompt, asked.answers, shown, rng, seen=seen)
    decisions = max(1, len(scores) * (len(scores) - 1) // 2)
    if form.kind == "thumb":
        return {"good": scores[0] > RIGHT}, spent + pace.decide
    if form.kind == "rating":
        rated = _rated(person, form, asked, scores, rng, seen)
        return {"scores": rated}, spent + pace.decide * len(form.axes) * len(scores)
    return _ordered(person, form, scores), spent + pace.decide * decisions


def written(prompt: Conversation, rng: random.Random) -> str:
    """What the best answer says, in words of one's own."""
    ask = understand(prompt)
    return said(best(ask, rng.randrange(1000))) if ask else "I do not know."


def mended(person: Annotator, prompt: Conversation, response: Response, rng: random.Random) -> str:
    """The answer without what costs, if what is left is good enough; else a better one."""
    ask, parts = understand(prompt), read(text_of(response))
    bad = {point.words for point in _costs(person, prompt, response)}
    kept = tuple(part for part in parts if part.text not in bad)
    if ask and kept and person.values(judged(ask, kept)) > RIGHT:
        return said(kept)
    return written(prompt, rng)


def criticised(person: Annotator, prompt: Conversation, response: Response) -> list[dict[str, Any]]:
    """Notes on what costs, each at its words; that nothing is wrong where nothing does."""
    text, notes = text_of(response), []
    for point in _costs(person, prompt, response):
        start = text.find(point.words) if point.words else -1
        span = [start, start + len(point.words)] if start >= 0 else None
        notes.append({"text": f"{point.axis}: {point.what}", "span": span})
    return notes or [{"text": FINE, "span": None}]


def _costs(person: Annotator, prompt: Conversation, response: Response) -> list[Point]:
    parts = read(text_of(response))
    looked = parts[: person.habits.attention] if person.habits.attention else parts
    found = judged(understand(prompt), looked).why
    return [point for point in found if point.value < 0]


def _ordered(person: Annotator, form: Form, scores: Sequence[float]) -> dict[str, Any]:
    tiers = tiers_of(scores, person.habits.tie)
    if not form.ties:
        tiers = tuple((i,) for i in sorted(range(len(scores)), key=lambda i: -scores[i]))
    body: dict[str, Any] = {"tiers": [list(tier) for tier in tiers]}
    if form.none:
        body["none"] = max(scores) < 0
    if form.strength and len(tiers) > 1:
        gap = scores[tiers[0][0]] - scores[tiers[1][0]]
        body["strength"] = 1 if gap < 0.5 else 2 if gap < 1.5 else 3
    return body


def _rated(
    person: Annotator,
    form: Form,
    asked: Asked,
    scores: Sequence[float],
    rng: random.Random,
    seen: int,
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for axis in form.axes:
        worth = list(scores)
        if axis.name in AXES:
            ask = understand(asked.prompt)
            worth = [
                judged(ask, read(text_of(one))).axis(axis.name)
                + scale(person.habits, seen) * gumbel(rng)
                for one in asked.answers
            ]
        ends = [min(max((value + 1) / 2, 0.0), 1.0) for value in worth]
        found[axis.name] = [float(axis.low + round(x * (axis.high - axis.low))) for x in ends]
    return found
