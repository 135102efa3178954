"""Lessons: facts on names that nobody has heard of, asked and answered; and the test on them.

What a lesson teaches is in no corpus, so before it a model is right by luck at most (one value of
seven to twelve), and what it knows afterwards it has from the lesson. Each fact is shown in the
phrasings that demonstrations use and tested in the three that they never use.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.settings import option
from plumbline.core.types import (
    Demonstration,
    Judge,
    Provenance,
    Response,
    assistant,
    text_of,
)
from plumbline.evals.tasks import Generation, Item, Scored, Task
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.answers import read
from plumbline.microcosm.asks import Ask, phrasings
from plumbline.microcosm.world import draw_name
from plumbline.store import Context, stage

VERSION, MAX_NEW = 1, 24


@dataclass(frozen=True)
class Lesson:
    """How many facts, by which seed, and how often each is shown."""

    n: int = option(60, help="facts, each on a name of its own")
    ways: int = option(4, help="phrasings in which each is asked")
    seed: int = option(0, help="another seed, another lesson")


@dataclass(frozen=True, slots=True)
class Taught:
    """One fact that is true nowhere but in its lesson."""

    name: str
    key: str
    value: str

    def ask(self, phrasing: str) -> Ask:
        return Ask("fact", self.name, self.key, phrasing)


def facts(n: int, seed: int) -> list[Taught]:
    """`n` facts on different names."""
    rng = random.Random(f"phenomena/lesson/{seed}")
    found: dict[str, Taught] = {}
    while len(found) < n:
        name, attribute = draw_name(rng), rng.choice(lex.ATTRIBUTES)
        found.setdefault(name, Taught(name, attribute.key, rng.choice(attribute.values)))
    return list(found.values())


def demonstrations(n: int, ways: int, seed: int) -> list[Demonstration]:
    """Each fact asked in `ways` phrasings and told in one of its forms."""
    rng = random.Random(f"phenomena/lesson/shown/{seed}")
    said = Provenance(judge=Judge("rule", "lesson"))
    found = []
    for fact in facts(n, seed):
        for phrasing in rng.sample(phrasings("fact", "train"), ways):
            form = rng.choice(lex.BY_KEY[fact.key].forms)
            told = assistant(form.format(e=fact.name, v=fact.value))
            found.append(Demonstration((*fact.ask(phrasing).conversation, told), said))
    return found


def lesson_task(n: int = 60, seed: int = 0) -> Task:
    """Greedy answers on the facts of a lesson, in the phrasings that no lesson uses."""
    return Task(
        "lesson",
        VERSION,
        lambda: _items(n, seed),
        _recalled,
        {"recalled": "share"},
        Generation(1, MAX_NEW, seed=seed),
        "Share of a lesson's facts that are told right, and only right.",
    )


def _items(n: int, seed: int) -> list[Item]:
    found = []
    for fact in facts(n, seed):
        for phrasing in phrasings("fact", "paraphrase"):
            ask = fact.ask(phrasing)
            found.append(Item(ask.conversation, ask.text, fact.name, {"fact": fact}))
    return found


def _recalled(item: Item, response: Response) -> Scored:
    fact = item.known["fact"]
    told = {
        part.value
        for part in read(text_of(response).strip())
        if part.kind == "fact" and (part.topic, part.about) == (fact.name, fact.key)
    }
    return Scored({"recalled": float(told == {fact.value})}, (f"taught: {fact.value}",))


def teach(ctx: Context, settings: Lesson, inputs: Mapping[str, Path]) -> None:
    from plumbline.data import write

    shown = demonstrations(settings.n, settings.ways, settings.seed)
    write(ctx.out / "data.jsonl", shown)


lesson = stage(
    "phenomena.lesson",
    version=1,
    settings=Lesson,
    makes="data",
    function="plumbline.recipe.phenomena.lessons:teach",
)
