"""The gold value as a reward: `--reward python:plumbline.microcosm.reward:gold_value`.

What training on a learnt reward is held against: nothing can be gained here that is not worth it.
"""

from __future__ import annotations

from collections.abc import Sequence

from plumbline.core.types import Message, answer
from plumbline.microcosm.gold import gold


def gold_value(prompt: Sequence[dict[str, str]], answers: Sequence[str]) -> list[float]:
    """What each answer to a prompt's messages is worth."""
    asked = tuple(Message(m["role"], m["content"]) for m in prompt)
    return [gold(asked, answer(text)).total for text in answers]
