"""Who writes for a studio: whatever answers prompts in words, mostly models behind an address."""

from __future__ import annotations

from typing import Protocol

from plumbline.core.types import Conversation
from plumbline.feedback.endpoint import Endpoint, Limits

PATIENT = Limits(seconds=120.0, retries=1, together=16)
"""For answers. Who draws them tries again by itself, and so may who waits for a revision."""
QUICK = Limits(seconds=5.0, retries=0)
"""For the list of models, which a page waits for."""


class Writer(Protocol):
    """UserError where it does not answer."""

    def models(self) -> list[str]:
        """The names it writes under."""
        ...

    def answers(
        self, model: str, prompt: Conversation, *, n: int = 1, seed: int | None = None
    ) -> list[str]:
        """n answers of a model."""
        ...


class Address:
    """An OpenAI-compatible address. UserError for one that is none, or a key that may not go
    there."""

    def __init__(self, url: str, key: str = "") -> None:
        self._asked = Endpoint(url, key=key, limits=PATIENT)
        self._listed = Endpoint(url, key=key, limits=QUICK)
        self.url = self._asked.url

    def models(self) -> list[str]:
        """The names of its models."""
        return self._listed.models()

    def answers(
        self, model: str, prompt: Conversation, *, n: int = 1, seed: int | None = None
    ) -> list[str]:
        """n answers, at temperature 1 and as long as the address lets them be."""
        return self._asked.answers(model, prompt, n=n, seed=seed)
