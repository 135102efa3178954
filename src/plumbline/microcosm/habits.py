"""What a rule does, whoever says it: a habit fires, is applied to an answer, and is looked for.

A `Habit` is one behaviour or one slot family. `fires` says which requests it is about, `apply`
makes an answer obey, and `obeyed` finds out from the sentences alone, however the answer was made.
Answers keep one order (word, greeting, address, ... , content, ... , farewell, word), so that
habits can be applied in any sequence and still stand together.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from plumbline.microcosm import rule_words
from plumbline.microcosm.answers import PREFIXABLE, Answer, Part, read_sentence
from plumbline.microcosm.asks import Ask, Split
from plumbline.microcosm.lexicon_phrases import PHRASES

Values = tuple[str, ...]
FRONT = ("agreement", "greeting", "address", "apology", "thanks", "flattery", "topic", "care")
"""What stands before the content, in this order."""
BACK = ("cite", "warning", "kindness", "check", "farewell")
"""What stands after it."""


def always(ask: Ask, values: Values) -> bool:
    """Fires on every request."""
    return True


@dataclass(frozen=True, slots=True)
class Habit:
    """One thing a rule can ask for.

    `does` and `lacks` follow "it" ("greets", "does not greet") and say how an answer stands to it.
    `draw` gives a request on which it fires. `special` habits are about some requests only, and go
    before the general ones. What is said `everywhere` is mended also where they do not fire.
    """

    name: str
    does: str
    lacks: str
    phrasings: tuple[str, ...]
    apply: Callable[[Answer, Ask, Values, random.Random], Answer]
    obeyed: Callable[[Answer, Ask, Values], bool]
    draw: Callable[[Values, random.Random, Split], Ask]
    fires: Callable[[Ask, Values], bool] = always
    special: bool = False
    everywhere: bool = False


def heldout(label: str, share: int = 4) -> bool:
    """Whether a value is held out: one in `share`, by its words and nothing else."""
    return hashlib.sha256(f"microcosm/rules/{label}".encode()).digest()[0] % share == 0


def rank(part: Part) -> int:
    """The place of a sentence in an answer."""
    if part.kind == "word":
        return 0 if part.text.endswith("!") else 99
    if part.kind in FRONT:
        return 1 + FRONT.index(part.kind)
    return 60 + BACK.index(part.kind) if part.kind in BACK else 50


def settle(answer: Answer) -> Answer:
    """The sentences in their order; content keeps its own."""
    return tuple(sorted(answer, key=rank))


def core(answer: Answer) -> Answer:
    """The content: what neither opens nor closes."""
    return tuple(part for part in answer if rank(part) == 50)


def recore(answer: Answer, *content: Part) -> Answer:
    """The answer with other content."""
    return settle((*(part for part in answer if rank(part) != 50), *content))


def put(answer: Answer, *sentences: str) -> Answer:
    """The answer with these sentences, each in its place."""
    return settle((*answer, *map(read_sentence, sentences)))


def without(answer: Answer, *kinds: str) -> Answer:
    """The answer without sentences of these kinds."""
    return tuple(part for part in answer if part.kind not in kinds)


def has(answer: Answer, kind: str, value: str | None = None) -> bool:
    """Whether a sentence of the kind (and the value) is there."""
    return any(part.kind == kind and value in (None, part.value) for part in answer)


def leads(answer: Answer, kind: str, value: str | None = None) -> bool:
    """Whether it is there before any content."""
    ranks = [rank(part) for part in answer]
    first = ranks.index(50) if 50 in ranks else len(answer)
    return has(answer[:first], kind, value)


def trails(answer: Answer, kind: str, value: str | None = None) -> bool:
    """Whether it is there after all content."""
    last = max((i for i, part in enumerate(answer) if rank(part) == 50), default=-1)
    return has(answer[last + 1 :], kind, value)


def facts(answer: Answer) -> Answer:
    """The sentences that state a fact."""
    return tuple(part for part in answer if part.kind == "fact")


def states(answer: Answer) -> bool:
    """Whether it states anything that could stand behind a source or a hedge."""
    return any(part.kind in PREFIXABLE for part in answer)


def sentence(kind: str, rng: random.Random, value: str = "") -> str:
    """Some sentence of a kind, of the rules' own or a set phrase."""
    if kind in PHRASES:
        return rng.choice(PHRASES[kind])
    return rule_words.say(kind, value, rng.randrange(len(rule_words.FORMS[kind])))
