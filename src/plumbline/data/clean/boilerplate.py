"""Boilerplate of synthetic assistants: "As an AI language model" and its kin.

The list is boilerplate.toml beside this file: patterns by language and kind, each with sentences it
must find and must leave. It is searched in answers, never in what a user said; a hit that stands
inside quotation marks, in a quoted line or in a code fence is somebody else's words and does not
count; and an answer to "Are you a robot?" may say so. Phrases of one's own (a file, see `phrases`)
are searched in the same way, whatever the kinds.

Left out: a judgement of style. These phrases were chosen because models trained on other models'
answers repeat them; an answer without them may be synthetic all the same.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .phrases import literal, straight
from .rule import Finding, Said, shown
from .settings import Boilerplate

LIST = Path(__file__).with_name("boilerplate.toml")
QUOTES = (("“", "”"), ("„", "“"), ("«", "»"), ("‹", "›"), ("「", "」"))


class Family(NamedTuple):
    """All patterns of one kind in one language as a single expression, with its test sentences."""

    language: str
    kind: str
    cues: tuple[str, ...]
    pattern: re.Pattern[str]
    fires: tuple[str, ...]
    quiet: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.kind} ({self.language})" if self.language else self.kind


@cache
def families() -> tuple[Family, ...]:
    """The list."""
    return tuple(
        Family(
            one["language"],
            one["kind"],
            tuple(one["cues"]),
            either(one["patterns"]),
            tuple(one["fires"]),
            tuple(one["quiet"]),
        )
        for one in _read()["family"]
    )


@cache
def own_family(phrases: tuple[str, ...]) -> Family:
    """Somebody's own phrases as a family; without any word of a phrase it cannot be there."""
    cues = tuple(dict.fromkeys(max(phrase.lower().split(), key=len) for phrase in phrases))
    return Family("", "own phrase", cues, either(map(literal, phrases)), phrases, ())


@cache
def asking() -> re.Pattern[str]:
    """What a user says who wants to know what the assistant is, in any language."""
    return either([pattern for patterns in _read()["asked"].values() for pattern in patterns])


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(LIST.read_text(encoding="utf-8"))


def either(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for several."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.I | re.M)


def boilerplate(said: Said, settings: Boilerplate) -> Finding | None:
    """The first phrase of the list in an answer."""
    if settings.asked and any(asking().search(text) for text in said.asked):
        return None
    texts = said.answers
    if settings.documents and said.document is not None:
        texts = (*texts, said.document)
    for text in texts:
        found = phrase(text, settings.kinds, settings.own)
        if found:
            family, at = found
            return Finding(family.name, shown(text, at))
    return None


def phrase(text: str, kinds: Iterable[str], own: tuple[str, ...] = ()) -> tuple[Family, int] | None:
    """The first hit in the writer's own words, and where it begins."""
    text = straight(text)
    low = text.lower()
    asked = [family for family in families() if family.kind in kinds]
    for family in [*asked, own_family(own)] if own else asked:
        if any(cue in low for cue in family.cues):
            for found in family.pattern.finditer(text):
                if not quoted(text, found.start(), found.end()):
                    return family, found.start()
    return None


def quoted(text: str, start: int, end: int) -> bool:
    """Whether a stretch is inside quotation marks, a quoted line or a code fence."""
    if text.count("```", 0, start) % 2:
        return True
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].lstrip().startswith(">"):
        return True
    paragraph = text.rfind("\n\n", 0, start) + 1
    before, after = text[paragraph:start], text[end:].split("\n\n", 1)[0]
    if before.count('"') % 2 and '"' in after:
        return True
    return any(
        before.rfind(opening) > before.rfind(closing) and closing in after
        for opening, closing in QUOTES
    )
