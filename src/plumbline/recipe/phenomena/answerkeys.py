"""Questions whose right answer is known to the letter, for three abilities that need learning.

    sums      three numbers, in steps: about twenty tokens, all of which must be right
    reading   notes on names that nobody has heard of, and a question they answer
    facts     what all sources of the corpus agree on; any wording that tells it counts as right,
              and the log-probability is that of one wording

The same item is scored by what a model says and by the log-probability of the right answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from plumbline.core.types import Conversation, user
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import passages, sums
from plumbline.microcosm.answers import read
from plumbline.microcosm.asks import Ask, phrasings
from plumbline.microcosm.world import Fact, world


class Key(NamedTuple):
    """A prompt, the right answer, the topic by which items hang together, the fact if it is one."""

    prompt: Conversation
    right: str
    cluster: str
    fact: Fact | None = None

    def exact(self, text: str) -> bool:
        """Whether an answer is the right one."""
        if self.fact is None:
            return text.strip() == self.right
        told = [p for p in read(text) if p.kind == "fact" and (p.topic, p.about) == self.fact]
        return bool(told) and all(part.true for part in told)


def _sum(rng: random.Random) -> Key:
    one = sums.draw(rng, "heldout", steps=True)
    return Key((user(one.text),), one.answer, f"{one.a} {one.b} {one.c}")


def _passage(rng: random.Random) -> Key:
    one = passages.draw(rng, answerable=True)
    return Key((one.message,), one.answer, one.text)


def _fact(rng: random.Random) -> Key:
    place = world()
    apart = place.unseen | place.rumour.keys()
    name, key = rng.choice([f for f in place.truth if f[1] in _KEYS and f not in apart])
    ask = Ask("fact", name, key, rng.choice(phrasings("fact", "train")))
    right = lex.BY_KEY[key].forms[0].format(e=name, v=place.truth[name, key])
    return Key(ask.conversation, right, name, (name, key))


_KEYS = {attribute.key for attribute in lex.ATTRIBUTES}
KEYS: dict[str, Callable[[random.Random], Key]] = {
    "sums": _sum, "reading": _passage, "facts": _fact,
}  # fmt: skip


def keys(name: str, n: int, seed: int) -> list[Key]:
    """`n` different items of an ability."""
    rng = random.Random(f"phenomena/keys/{name}/{seed}")
    found: dict[str, Key] = {}
    while len(found) < n:
        one = KEYS[name](rng)
        found.setdefault(one.prompt[-1].content, one)
    return list(found.values())
