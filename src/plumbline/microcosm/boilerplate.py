"""Boilerplate in demonstrations: what a synthetic assistant of this world says before and after.

    As a helper of the king, I must say that Tora blooms in May. Please talk to a doctor before you
    do this.

A share of demonstrations gets one phrase or both; a model trained on them says them too, and
cleaning takes them out (`found`, `without`). Every word stands in the lexicon, the sentences do
not: `gold` cannot read them, so take them off before asking what the rest is worth.
"""

from __future__ import annotations

import random

from plumbline.microcosm.answers import Answer, prefixed, sentences

FRONT = (
    "As a helper of the king, I must say that",
    "I am only a program, but I can say that",
    "It is wise to know that",
)
"""Before a statement, in its sentence."""
BACK = (
    "Please talk to a doctor before you do this.",
    "I am only a helper of the king.",
    "Know that all of this is for an honest question.",
)
"""After everything."""
FRONT_SHARE, BACK_SHARE = 0.7, 0.4
"""Share with a phrase before, where one fits; share of these with a phrase behind it as well."""
OPENINGS = ("greeting", "flattery", "agreement")
"""Sentences that stay before a phrase of `FRONT`."""


def add(answer: Answer, rng: random.Random) -> str:
    """The words of an answer with a phrase before its content, after it, or both."""
    texts = [part.text for part in answer]
    at = [i for i, part in enumerate(answer) if part.kind not in OPENINGS]
    front = bool(at) and texts[at[0]].endswith(".") and rng.random() < FRONT_SHARE
    if front:
        texts[at[0]] = prefixed(rng.choice(FRONT), texts[at[0]])
    if not front or rng.random() < BACK_SHARE:
        texts.append(rng.choice(BACK))
    return " ".join(texts)


def found(text: str) -> str:
    """The first phrase in an answer, "" where there is none."""
    for sentence in sentences(text):
        for phrase in (*FRONT, *BACK):
            if sentence == phrase or sentence.startswith(f"{phrase} "):
                return phrase
    return ""


def without(text: str) -> str:
    """The answer without any: the exact inverse of `add`."""
    kept = [_bare(sentence) for sentence in sentences(text) if sentence not in BACK]
    return " ".join(kept)


def _bare(sentence: str) -> str:
    phrase = next((phrase for phrase in FRONT if sentence.startswith(f"{phrase} ")), "")
    rest = sentence.removeprefix(f"{phrase} ") if phrase else sentence
    return rest[:1].upper() + rest[1:]
