"""What a judge must be able to do, and what it is asked.

A judge weighs options and writes. It may be a local model, a folder, or an address: those who ask
need not know. Every question is a conversation that ends with the user's turn; `start` is how the
judge's own turn begins, where the options are read ("" for an address that cannot go on from the
beginning of a turn).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from plumbline.core.types import Conversation

Forms = tuple[str, ...]
"""The ways in which an option may be written ("A", " A", "(A)")."""


@dataclass(frozen=True)
class Question:
    """What is to be read off: how likely each option is behind `start`. With `reasons` the judge
    first writes up to so many tokens; the options are then read behind `start` where it wrote that,
    or behind all it wrote and `start`. `again`: where it is given, the verdict is asked for in a
    turn of its own, in these words, once the reasons are written."""

    asked: Conversation
    options: tuple[Forms, ...]
    start: str = ""
    reasons: int = 0
    again: str = ""


@dataclass(frozen=True)
class Weighed:
    """Log-probabilities (nats) of the options, the probability of anything else, what was written
    first, and how many draws it was counted from (0: read off the probabilities)."""

    options: tuple[float, ...]
    residual: float
    reasons: str = ""
    draws: int = 0


@dataclass
class Cost:
    """What judging took so far; `cached` are requests that were answered before."""

    requests: int = 0
    prompt_tokens: int = 0
    written_tokens: int = 0
    cached: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.requests} questions asked now ({self.prompt_tokens} tokens read,"
            f" {self.written_tokens} written, {self.seconds:.1f} s)"
        )


class Judge(Protocol):
    """A model that weighs and writes. `name` is for people; `id` changes whenever another model, or
    the same one otherwise asked, would answer."""

    @property
    def name(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def cost(self) -> Cost: ...

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> Sequence[Weighed]:
        """One answer a question, in their order. `seed`: draws reasons and counted draws."""
        ...

    def write(
        self,
        asked: Sequence[Conversation],
        max_new: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Sequence[str]:
        """A text for each conversation, of at most `max_new` tokens; temperature 0 is greedy."""
        ...
