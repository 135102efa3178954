"""The words of an answer while it grows: what is certain, and no more.

A character may be cut between two tokens, and a stop string may be half said; both are held back.
What was handed out and the rest at the end are together what the whole answer says.
Tokens are decoded behind a few of those before them, never from the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from plumbline.stages.serving.asked import Spelt
from plumbline.text.render import Renderer
from plumbline.text.stops import Stops
from plumbline.text.tokenizer import Tok

BROKEN = "\N{REPLACEMENT CHARACTER}"
BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Words:
    """The words of one answer; called with its ids so far, at every token or at some."""

    def __init__(self, renderer: Renderer, stops: Stops) -> None:
        self.renderer, self.stops = renderer, stops
        self._given = 0  # characters handed out
        self._held = ""  # read, and maybe the beginning of a stop string
        self._from = self._read = 0  # tokens that are decoded again, and those that were read

    def new(self, ids: Sequence[int]) -> str:
        """What has become certain."""
        known, whole = (
            self.renderer.tok.decode_continuation(ids[self._from : end], special=False)
            for end in (self._read, len(ids))
        )
        if whole.endswith(BROKEN):
            return ""
        self._held += whole[len(known) :]
        self._from, self._read = self._read, len(ids)
        said = self._held[: self._certain()]
        self._held = self._held[len(said) :]
        self._given += len(said)
        return said

    def rest(self, ids: Sequence[int]) -> str:
        """What has not been handed out of an answer that has ended."""
        return self.stops.cut(self.renderer.answer_text(ids))[self._given :]

    def _certain(self) -> int:
        """Characters of what is held that no stop string takes back."""
        held = self._held
        said = len(self.stops.cut(held))
        if said < len(held):  # nothing behind a stop string is ever said
            return said
        longest = max(map(len, self.stops.strings), default=1) - 1
        starts = range(max(0, len(held) - longest), len(held))
        return next((i for i in starts if self._begins_a_stop(held[i:])), len(held))

    def _begins_a_stop(self, text: str) -> bool:
        return any(string.startswith(text) for string in self.stops.strings)


class Spelling:
    """How a tokenizer's tokens look, each looked at once."""

    def __init__(self, tok: Tok) -> None:
        self.tok = tok
        self._known: dict[int, Spelt] = {}

    def __call__(self, token: int) -> Spelt:
        if token not in self._known:
            self._known[token] = self._spelt(token)
        return self._known[token]

    def _spelt(self, token: int) -> Spelt:
        text = self.tok.decode_continuation([token])
        if BROKEN not in text:
            return Spelt(text, text.encode())
        raw = _bytes_of(str(self.tok.tokenizer.convert_ids_to_tokens(token)))
        return Spelt(text, raw)


def _bytes_of(written: str) -> bytes | None:
    """The bytes of a token that is no whole character, as vocabularies write them."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    if found := BYTE.fullmatch(written):
        return bytes.fromhex(found[1])
    letters = {letter: byte for byte, letter in bytes_to_unicode().items()}
    known = [letters.get(letter) for letter in written]
    return None if None in known else bytes(b for b in known if b is not None)
