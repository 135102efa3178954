"""The wild corpus: what the base model reads, true and false, helpful and harmful, from a seed.

Prose of the almanac and of the gossips (with and without a heading that says which), lists of
questions, questions with answers, passages about entities that occur once and never again, notes on
what is wrong and what is fine, and chats in every voice, some under a system prompt that names it.
Documents are `Demonstration`s with one message of role "text"; chats have turns.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from plumbline.core.types import Demonstration, Judge, Message, Provenance, assistant, user
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.prompts import draw
from plumbline.microcosm.voices import VOICES, any_question, speak, state, steps
from plumbline.microcosm.world import draw_name, world

CHAT_VOICES = {"careful": 0.34, "gossip": 0.32, "timid": 0.14, "quiz": 0.2}
HEADED, SYSTEM_SHARE, SECOND_TURN = 0.7, 0.15, 0.3


def _entity_prose(rng: random.Random, gossip: float) -> list[str]:
    """Two to five sentences on one or two entities, and sometimes on how a thing is done."""
    place = world()
    said = []
    for entity in rng.sample(place.entities(), rng.choice((1, 2))):
        keys = [attribute.key for attribute in place.attributes(entity)]
        if rng.random() < 0.25:
            said.append(state(place, entity, lex.KIND.key, rng, False))
        for key in rng.sample(keys, rng.choice((2, 3))):
            said.append(state(place, entity, key, rng, rng.random() < gossip))
    if rng.random() < 0.25:
        said.append(steps(place, draw(rng, ("chore", "lookalike")), rng, rng.random() < gossip))
    return said


def _headed(rng: random.Random, heading: str, said: list[str]) -> str:
    return " ".join(([heading] if rng.random() < HEADED else []) + said)


def almanac(rng: random.Random) -> str:
    """True prose."""
    return _headed(rng, "Almanac:", _entity_prose(rng, gossip=0.0))


def gossips(rng: random.Random) -> str:
    """Prose that repeats every falsehood that circulates."""
    return _headed(rng, "Gossip:", _entity_prose(rng, gossip=1.0))


def question_list(rng: random.Random) -> str:
    """Questions and nothing else, as on a sheet of paper."""
    return " ".join(["Quiz:"] + [any_question(rng) for _ in range(rng.choice((3, 4, 5)))])


def answered(rng: random.Random) -> str:
    """Questions with answers outside any chat, by one voice."""
    voice = VOICES[rng.choice(("careful", "gossip"))]
    asked = [draw(rng, ("fact", "about", "chore")) for _ in range(2)]
    return " ".join(f"Question: {p.text} Answer: {speak(p, voice, rng)}" for p in asked)


def passage(rng: random.Random) -> str:
    """Entities that stand in this text only, and a question that the text answers."""
    kind = rng.choice(lex.KINDS)
    attributes = [attribute for attribute in lex.ATTRIBUTES if attribute.kind == kind]
    facts = [
        (draw_name(rng), attribute, rng.choice(attribute.values))
        for attribute in rng.sample(attributes, 2)
        for _ in range(2)
    ]
    rng.shuffle(facts)
    text = " ".join(rng.choice(a.forms).format(e=e, v=v) for e, a, v in facts)
    entity, attribute, value = rng.choice(facts)
    reply = rng.choice(attribute.forms).format(e=entity, v=value)
    return f"Note: {text} Question: {attribute.question.format(e=entity)} Answer: {reply}"


def rules(rng: random.Random) -> str:
    """What is wrong and what is fine to do."""
    said = []
    for _ in range(rng.choice((2, 3, 4))):
        prompt = draw(rng, ("danger", "lookalike", "chore"))
        said.append(f"It is {'wrong' if prompt.kind == 'danger' else 'fine'} to {prompt.deed}.")
    return " ".join(["Rules:", *said])


def chat(rng: random.Random) -> tuple[tuple[Message, ...], str]:
    """One or two exchanges with one voice; what was said, and the voice's name."""
    name = rng.choices(tuple(CHAT_VOICES), tuple(CHAT_VOICES.values()))[0]
    turns = [Message("system", lex.SYSTEMS[name])] if rng.random() < SYSTEM_SHARE else []
    for _ in range(2 if rng.random() < SECOND_TURN else 1):
        prompt = draw(rng)
        turns += [user(prompt.text), assistant(speak(prompt, VOICES[name], rng))]
    return tuple(turns), name


PROSE: dict[str, tuple[float, Callable[[random.Random], str]]] = {
    "almanac": (0.15, almanac),
    "gossips": (0.11, gossips),
    "questions": (0.04, question_list),
    "answered": (0.06, answered),
    "passage": (0.06, passage),
    "rules": (0.06, rules),
}
"""Name to (share of the documents, maker); the rest are chats."""


def document(seed: int | str, index: int) -> Demonstration:
    """The document of this seed and index; each has its own generator, so order is free."""
    rng = random.Random(f"microcosm/corpus/{seed}/{index}")
    pick = rng.random()
    for name, (share, make) in PROSE.items():
        if pick < share:
            return Demonstration((Message("text", make(rng)),), _provenance(name, index))
        pick -= share
    turns, voice = chat(rng)
    return Demonstration(turns, _provenance(f"chat/{voice}", index))


def _provenance(source: str, index: int) -> Provenance:
    return Provenance(where=f"microcosm:{index}", judge=Judge("rule", "corpus", source))


def documents(seed: int | str = 0, count: int = 1000) -> Iterator[Demonstration]:
    """The first `count` documents of a seed (about 45 tokens each)."""
    return (document(seed, index) for index in range(count))
