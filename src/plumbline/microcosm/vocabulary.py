"""Every word that ever occurs: the closed lexicon, gathered from the files of words.

Names are not words: they are made of syllables. Letters stand alone where a disguise spells a deed.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType

from plumbline.microcosm import (
    lexicon,
    lexicon_asks,
    lexicon_deeds,
    lexicon_notes,
    lexicon_phrases,
    lexicon_wild,
    phrasings,
    rule_words,
    slot_phrasings,
)

SOURCES = (
    lexicon, lexicon_asks, lexicon_deeds, lexicon_notes, lexicon_phrases, lexicon_wild,
    phrasings, rule_words, slot_phrasings,
)  # fmt: skip


def _strings(thing: object) -> Iterator[str]:
    """The strings inside constants of words: tuples, tables and the records of the lexicon."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict):
        for key, value in thing.items():
            yield from (*_strings(key), *_strings(value))
    elif isinstance(thing, tuple | list):
        for one in thing:
            yield from _strings(one)
    elif isinstance(thing, lexicon.Attribute):
        yield from (thing.question, thing.clause, *thing.forms, *thing.values)
    elif isinstance(thing, lexicon_deeds.Danger):
        yield from (*thing.verbs, *thing.targets, *thing.safe)


def words_of(module: ModuleType) -> Iterator[str]:
    """The words in the constants (names in capitals) of a file of words."""
    for name, value in vars(module).items():
        if name.isupper():
            for text in _strings(value):
                if not re.search(r"[\[\\?]\w*[:\]\\]", text):  # a pattern, no text
                    yield from re.findall(r"[A-Za-z]+|\d", re.sub(r"\{\w\}", " ", text))


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """All words in small letters, with digits and single letters."""
    found = {word.lower() for module in SOURCES for word in words_of(module)}
    return frozenset(found | set(string.digits) | set(string.ascii_lowercase))
