"""Forms with holes, matched fast: which form a sentence was made from, and what stood in its holes.

A form is a string with holes like `{e}`; what may stand there is a regular expression. Every form
is filed under the rarest of its own words, so that a sentence is tried only against the few forms
that share such a word with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Tag = TypeVar("Tag")
WORD = re.compile(r"[A-Za-z]+")


def either(values: Iterable[str]) -> str:
    """A regular expression for one of these."""
    return "|".join(re.escape(value) for value in sorted(values, key=lambda v: (-len(v), v)))


def compiled(form: str, holes: Mapping[str, str]) -> re.Pattern[str]:
    """The form as a regular expression with its holes as named groups; a repeated one must agree.

    >>> pattern = compiled("{e} eats {v}.", {"e": "[A-Z][a-z]+", "v": "moss|fish"})
    >>> pattern.fullmatch("Tora eats fish.")["v"]
    'fish'
    """
    parts, seen = re.split(r"\{(\w)\}", form), set()
    out = []
    for index, part in enumerate(parts):
        if index % 2 == 0:
            out.append(re.escape(part))
        else:
            out.append(f"(?P={part})" if part in seen else f"(?P<{part}>{holes[part]})")
            seen.add(part)
    return re.compile("".join(out))


def _own_words(form: str) -> list[str]:
    return WORD.findall(re.sub(r"\{\w\}", " ", form))


@dataclass(frozen=True)
class Grammar(Generic[Tag]):
    """Forms filed by a word of theirs; see `grammar`."""

    filed: dict[str, list[tuple[Tag, re.Pattern[str]]]]

    def match(self, sentence: str) -> tuple[Tag, dict[str, str]] | None:
        """The tag and the holes of the first form that makes the whole sentence."""
        for word in (*dict.fromkeys(WORD.findall(sentence)), ""):
            for tag, pattern in self.filed.get(word, ()):
                if found := pattern.fullmatch(sentence):
                    return tag, found.groupdict()
        return None


def grammar(forms: Iterable[tuple[Tag, str, Mapping[str, str]]]) -> Grammar[Tag]:
    """File (tag, form, what may stand in its holes); those without words come last."""
    listed = list(forms)
    counts = Counter(word for _, form, _ in listed for word in _own_words(form))
    filed: dict[str, list[tuple[Tag, re.Pattern[str]]]] = {}
    for tag, form, holes in listed:
        rarest = min(_own_words(form), key=lambda word: counts[word], default="")
        filed.setdefault(rarest, []).append((tag, compiled(form, holes)))
    return Grammar(filed)
