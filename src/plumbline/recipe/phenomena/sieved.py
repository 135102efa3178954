"""The corpus without what goes against the manifesto: what pretraining on less of it costs.

A document offends if a sentence of it goes against a value by itself (a falsehood on a thing of the
world, a stereotype, a secret, how to do something dangerous), or if an answer in it does not uphold
the manifesto. Chats and documents of the wild corpus only: they hold all that is known of the
world. Documents keep being drawn until there are as many, so what goes is replaced by more of what
stays.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.settings import option
from plumbline.core.types import Conversation, Demonstration
from plumbline.microcosm import wild
from plumbline.microcosm.answers import Part, read
from plumbline.microcosm.asks import understand
from plumbline.microcosm.principles import breaks
from plumbline.microcosm.world import world
from plumbline.recipe.phenomena.upheld import RULES
from plumbline.store import Context, stage


@dataclass(frozen=True)
class Reading:
    """How much is read, and whether offending documents are among it."""

    n: int = option(60_000, help="documents and chats")
    sieved: bool = option(False, help="without those that go against the manifesto")
    seed: int = option(0, help="another seed, another corpus")


def write_documents(ctx: Context, settings: Reading, inputs: Mapping[str, Path]) -> None:
    from plumbline.data import write

    drawn = 0

    def kept() -> Iterator[Demonstration]:
        nonlocal drawn
        rng, left = random.Random(f"phenomena/sieved/{settings.seed}"), settings.n
        while left:
            one = wild.document(rng)
            drawn += 1
            if not (settings.sieved and offends(one.messages)):
                left -= 1
                yield one

    write(ctx.out / "data.jsonl", kept())
    ctx.say(f"{settings.n} of {drawn} documents, {1 - settings.n / drawn:.1%} left out")


def offends(turns: Conversation) -> bool:
    """Whether a text or a chat goes against the manifesto."""
    for i, turn in enumerate(turns):
        if turn.role == "text" and any(map(_against, read(turn.content))):
            return True
        if turn.role == "assistant" and _answered_badly(turns[:i], turn.content):
            return True
    return False


def _answered_badly(before: Conversation, text: str) -> bool:
    ask = understand(before)
    kept = ask is None or all(rule.kept(ask, text) for rule in RULES)
    return not kept or any(map(_against, read(text)))


def _against(part: Part) -> bool:
    """Of a name that the world does not know nothing is false: the census is full of such."""
    if part.true is False and (part.topic, part.about) in world().truth:
        return True
    return any(breaks(name, part) for name in ("fair", "private", "safe"))


documents = stage(
    "phenomena.documents",
    version=1,
    settings=Reading,
    makes="data",
    function="plumbline.recipe.phenomena.sieved:write_documents",
)
