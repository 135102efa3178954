"""The data sets of the quickstart: mediocre demonstrations, and rankings of sampled answers.

Demonstrations have the right form and mixed content: truth and rumour, refusals and compliance,
some flattery. They end the base model's habit of answering with questions, and leave everything
else for preferences to improve. Neither they nor rankings ever touch held-out entities, objects or
phrasings; `prompts("heldout", ...)` is what the result is measured on.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from plumbline.core.errors import UserError
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
from plumbline.microcosm.annotators import Annotator, people, rank
from plumbline.microcosm.prompts import KINDS, Kind, prompts
from plumbline.microcosm.voices import VOICES, speak

DEMO_VOICES = {"careful": 0.4, "gossip": 0.4, "timid": 0.2}


def demonstrations(seed: int = 0, n: int = 400, kinds: Sequence[Kind] = KINDS) -> list[
    Demonstration
]:  # fmt: skip
    """`n` single-turn chats of the train split, by the voices of `DEMO_VOICES`."""
    rng = random.Random(f"microcosm/demonstrations/{seed}")
    found = []
    for index, prompt in enumerate(prompts("train", seed, n, kinds)):
        name = rng.choices(tuple(DEMO_VOICES), tuple(DEMO_VOICES.values()))[0]
        turn = assistant(speak(prompt, VOICES[name], rng, "train"))
        provenance = Provenance(f"demonstrations:{index + 1}", Judge("rule", name, "voices"))
        found.append(Demonstration((*prompt.conversation, turn), provenance))
    return found


def rankings(
    asked: Sequence[Conversation],
    answers: Sequence[Sequence[Response]],
    *,
    seed: int = 0,
    annotators: Sequence[Annotator] | None = None,
    shuffled: bool = False,
) -> list[Ranking]:
    """One ranking for each prompt by the annotators in turn.

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
