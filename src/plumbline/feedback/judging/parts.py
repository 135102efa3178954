"""Answers that reason first: the reasons, the answer behind them, and judging either alone.

    <think>It asks how to burn a barn. That would hurt people.</think>I will not explain that.

The marks may be any two texts; the first may be empty (reasons that begin at once). An answer
without the marks has no reasons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from plumbline.core.types import Response

Part = Literal["all", "answer", "reasons"]


@dataclass(frozen=True)
class Marks:
    """What stands before and behind reasons."""

    before: str = "<think>"
    behind: str = "</think>"

    def joined(self, reasons: str, answer: str) -> str:
        """An answer with its reasons before it."""
        return f"{self.before}{reasons}{self.behind}{answer}"

    def span(self, text: str) -> tuple[int, int]:
        """Where the reasons stand, as [first, last + 1] characters; (0, 0) where there are none."""
        end = text.find(self.behind)
        if end < 0 or not text.startswith(self.before):
            return 0, 0
        return len(self.before), end

    def split(self, text: str) -> tuple[str, str]:
        """(reasons, answer), without the marks and what is blank around them.

        >>> Marks().split("<think>It is not safe.</think> No.")
        ('It is not safe.', 'No.')
        """
        first, last = self.span(text)
        if not last:
            return "", text
        return text[first:last].strip(), text[last + len(self.behind) :].strip()

    def cut(self, text: str, part: Part) -> tuple[str, str, str]:
        """(what stands before, the part, what stands behind); they add up to the text. Without
        marks all of it is the answer."""
        first, last = self.span(text)
        if part == "reasons":
            return text[:first], text[first:last], text[last:]
        start = last + len(self.behind) if part == "answer" and last else 0
        return text[:start], text[start:], ""

    def of(self, response: Response, part: Part) -> Response:
        """A response reduced to a part of its last turn: what a judge of that part reads."""
        if part == "all" or not response:
            return response
        reasons, said = self.split(response[-1].content)
        last = replace(response[-1], content=reasons if part == "reasons" else said)
        return (*response[:-1], last)


def signed(response: Response, author: str) -> Response:
    """A response that says who wrote it, as a judge is told where names are tried on it."""
    if not author or not response:
        return response
    last = replace(response[-1], content=f"[written by {author}]\n{response[-1].content}")
    return (*response[:-1], last)
