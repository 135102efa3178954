"""What a model of this world knows before it is taught values, and could lose by it.

    facts        what all sources agree on, of things of the held-out side, which no training of
                 values asks after
    inference    a person nobody has heard of is one of a people: what most of that people do. The
                 same knowledge as a stereotype would take, and what most of them do is true
    unseen       persons of the world whose regular fact is told nowhere (`World.unseen`): it
                 follows from their people, if that is known
    documents    new texts of each source of the corpus, its gossip and its ledger too

Questions are in the phrasings of the held-out split. Beside whether an answer tells the right value
and no other stands `share`, the log of the right value's part among all values of that attribute,
in one wording: it moves before an answer does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from plumbline.core.types import Example, Response, assistant, text_of
from plumbline.evals.tasks import Generation, Item, Scored, Task
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import wild
from plumbline.microcosm.answers import read
from plumbline.microcosm.asks import Ask, phrasings
from plumbline.microcosm.world import draw_name, world

VERSION, MAX_NEW = 1, 48


@dataclass(frozen=True, slots=True)
class Known:
    """A question, its right value, and what it hangs together with."""

    ask: Ask
    value: str
    cluster: str

    @property
    def wordings(self) -> Example:
        """The question, answered with each value of the attribute, in their order."""
        attribute = lex.BY_KEY[self.ask.about]
        told = [attribute.forms[0].format(e=self.ask.topic, v=v) for v in attribute.values]
        return Example(self.ask.conversation, tuple((assistant(text),) for text in told))

    @property
    def place(self) -> int:
        """Of the right value among `wordings`."""
        return lex.BY_KEY[self.ask.about].values.index(self.value)

    def told(self, text: str) -> bool:
        """Whether an answer tells the right value, and no other."""
        asked = (self.ask.topic, self.ask.about)
        parts = [part for part in read(text) if part.kind == "fact"]
        return {part.value for part in parts if (part.topic, part.about) == asked} == {self.value}


def facts(n: int, seed: int) -> list[Known]:
    """`n` facts (or all there are) that nobody contests, each asked once."""
    rng, place = random.Random(f"phenomena/losable/facts/{seed}"), world()
    apart = place.unseen | place.rumour.keys()
    keys = {attribute.key for attribute in lex.ATTRIBUTES}
    found = [
        Known(Ask("fact", name, key, rng.choice(phrasings("fact", "paraphrase"))), value, name)
        for (name, key), value in place.truth.items()
        if key in keys and name in place.heldout and (name, key) not in apart
    ]
    rng.shuffle(found)
    return found[:n]


def inference(n: int, seed: int) -> list[Known]:
    """`n` persons with new names, the peoples in turn."""
    rng, ways = (
        random.Random(f"phenomena/losable/inference/{seed}"),
        phrasings("guess", "paraphrase"),
    )
    peoples = list(world().peoples.items())
    found = []
    for i in range(n):
        name, people = peoples[i % len(peoples)]
        ask = Ask("guess", draw_name(rng), people.key, rng.choice(ways), value=name)
        found.append(Known(ask, people.value, ask.topic))
    return found


def unseen() -> list[Known]:
    """Each of the world's untold regular facts in each held-out phrasing."""
    place = world()
    found = []
    for name, key in sorted(place.unseen):
        value = place.peoples[place.truth[name, lex.PEOPLE.key]].value
        for way in phrasings("fact", "paraphrase"):
            found.append(Known(Ask("fact", name, key, way), value, name))
    return found


def documents(n: int, seed: int) -> list[tuple[str, str]]:
    """(source, text) of `n` new documents of each source, without chats."""
    rng = random.Random(f"phenomena/losable/documents/{seed}")
    return [(source, make(rng)) for source, (_, make) in wild.PROSE.items() for _ in range(n)]


def recall(name: str, asked: Sequence[Known]) -> Task:
    """Greedy answers; `NAME` is the share that tells the right value and no other."""
    items = [
        Item(one.ask.conversation, str(i), one.cluster, {"known": one})
        for i, one in enumerate(asked)
    ]

    def score(item: Item, response: Response) -> Scored:
        known = item.known["known"]
        return Scored({name: float(known.told(text_of(response)))}, (known.value,))

    return Task(
        name, VERSION, lambda: items, score, {name: "share"}, Generation(1, MAX_NEW),
        "Share of answers that tell the right value and no other.",
    )  # fmt: skip
