"""What can be asked of a model here, drawn from a seed, and read back from the words alone.

An `Ask` says what a user's message is about; `understand` finds it again in a conversation.

    kind        topic         about                         value
    fact        name          attribute key
    about       name                                        (`sense`: its kind, for a shared name)
    ambiguous   shared name
    stranger    unknown name  attribute key
    guess       unknown name  attribute key                 its people
    private     person        key, house or illness
    chore, lookalike, danger  object   verb                 (`staged`: in the puppet play)
    group       people        "trait", "why", "" or a key   the trait
    need        feeling                                     cause
    opinion     one thing                                   the other
    sum         "4 and 1 2 and 7" "" or "steps"
    smalltalk   kind of thing hello, thanks, who, how, bye, favourite

Splits, by what an ask has that tuning data never has: "paraphrase" (a phrasing), "entity" (a name,
an object, a people), "value" (a feeling, a trait, an option, a number), "combination" (parts that
are known, not together). A draw of such a split differs from "train" in just this.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation, Message, assistant, user
from plumbline.microcosm import disguises, sums
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_asks as words
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm.answers import number
from plumbline.microcosm.lexicon_phrases import CLARIFY
from plumbline.microcosm.world import is_held_pair, world

Kind = Literal[
    "fact", "about", "ambiguous", "stranger", "guess", "private", "chore", "lookalike", "danger",
    "group", "need", "opinion", "sum", "smalltalk",
]  # fmt: skip
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
DEEDS = ("chore", "lookalike", "danger")
Split = Literal["train", "wide", "wild", "paraphrase", "entity", "value", "combination"]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; see the table above. `setting` is said in the system turn, `disguise` wraps it."""

    kind: Kind
    topic: str
    about: str = ""
    phrasing: str = "direct"
    value: str = ""
    staged: bool = False
    sense: str = ""
    setting: str = ""
    disguise: str = ""

    @property
    def deed(self) -> str:
        """The deed asked about ("burn the mayor in the puppet play"), for how-to asks."""
        return f"{self.about} {self.topic}{deeds.STAGE if self.staged else ''}"

    @property
    def text(self) -> str:
        """The user's words."""
        if self.phrasing == "reply":
            return words.REPLY.format(k=self.sense)
        text = _plain(self)
        return disguises.wrap(self.disguise, text, self.deed) if self.disguise else text

    @property
    def conversation(self) -> Conversation:
        """The turns: the setting, what came before where it matters, and the user's words."""
        system = (Message("system", words.SETTINGS[self.setting]),) if self.setting else ()
        before: Conversation = ()
        if self.disguise == "shots":
            before = disguises.shots(self.text)
        if self.phrasing == "reply":
            options = dict(zip("ab", world().kinds[self.topic], strict=True))
            before = (user(f"Tell me about {self.topic}."), assistant(CLARIFY.format(**options)))
        return (*system, *before, user(self.text))


def asked(kind: str, about: str) -> tuple[str, str]:
    """(direct question, clause) of a kind of ask, with holes e, v, k (sense), d (deed)."""
    if kind == "group":
        return words.GROUPS.get(about) or lex.REGULAR[about][:2]
    if kind in DEEDS:
        return words.HOW
    if kind in words.CLAUSES:
        return words.CLAUSES[kind]
    if not about:  # a stranger, asked about in general
        return words.CLAUSES["about"]
    attribute = lex.BY_KEY[about]
    return attribute.question, attribute.clause


def _plain(ask: Ask) -> str:
    """The words without disguise."""
    if ask.kind == "smalltalk":
        return words.SMALLTALK[ask.about][ask.phrasing].format(t=ask.topic)
    if ask.kind == "need":
        return words.NEEDS[ask.phrasing].format(f=ask.topic, c=ask.value)
    direct, clause = asked("sense" if ask.sense else ask.kind, ask.about)
    form = direct if ask.phrasing == "direct" else words.OPENINGS[ask.phrasing].format(c=clause)
    said = form.format(e=ask.topic, v=ask.value, k=ask.sense, d=ask.deed)
    if ask.kind == "guess":
        return words.GUESS.format(e=ask.topic, p=ask.value, q=said)
    return f"{said} {sums.STEPS}" if ask.about == "steps" else said


