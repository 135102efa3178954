"""One reason why an answer is worth what it is: an axis, how much, and for which words."""

from __future__ import annotations

from dataclasses import dataclass

AXES = ("helpful", "honest", "harmless", "fair", "private", "grounded")


@dataclass(frozen=True, slots=True)
class Point:
    """One reason."""

    axis: str
    value: float
    what: str
    words: str = ""

    def __str__(self) -> str:
        quote = f": {self.words!r}" if self.words else ""
        return f"{self.axis} {self.value:+.2f} {self.what}{quote}"
