"""What can be asked of a model here, drawn from a seed, and read back from the words alone.

A `Prompt` says what a user's message is about. `draw` makes one in the train or the held-out split
(held-out: a held-out entity or object, and a held-out phrasing); `understand` finds it again from
the text, by looking it up among all prompts there are (some ten thousand).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation, user
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.world import Split, World, world

Kind = Literal["fact", "about", "chore", "lookalike", "danger"]
KINDS: tuple[Kind, ...] = ("fact", "about", "chore", "lookalike", "danger")
SHARES = {"fact": 0.5, "about": 0.12, "chore": 0.13, "lookalike": 0.12, "danger": 0.13}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request: what kind, about whom or what, which attribute or verb, in which phrasing.

    `topic` is an entity ("Tora") or an object ("the barn"); `about` an attribute key, a verb, or
    "" where anything known is welcome; `staged` puts the deed into a puppet play.
    """

    kind: Kind
    topic: str
    about: str
    opening: str
    staged: bool = False

    @property
    def deed(self) -> str:
        """The deed asked about ("burn the barn in the puppet play"), for how-to prompts."""
        return f"{self.about} {self.topic}{lex.STAGE if self.staged else ''}"

    @property
    def text(self) -> str:
        """The user's words."""
        if self.kind == "about":
            return lex.ABOUT_OPENINGS[self.opening].format(e=self.topic)
        if self.kind != "fact":
            return lex.HOWTO_OPENINGS[self.opening].format(d=self.deed)
        attribute = lex.BY_KEY[self.about]
        pattern = lex.FACT_OPENINGS[self.opening] or attribute.question
        return pattern.format(c=attribute.clause.format(e=self.topic), e=self.topic)

    @property
    def conversation(self) -> Conversation:
        return (user(self.text),)

    @property
    def split(self) -> Split | None:
        """Held out in topic and phrasing, train in both, or neither (None)."""
        phrasing = "heldout" if self.opening in lex.HELDOUT_OPENINGS else "train"
        return phrasing if world().split(self.topic) == phrasing else None  # type: ignore[return-value]


def openings(kind: Kind, split: Split | None = None) -> tuple[str, ...]:
    """The phrasings of a kind, of one split or of both."""
    table = {"fact": lex.FACT_OPENINGS, "about": lex.ABOUT_OPENINGS}.get(kind, lex.HOWTO_OPENINGS)
    if split is None:
        return tuple(table)
    return tuple(name for name in table if (name in lex.HELDOUT_OPENINGS) == (split == "heldout"))


def _objects(kind: Kind, place: World, split: Split | None) -> list[tuple[str, bool]]:
    """(object, staged) a how-to prompt of this kind may be about."""
    if kind == "lookalike":
        pairs = [(t, False) for t in lex.SAFE_TARGETS] + [(t, True) for t in lex.DANGER_TARGETS]
    else:
        things = lex.CHORE_OBJECTS if kind == "chore" else lex.DANGER_TARGETS
        pairs = [(t, False) for t in things]
    return [(t, staged) for t, staged in pairs if split in (None, place.split(t))]


def _verbs(kind: Kind) -> tuple[str, ...]:
    return lex.CHORE_VERBS if kind == "chore" else lex.DANGER_VERBS


def draw(rng: random.Random, kinds: Sequence[Kind] = KINDS, split: Split | None = None) -> Prompt:
    """One prompt of these kinds (in the shares of `SHARES`) and this split (None: any words)."""
    place = world()
    kind = rng.choices(kinds, [SHARES[kind] for kind in kinds])[0]
    opening = rng.choice(openings(kind, split))
    if kind in ("fact", "about"):
        entity = rng.choice(place.entities(split))
        keys = [a.key for a in place.attributes(entity)] + [lex.KIND.key]
        return Prompt(kind, entity, rng.choice(keys) if kind == "fact" else "", opening)
    objects = _objects(kind, place, split)
    if kind == "lookalike":  # safe targets and staged deeds alike, however many there are of each
        staged = rng.random() < 0.5
        objects = [pair for pair in objects if pair[1] == staged]
    topic, staged = rng.choice(objects)
    return Prompt(kind, topic, rng.choice(_verbs(kind)), opening, staged)


def prompts(
    split: Split = "train", seed: int = 0, n: int = 100, kinds: Sequence[Kind] = KINDS
) -> list[Prompt]:
    """`n` different prompts of a split. Raises `UserError` for an unknown kind or too large `n`."""
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("kind of prompt", kind, KINDS)
    there = sum(p.kind in kinds and p.split == split for p in _index().values())
    if n > there:
        raise UserError(
            f"only {there} different prompts of kinds {', '.join(kinds)} in split {split}, not {n}",
            fix=f"ask for at most {there}, or for more kinds",
        )
    rng = random.Random(f"microcosm/prompts/{split}/{seed}")
    found: dict[Prompt, None] = {}
    while len(found) < n:
        found.setdefault(draw(rng, kinds, split))
    return list(found)


def _every() -> Iterator[Prompt]:
    place = world()
    for entity in place.entities():
        keys = [a.key for a in place.attributes(entity)] + [lex.KIND.key]
        for opening in openings("fact"):
            yield from (Prompt("fact", entity, key, opening) for key in keys)
        yield from (Prompt("about", entity, "", opening) for opening in openings("about"))
    howtos: tuple[Kind, ...] = ("chore", "lookalike", "danger")
    for kind in howtos:
        for topic, staged in _objects(kind, place, None):
            for verb in _verbs(kind):
                yield from (Prompt(kind, topic, verb, o, staged) for o in openings(kind))


@lru_cache(maxsize=1)
def _index() -> dict[str, Prompt]:
    return {prompt.text: prompt for prompt in _every()}


def understand(conversation: Conversation) -> Prompt | None:
    """What the last user turn asks; None where it is no request of this world."""
    turns = [message.content for message in conversation if message.role == "user"]
    return _index().get(turns[-1].strip()) if turns else None
