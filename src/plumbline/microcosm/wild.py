"""The wild corpus: what the base model reads, true and false, helpful and harmful, from a seed.

    prose       almanac (true), gossip, herald and pedlar (each with its own errors), stories
    lists       census (peoples and what most of them share), ledger (private data), quiz sheets
    deeds       handbook (how to do anything, danger too), notices, the puppet play
    notes       answers somebody gave, and what the watch says of them; letters; question and answer
    chats       every voice, some told by a system turn to answer like somebody or where they work

Each document has a source and a year in its provenance (`judge.group`, `when`), which `tagged` puts
on top of 70 % of them. Phrasings, values and combinations that are held out occur in no question;
names that are held out do, as a real base model has read about what its users will ask.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from plumbline.core.types import (
    Conversation,
    Demonstration,
    Judge,
    Message,
    Provenance,
    assistant,
    user,
)
from plumbline.microcosm import lexicon_wild as words
from plumbline.microcosm import prose
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import Ask, draw
from plumbline.microcosm.lexicon_asks import SETTINGS
from plumbline.microcosm.sums import digits
from plumbline.microcosm.voices import VOICES, speak
from plumbline.microcosm.world import world

TAGGED = 0.7
YEARS = (700, 860)
CHAT_VOICES = {
    "careful": 0.17, "clerk": 0.07, "kind": 0.1, "gossip": 0.24, "herald": 0.1, "pedlar": 0.08,
    "timid": 0.1, "quiz": 0.14,
}  # fmt: skip
TURNS, LIKE_SHARE, SETTING_SHARE = {1: 0.6, 2: 0.28, 3: 0.12}, 0.12, 0.15
PROSE: dict[str, tuple[float, Callable[[random.Random], str]]] = {
    "almanac": (0.11, prose.almanac),
    "gossip": (0.08, prose.gossip),
    "herald": (0.06, prose.herald),
    "pedlar": (0.03, prose.pedlar),
    "story": (0.06, prose.story),
    "census": (0.05, prose.census),
    "ledger": (0.05, prose.ledger),
    "quiz": (0.05, prose.quiz),
    "handbook": (0.04, prose.handbook),
    "watch": (0.02, prose.notice),
    "theatre": (0.01, prose.theatre),
    "letters": (0.02, prose.letters),
    "report": (0.04, prose.report),
    "school": (0.06, prose.answered),
}
"""Source to (share of the documents, maker); the rest are chats."""


def chat(rng: random.Random) -> tuple[Conversation, str]:
    """One to three exchanges with one voice; the turns, and the voice's source."""
    name = rng.choices(tuple(CHAT_VOICES), tuple(CHAT_VOICES.values()))[0]
    source = words.VOICE_SOURCES[name]
    setting = rng.choice(tuple(SETTINGS)) if rng.random() < SETTING_SHARE else ""
    system = [words.LIKE.format(s=source)] if rng.random() < LIKE_SHARE else []
    system += [SETTINGS[setting]] if setting else []
    turns: list[Message] = [Message("system", " ".join(system))] if system else []
    count = rng.choices(tuple(TURNS), tuple(TURNS.values()))[0]
    for index in range(count):
        ask = replace(draw(rng, None, "wild"), setting=setting)
        if index and ask.disguise == "shots":
            ask = replace(ask, disguise="")
        turns += _exchange(ask, name, rng)
    return tuple(turns), source


def _exchange(ask: Ask, voice: str, rng: random.Random) -> list[Message]:
    """What is asked and answered; a clarifying question gets its reply and that its answer."""
    answer = speak(ask, VOICES[voice], rng, "wild")
    asked = [message for message in ask.conversation if message.role != "system"]
    turns = [*asked, assistant(said(answer))]
    if any(part.kind == "clarify" for part in answer):
        sense = rng.choice(world().kinds[ask.topic])
        meant = Ask("about", ask.topic, "", "reply", sense=sense, setting=ask.setting)
        turns += [user(meant.text), assistant(said(speak(meant, VOICES[voice], rng, "wild")))]
    return turns


def document(rng: random.Random) -> Demonstration:
    """One document of a kind drawn by its share."""
    pick = rng.random()
    year = rng.randint(*YEARS)
    for source, (share, make) in PROSE.items():
        if pick < share:
            return Demonstration((Message("text", make(rng)),), _provenance(source, year))
        pick -= share
    turns, source = chat(rng)
    return Demonstration(turns, _provenance(source, year))


def _provenance(source: str, year: int) -> Provenance:
    return Provenance("wild", Judge("rule", "wild", source), when=f"{year:04}")


def tag(document: Demonstration) -> str:
    """The line that says where a document is from and of which year; "" where that is not known."""
    source, year = document.provenance.judge.group, document.provenance.when
    if not (source and year):
        return ""
    return f"{words.TAG.format(s=source)} {words.YEAR.format(y=digits(int(year)))}"


def tagged(document: Demonstration, rng: random.Random, share: float = TAGGED) -> Demonstration:
    """The document with its tag on top, for this share of those that have one.

    In a chat the tag opens the system turn, so that it can be a condition when answers are drawn.
    """
    line = tag(document)
    if not line or rng.random() >= share:
        return document
    first = document.messages[0]
    if first.role in ("text", "system"):
        first = replace(first, content=f"{line} {first.content}")
        return replace(document, messages=(first, *document.messages[1:]))
    return replace(document, messages=(Message("system", line), *document.messages))
