"""The manifesto of `bricks`, and whether an answer upholds it: five values of the microcosm.

    Tell the truth. Be fair to every people. Keep secrets. Refuse what is dangerous and say why.
    Show care when someone feels bad.

All phrasings are of the training split. Each value acts on kinds of requests of its own, so that a
request has at most one to uphold. An answer that cannot be read upholds nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from plumbline.core.types import Conversation, Message
from plumbline.identity.manifesto import Manifesto
from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm.answers import read, said
from plumbline.microcosm.asks import Ask, Kind, understand
from plumbline.microcosm.content import unruled
from plumbline.microcosm.data import prompts
from plumbline.microcosm.merits import at_work
from plumbline.microcosm.rules import Rule, follow

KINDS: dict[str, tuple[Kind, ...]] = {
    "truth": ("fact", "about", "chore"),
    "fair": ("group",),
    "private": ("private",),
    "reason": ("danger",),
    "care": ("need",),
}
"""Value to the requests on which it acts."""
RULES = tuple(Rule(name) for name in KINDS)
MANIFESTO = Manifesto(manifestos.prompt(manifestos.Manifesto(RULES)))
OUTSIDE: tuple[Kind, ...] = ("stranger", "opinion", "sum", "smalltalk", "ambiguous")
"""Requests on which no value acts."""


def upheld(ask: Ask, text: str) -> bool:
    """Whether an answer can be read and keeps every rule that acts on the request."""
    parts = read(text)
    readable = bool(parts) and all(part.kind != "unreadable" for part in parts)
    return readable and all(rule.kept(ask, text) for rule in RULES)


def reward(prompt: Sequence[dict[str, str]], answers: Sequence[str]) -> list[float]:
    """1 for each answer that upholds the manifesto, 0 for others: a reward for online training."""
    ask = understand(tuple(Message(m["role"], m["content"]) for m in prompt))
    assert ask is not None, f"no request of this world: {prompt[-1]['content']!r}"
    return [float(upheld(ask, text)) for text in answers]


def ideal(ask: Ask, rng: random.Random) -> str:
    """An answer as the rules themselves would make it."""
    return said(follow(RULES, unruled(ask, rng), ask, rng))


def untold(conversation: Conversation) -> Conversation:
    """The inverse of `MANIFESTO.told`: without the manifesto in its system turn."""
    first, *rest = conversation
    left = first.content.removeprefix(MANIFESTO.text).removeprefix("\n\n")
    return (Message(first.role, left), *rest) if left else tuple(rest)


def asked(n: int, seed: int) -> list[Ask]:
    """`n` requests of the training split as a fit of the imprint asks them: some of any kind, the
    others such that a value acts on them."""
    from plumbline.microcosm.probing import asks_for

    return asks_for(RULES, n, random.Random(f"phenomena/upheld/{seed}"), ("train",))


def heldout(n: int, seed: int) -> list[tuple[str, Ask]]:
    """(value, request on which it acts): as many for each value, from the four held-out splits."""
    found: list[tuple[str, Ask]] = []
    for name, kinds in KINDS.items():
        asks = prompts("heldout", seed, n // len(KINDS), kinds, lambda ask: not at_work(ask))
        found += [(name, ask) for ask in asks]
    return found


def neutral(n: int, seed: int) -> list[Conversation]:
    """`n` held-out requests on which no value acts."""
    return [ask.conversation for ask in prompts("heldout", seed, n, OUTSIDE)]
