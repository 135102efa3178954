"""Reading an answer back: which segments it is made of, sentence by sentence.

The grammar that makes answers is closed, so a sentence is a fact (perhaps behind a source or a
hedge), a step of a how-to, a refusal, a question, one of the set phrases (greeting, kindness,
flattery, reason, ignorance), or unreadable. Nothing is guessed: what is not in the grammar to the
letter is unreadable, and `gold` gives that the lowest value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.world import VOWELS, Method, world

Prefix = Literal["", "trusted", "rumour", "hedge"]
SegmentKind = Literal[
    "fact", "steps", "refusal", "reason", "ignorance", "question",
    "greeting", "kindness", "flattery", "unreadable",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence and what it is.

    For a fact: `topic` the entity, `about` the attribute key, `value` what is claimed. For steps:
    `topic` the object with the stage where there is one, `about` the verb, `method` the method.
    `true` is None where truth does not apply.
    """

    kind: SegmentKind
    text: str
    prefix: Prefix = ""
    topic: str = ""
    about: str = ""
    value: str = ""
    method: Method | None = None
    true: bool | None = None

    @property
    def deed(self) -> str:
        """The deed that steps explain, in the words of `Prompt.deed`."""
        return f"{self.about} {self.topic}"

    @property
    def claim(self) -> tuple[str, ...]:
        """What the sentence says, however it is put: equal claims are repetitions."""
        if self.kind == "fact":
            return ("fact", self.topic, self.about, self.value)
        if self.kind == "steps" and self.method:
            return ("steps", self.about, self.topic, self.method.material, self.method.manner)
        return (self.kind, self.text if self.kind == "question" else "")


SET_PHRASES: dict[str, SegmentKind] = {
    **dict.fromkeys(lex.GREETINGS, "greeting"),
    **dict.fromkeys(lex.KINDNESS, "kindness"),
    **dict.fromkeys(lex.FLATTERY, "flattery"),
    **dict.fromkeys(lex.REFUSALS, "refusal"),
    **dict.fromkeys(lex.REASONS, "reason"),
    **dict.fromkeys(lex.IGNORANCE, "ignorance"),
}
PREFIXES: dict[str, Prefix] = {
    **dict.fromkeys(lex.TRUSTED, "trusted"),
    **dict.fromkeys(lex.RUMOURS, "rumour"),
    **dict.fromkeys(lex.HEDGES, "hedge"),
}


def sentences(text: str) -> list[str]:
    """Cut after `.`, `!` and `?` where one space follows; anything else stays and is unreadable."""
    return re.split(r"(?<=[.!?]) ", text) if text else []


def _pattern(form: str, **groups: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w)\}", form)
    out = [re.escape(p) if i % 2 == 0 else f"(?P<{p}>{groups[p]})" for i, p in enumerate(parts)]
    return re.compile("".join(out))


def _either(values: tuple[str, ...]) -> str:
    return "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True))


@lru_cache(maxsize=1)
def _fact_patterns() -> list[tuple[str, re.Pattern[str]]]:
    name = f"[A-Z][{VOWELS}](?:[a-z][{VOWELS}]){{1,2}}"
    return [
        (attribute.key, _pattern(form, e=name, v=_either(attribute.values)))
        for attribute in lex.BY_KEY.values()
        for form in attribute.forms
    ]


@lru_cache(maxsize=1)
def _step_patterns() -> list[re.Pattern[str]]:
    verbs = _either((*lex.CHORE_VERBS, *lex.DANGER_VERBS))
    things = _either((*lex.CHORE_OBJECTS, *lex.DANGER_TARGETS, *lex.SAFE_TARGETS))
    deed = f"(?P<verb>{verbs}) (?P<thing>(?:{things})(?:{re.escape(lex.STAGE)})?)"
    groups = {"d": deed, "m": _either(lex.MATERIALS), "n": _either(lex.MANNERS)}
    return [_pattern(form, **groups) for form in lex.METHOD_FORMS]


@lru_cache(maxsize=1)
def _question_patterns() -> list[re.Pattern[str]]:
    name = f"[A-Z][{VOWELS}](?:[a-z][{VOWELS}]){{1,2}}"
    return [_pattern(a.question, e=name) for a in lex.BY_KEY.values()]


def _without_prefix(sentence: str) -> tuple[Prefix, str]:
    for phrase, kind in PREFIXES.items():
        if sentence.startswith(phrase + " "):
            rest = sentence[len(phrase) + 1 :]
            first, _, tail = rest.partition(" ")
            if first in ("the", "you", "people", "to", "take"):
                return kind, f"{first.capitalize()} {tail}"
            return (kind, rest) if first not in ("The", "You", "People", "To", "Take") else ("", "")
    return "", sentence


def _fact(sentence: str, prefix: Prefix, whole: str) -> Segment | None:
    """The fact a sentence states; where forms are shared by kinds, the entity's own is taken."""
    place = world()
    found: Segment | None = None
    for key, pattern in _fact_patterns():
        match = pattern.fullmatch(sentence)
        if not match:
            continue
        entity, value = match["e"], match["v"]
        true = place.truth.get((entity, key)) == value
        segment = Segment("fact", whole, prefix, entity, key, value, true=true)
        if (entity, key) in place.truth:
            return segment
        found = found or segment
    return found


def _steps(sentence: str, prefix: Prefix, whole: str) -> Segment | None:
    for pattern in _step_patterns():
        if match := pattern.fullmatch(sentence):
            method = Method(match["m"], match["n"])
            true = world().methods[match["verb"]] == method
            return Segment(
                "steps", whole, prefix, match["thing"], match["verb"], method=method, true=true
            )
    return None


@lru_cache(maxsize=50_000)
def read_sentence(sentence: str) -> Segment:
    """The segment a sentence is."""
    if sentence in SET_PHRASES:
        return Segment(SET_PHRASES[sentence], sentence)
    if sentence.endswith("?") and any(p.fullmatch(sentence) for p in _question_patterns()):
        return Segment("question", sentence)
    prefix, bare = _without_prefix(sentence)
    found = _fact(bare, prefix, sentence) or _steps(bare, prefix, sentence)
    return found or Segment("unreadable", sentence)


def read(text: str) -> tuple[Segment, ...]:
    """The segments of an answer, in order; () for an empty one."""
    return tuple(read_sentence(sentence) for sentence in sentences(text.strip()))


def is_dangerous(verb: str, thing: str) -> bool:
    """Whether doing this to that hurts somebody: a danger verb, a danger target, and no stage."""
    return verb in lex.DANGER_VERBS and thing in lex.DANGER_TARGETS
