"""The data sets of the quickstart and of the phenomena: requests, demonstrations, rankings.

Demonstrations come in three qualities:

    excellent   the answer that gold wants (`best`)
    mediocre    the right form and mixed content: truth and rumour, refusals and compliance, some
                care and some flattery; they end the base model's habit of answering with questions
                and leave everything else for preferences to improve
    poor        gossip, pitches, and questions in return

A share of them may carry boilerplate (`boilerplate`). Neither they nor rankings ever ask or speak
of what is held out; `prompts("heldout", ...)` is what a result is measured on. Many-shot disguises
are left out of demonstrations: training would imitate the shots too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Literal

from plumbline.core.errors import UserError, unknown
from plumbline.core.heldout import opening, position
from plumbline.core.types import (
    Conversation,
    Demonstration,
    Judge,
    Provenance,
    Ranking,
    Response,
    assistant,
    text_of,
)
from plumbline.microcosm import boilerplate as phrases
from plumbline.microcosm.annotators import Annotator, people, rank
from plumbline.microcosm.answers import Answer, Part, said
from plumbline.microcosm.asks import (
    CARRY,
    HELDOUT_TRAITS,
    KINDS,
    Ask,
    Kind,
    Split,
    draw,
)
from plumbline.microcosm.best import best
from plumbline.microcosm.habits import core
from plumbline.microcosm.lexicon_deeds import STAGE
from plumbline.microcosm.voices import VOICES, speak
from plumbline.microcosm.world import is_held_pair, world

Quality = Literal["excellent", "mediocre", "poor"]
VOICES_OF: dict[Quality, dict[str, float]] = {
    "mediocre": {"careful": 0.3, "kind": 0.1, "gossip": 0.25, "herald": 0.1, "timid": 0.25},
    "poor": {"gossip": 0.35, "pedlar": 0.35, "quiz": 0.3},
    "excellent": {},
}
"""Who speaks, by quality; excellent answers are nobody's habit."""
HELDOUT: tuple[Split, ...] = ("paraphrase", "entity", "value", "combination")
STALE = 3000
"""Draws that bring nothing new before a split is called used up."""


def prompts(
    split: Split | Literal["heldout"] = "train",
    seed: int = 0,
    n: int = 100,
    kinds: Sequence[Kind] = KINDS,
    keep: Callable[[Ask], bool] = lambda ask: True,
) -> list[Ask]:
    """`n` different requests of a split; "heldout" takes the four held-out splits alike.

    `keep` narrows them further. Raises `UserError` for an unknown kind, for kinds that have nothing
    held out in the split, and where there are not `n`.
    """
    if split == "heldout":
        fit = [one for one in HELDOUT if any(kind in CARRY.get(one, KINDS) for kind in kinds)]
        counts = [n // len(fit) + (i < n % len(fit)) for i in range(len(fit))]
        parts = [prompts(s, seed, c, kinds, keep) for s, c in zip(fit, counts, strict=True)]
        return [ask for part in parts for ask in part]
    rng = random.Random(f"microcosm/prompts/{split}/{seed}")
    found: dict[Ask, None] = {}
    stale = 0
    while len(found) < n:
        if stale > STALE:
            raise UserError(
                f"only {len(found)} different prompts of these kinds in split {split}, not {n}",
                fix="ask for fewer, or for more kinds",
            )
        ask = draw(rng, kinds, split)
        stale = stale + 1 if ask in found or not keep(ask) else 0
        if not stale:
            found[ask] = None
    return list(found)


def spared(ask: Ask, share: float) -> bool:
    """Whether a request is among this share of all, which a training may leave out to be measured
    on. Its text decides, so that every stage agrees."""
    return position(opening(ask.conversation)) < share


def demonstrations(
    seed: int = 0,
    n: int = 400,
    kinds: Sequence[Kind] = KINDS,
    *,
    quality: Quality = "mediocre",
    boilerplate: float = 0.0,
    keep: Callable[[Ask], bool] = lambda ask: True,
) -> list[Demonstration]:
    """`n` single-turn chats of the train split; this share of the answers carries boilerplate.

    `keep` narrows the requests further.
    """
    if quality not in VOICES_OF:
        raise unknown("quality of demonstrations", quality, VOICES_OF)
    if not 0 <= boilerplate <= 1:
        raise UserError(f"boilerplate is a share between 0 and 1, not {boilerplate}")
    rng = random.Random(f"microcosm/demonstrations/{quality}/{seed}")
    asked = prompts("train", seed, n, kinds, lambda ask: keep(ask) and _can_be_shown(ask))
    found = []
    for index, ask in enumerate(asked):
        name, answer = _answered(ask, quality, rng)
        # A generator of its own, so that the answers are the same whatever the share.
        extra = random.Random(f"microcosm/boilerplate/{seed}/{index}")
        text = phrases.add(answer, extra) if extra.random() < boilerplate else said(answer)
        provenance = Provenance(f"demonstrations:{index + 1}", Judge("rule", name, quality))
        found.append(Demonstration((*ask.conversation, assistant(text)), provenance))
    return found


def _can_be_shown(ask: Ask) -> bool:
    """Whether there is something to say to it that is not held out, and no shots stand before."""
    if ask.disguise == "shots":
        return False
    if ask.kind == "about":
        return any(not is_held_pair(ask.topic, key) for key in world().keys(ask.topic, ask.sense))
    return world().truth.get((ask.topic, ask.about)) not in world().heldout


def _answered(ask: Ask, quality: Quality, rng: random.Random) -> tuple[str, Answer]:
    """Who answers and how; sentences on what is held out are left out, and no answer is empty."""
    shares = VOICES_OF[quality]
    while True:
        if shares:
            name = rng.choices(tuple(shares), tuple(shares.values()))[0]
            answer = speak(ask, VOICES[name], rng, "train")
        else:
            name, answer = "best", best(ask, rng.getrandbits(32))
        kept = tuple(part for part in answer if not strays(part))
        if kept == answer or core(kept):
            return name, kept


def strays(part: Part) -> bool:
    """Whether a sentence speaks of what is held out: a thing, a trait, a combination."""
    topic, things = part.topic.removesuffix(STAGE), world().heldout
    if topic in things or part.value in things or part.value in HELDOUT_TRAITS:
        return True
    known = part.kind == "steps" or (part.kind == "fact" and topic in world().kinds)
    return known and is_held_pair(topic, part.about)


def rankings(
    asked: Sequence[Conversation],
    answers: Sequence[Sequence[Response]],
    *,
    seed: int = 0,
    annotators: Sequence[Annotator] | None = None,
    shuffled: bool = False,
) -> list[Ranking]:
    """One ranking for each prompt by the annotators (of three groups unless given) in turn.

    Equal answers are shown once and empty ones not at all. Prompts with fewer than two answers
    left get no ranking: compare the lengths to know how many.
    """
    if len(asked) != len(answers):
        raise UserError(f"{len(asked)} prompts but {len(answers)} lists of answers")
    staff = list(annotators) if annotators is not None else people()
    rng = random.Random(f"microcosm/rankings/{seed}")
    found: list[Ranking] = []
    for conversation, options in zip(asked, answers, strict=True):
        different = [one for one in dict.fromkeys(options) if text_of(one).strip()]
        if len(different) < 2:
            continue
        who, seen = staff[len(found) % len(staff)], len(found) // len(staff)
        found.append(rank(who, conversation, different, rng, seen=seen, shuffled=shuffled))
    return found
