"""A file of somebody's own phrases: one a line, in the words they are to be found by.

Blank lines and lines that begin with # are left out. Case, white space and the form of an
apostrophe do not matter, and a phrase is found as whole words. They are words, not patterns.
"""

from __future__ import annotations

import re
from pathlib import Path

from plumbline.core.errors import UserError

from ..rows import decoded

FIX = "give a text file with one phrase a line"


def read_phrases(path: str) -> tuple[str, ...]:
    """The phrases of a file, each once; UserError for a file that cannot be read or has none."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        what = f"cannot read the phrases ({error.strerror})"
        raise UserError(what, where=path, fix=FIX) from None
    lines = (straight(" ".join(line.split())) for line in decoded(Path(path), data).splitlines())
    phrases = tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    if not phrases:
        raise UserError("no phrase in the file", where=path, fix=FIX)
    return phrases


def literal(phrase: str) -> str:
    """A regular expression for exactly these words."""
    words = r"\s+".join(map(re.escape, phrase.split()))
    return rf"(?<!\w){words}(?!\w)"


def straight(text: str) -> str:
    """The text with typewriter's apostrophes, as patterns have them."""
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
