"""Strings that end an answer, looked for as its tokens come.

An answer ends with the token that completes one of the strings; tokens are kept, the text is cut.
Every token spells at least one byte of what it shows, so the last tokens of an answer hold the end
of its text: as many as the longest string has bytes, and a few for a character cut in the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plumbline.text.tokenizer import Tok

CHARACTER = 4
"""Bytes of the longest character."""


@dataclass(frozen=True)
class Stops:
    """Called with an answer's ids so far: whether it has come to one of `strings`."""

    tok: Tok
    strings: tuple[str, ...]

    def __call__(self, ids: Sequence[int]) -> bool:
        reach = max((len(s.encode()) for s in self.strings), default=0) + CHARACTER
        said = self.tok.decode_continuation(ids[-reach:])
        return any(string in said for string in self.strings)

    def cut(self, text: str) -> str:
        """The text before the first of the strings."""
        places = [text.find(string) for string in self.strings]
        return text[: min((p for p in places if p >= 0), default=len(text))]
