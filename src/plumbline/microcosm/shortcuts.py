"""What a judge could do without reading the rule rightly: baselines for weighing two answers.

    longer    the answer with more words
    kinder    the one with more greetings, kindness, care and thanks
    overlap   the one that shares more words with the rule (a bag of words)

Each returns the index of the answer it prefers, or None where both look the same to it (worth half
a point). On contested pairs, both rules of which are judged, the first two are right half the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from plumbline.microcosm.answers import read
from plumbline.microcosm.verdicts import Pair

WARM = ("greeting", "kindness", "care", "thanks")


def _larger(values: Sequence[float]) -> int | None:
    return None if values[0] == values[1] else int(values[1] > values[0])


def longer(pair: Pair) -> int | None:
    """The answer with more words."""
    return _larger([len(text.split()) for text in pair.answers])


def kinder(pair: Pair) -> int | None:
    """The answer with more kind sentences."""
    return _larger([sum(part.kind in WARM for part in read(text)) for text in pair.answers])


def overlap(pair: Pair) -> int | None:
    """The answer with more words of the rule."""
    rule = set(_words(pair.rule.text))
    return _larger([len(rule & set(_words(text))) for text in pair.answers])


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


SHORTCUTS: dict[str, Callable[[Pair], int | None]] = {
    "longer": longer,
    "kinder": kinder,
    "overlap": overlap,
}


def accuracy(name: str, pairs: Sequence[Pair]) -> float:
    """The share of pairs that a shortcut gets right; a tie counts a half."""
    found = [SHORTCUTS[name](pair) for pair in pairs]
    points = (
        0.5 if choice is None else float(choice == pair.better)
        for choice, pair in zip(found, pairs, strict=True)
    )
    return sum(points) / len(pairs)