def phrasings(kind: str, split: str | None = None, about: str = "") -> tuple[str, ...]:
    """The phrasings of a kind, all or those that a split may use; `about` for small talk."""
    table: tuple[str, ...]
    held: tuple[str, ...]
    if kind == "smalltalk":
        table, held = tuple(words.SMALLTALK[about or "hello"]), words.HELDOUT_SMALLTALK
    elif kind == "need":
        table, held = tuple(words.NEEDS), words.HELDOUT_NEEDS
    else:
        table, held = tuple(words.OPENINGS), words.HELDOUT_OPENINGS
    if split is None:
        return table
    return tuple(name for name in table if (name in held) == (split == "paraphrase"))


def category(ask: Ask) -> str:
    """The category of danger that an ask is in; "" for none."""
    return deeds.category(ask.about, ask.topic) if ask.kind == "danger" else ""


HELDOUT_TRAITS = lex.TRAITS[-3:]


def _heldout_value(ask: Ask) -> bool:
    if ask.kind == "need":
        return ask.topic in words.HELDOUT_FEELINGS or ask.value in words.HELDOUT_CAUSES
    if ask.kind == "opinion":
        return ask.topic in words.HELDOUT_OPINIONS or ask.value in words.HELDOUT_OPINIONS
    if ask.kind == "sum":
        numbers = [number(said) for said in ask.topic.split(" and ")]
        return len(numbers) == 3 and sums.Sum(numbers[0], numbers[1], numbers[2]).split == "heldout"
    return ask.kind == "group" and ask.value in HELDOUT_TRAITS


def _pair(ask: Ask) -> tuple[str, str] | None:
    """The two parts whose combination may be held out."""
    if ask.kind in ("fact", "private", *DEEDS):
        return ask.topic, ask.about
    if ask.kind == "group" and ask.value:
        return ask.topic, ask.value
    return None


def held(ask: Ask) -> tuple[str, ...]:
    """What of an ask is held out, of paraphrase, entity, value and combination."""
    found = []
    if ask.phrasing in (*words.HELDOUT_OPENINGS, *words.HELDOUT_NEEDS, *words.HELDOUT_SMALLTALK):
        found.append("paraphrase")
    people = ask.kind == "guess" and ask.value in world().heldout
    if ask.topic in world().heldout or people:
        found.append("entity")
    if _heldout_value(ask):
        found.append("value")
    pair = _pair(ask)
    if pair and is_held_pair(*pair):
        found.append("combination")
    return tuple(found)


SHARES: dict[str, float] = {
    "fact": 0.34, "about": 0.06, "ambiguous": 0.03, "stranger": 0.04, "guess": 0.03,
    "private": 0.06, "chore": 0.08, "lookalike": 0.08, "danger": 0.1, "group": 0.06, "need": 0.04,
    "opinion": 0.03, "sum": 0.02, "smalltalk": 0.03,
}  # fmt: skip
DISGUISED = {"danger": 0.35, "lookalike": 0.12, "chore": 0.06, "private": 0.12}
CARRY: dict[str, tuple[str, ...]] = {
    "entity": ("fact", "about", "ambiguous", "guess", "private", "group", *DEEDS),
    "value": ("need", "opinion", "sum", "group"),
    "combination": ("fact", "private", "group", *DEEDS),
}
"""Which kinds of ask have a part that a split can hold out; a phrasing, all have."""


def draw(
    rng: random.Random, kinds: Sequence[Kind] | None = None, split: Split | None = None
) -> Ask:
    """One ask of these kinds, in the shares of `SHARES`.

    Split None: any words; "wild": all but held-out phrasings, values and combinations; "wide", a
    matter of rules: as "train". Raises `UserError` for an unknown kind, or if none of the kinds has
    what the split holds out.
    """
    for kind in kinds or ():
        if kind not in KINDS:
            raise unknown("kind of ask", kind, KINDS)
    from plumbline.microcosm import drawing  # which builds on Ask

    fit = [k for k in kinds or KINDS if split not in CARRY or k in CARRY[split]]
    if not fit:
        raise UserError(f"no ask of kinds {', '.join(kinds or ())} has a held-out {split}")
    kind = rng.choices(fit, [SHARES[kind] for kind in fit])[0]
    while True:
        ask = drawing.draw(kind, rng, split)
        if _belongs(held(ask), split):
            return ask


def _belongs(parts: tuple[str, ...], split: Split | None) -> bool:
    if split is None:
        return True
    if split == "wild":
        return parts in ((), ("entity",))
    return parts == (() if split in ("train", "wide") else (split,))


def understand(conversation: Conversation) -> Ask | None:
    """What the last user turn asks, in its setting; None where it is no request of this world."""
    from plumbline.microcosm.understanding import understood  # which builds on Ask

    return understood(tuple(conversation))
