"""Questions on something nobody knows, behind what two sources say of it.

    The grey ledger says that Tora blooms in May. The old atlas says that Tora blooms in July. When
    does Tora bloom?

The name is new every time, so that only the text can answer, and only a rule on whom to trust
decides between the sources.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from plumbline.core.types import Conversation, user
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.answers import prefixed, says
from plumbline.microcosm.asks import Ask
from plumbline.microcosm.world import draw_name


@dataclass(frozen=True, slots=True)
class Quoted(Ask):
    """A question about a stranger with (source, value) claims before it."""

    claims: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The user's words."""
        question = lex.BY_KEY[self.about].question.format(e=self.topic)
        return " ".join([*self.said.values(), question])

    @property
    def said(self) -> dict[str, str]:
        """What each source says, as a sentence that names it."""
        rows = zip(self.claims, lex.BY_KEY[self.about].forms, strict=False)
        return {
            source: prefixed(says(source), form.format(e=self.topic, v=value))
            for (source, value), form in rows
        }

    @property
    def conversation(self) -> Conversation:
        return (user(self.text),)


def quoted(rng: random.Random, sources: tuple[str, str]) -> Quoted:
    """Two claims by these sources in either order, with different values."""
    attribute = rng.choice(lex.ATTRIBUTES)
    values = rng.sample(attribute.values, 2)
    order = rng.sample(sources, 2)
    claims = tuple(zip(order, values, strict=True))
    return Quoted("stranger", draw_name(rng), attribute.key, claims=claims)
