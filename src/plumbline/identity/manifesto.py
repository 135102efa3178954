"""A manifesto: what a model shall hold to, in a file that a person writes.

Lines that begin with # are headings for people and are not read to the model; comments in <!-- -->
neither. Everything else is, as it stands. A clause is a list item, or a sentence of a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Message

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Manifesto:
    """`text` is what the model reads; where a template knows no system turn (`system` off) it
    stands at the head of the first turn."""

    text: str
    system: bool = True

    @property
    def clauses(self) -> tuple[str, ...]:
        """Its sentences, without bullets and numbers; one may go on in the next line."""
        pieces: list[str] = []
        begun = False
        for line in self.text.splitlines():
            words = ITEM.sub("", line, count=1).strip()
            if words and begun and not ITEM.match(line):
                pieces[-1] += f" {words}"
            elif words:
                pieces.append(words)
            begun = bool(words)
        return tuple(one for piece in pieces for one in SENTENCE.split(piece))

    def only(self, places: Sequence[int]) -> Manifesto:
        """Some of its clauses (from 0), in the layout of all."""
        kept = [self.clauses[i] for i in places]
        listed = ITEM.match(self.text.splitlines()[-1])
        text = "\n".join(f"- {one}" for one in kept) if listed else " ".join(kept)
        return Manifesto(text, self.system)

    def joined(self, other: Manifesto) -> Manifesto:
        """This one with the other's clauses behind it, set out as this one is: as a list, numbered,
        or as sentences."""
        if not self.text or not other.text:
            return Manifesto(self.text or other.text, self.system)
        lines = self.text.splitlines()
        last = ITEM.match(lines[-1])
        if last is None:
            between = " " if len(lines) == 1 else "\n"
            return Manifesto(self.text + between + " ".join(other.clauses), self.system)
        number = re.search(r"\d+", last[0])
        marks = (
            last[0].replace(number[0], str(int(number[0]) + i)) if number else last[0]
            for i in range(1, len(other.clauses) + 1)
        )
        more = [mark + clause for mark, clause in zip(marks, other.clauses, strict=True)]
        return Manifesto("\n".join([*lines, *more]), self.system)

    def told(self, conversation: Conversation) -> Conversation:
        """The conversation behind the manifesto; an empty one changes nothing."""
        if not self.text:
            return conversation
        first, *rest = conversation
        if first.role in ("system", "text") or not self.system:
            return (Message(first.role, f"{self.text}\n\n{first.content}"), *rest)
        return (Message("system", self.text), first, *rest)


def read_manifesto(path: Path) -> Manifesto:
    """The manifesto in a text file. UserError where there is none."""
    if not path.is_file():
        raise UserError("no such manifesto", where=str(path), fix="give a text or Markdown file")
    try:
        words = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"not UTF-8 (byte {error.start})", where=str(path), fix="save it as UTF-8 text"
        ) from None
    lines = COMMENT.sub("", words).splitlines()
    kept = "\n".join(line.rstrip() for line in lines if not line.startswith("#"))
    return Manifesto(re.sub(r"\n{3,}", "\n\n", kept).strip())
