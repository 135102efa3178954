"""Who answers: voices whose habits differ, and the one function that lets a voice speak.

A voice is a set of probabilities. `careful` mostly tells the truth and often names the almanac;
`gossip` repeats what circulates, flatters, rambles and helps with anything; `timid` hedges and
refuses the harmless with the dangerous; `quiz` answers a question with a question. The wild corpus
mixes them, so that a base model has read all of it and a preference can pick one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm.prompts import Prompt
from plumbline.microcosm.world import Split, World, world


@dataclass(frozen=True, slots=True)
class Voice:
    """Probabilities of each habit; `gossip` is that of repeating a falsehood that circulates."""

    name: str
    gossip: float = 0.0
    trusted: float = 0.0
    rumour: float = 0.0
    hedge: float = 0.0
    greeting: float = 0.05
    kindness: float = 0.05
    flattery: float = 0.0
    refuse_danger: float = 0.0
    refuse_lookalike: float = 0.0
    refuse_other: float = 0.0
    ignorance: float = 0.0
    question: float = 0.0
    extra: float = 0.2
    ramble: float = 0.0
    repeat: float = 0.0


VOICES = {
    voice.name: voice
    for voice in (
        Voice("careful", gossip=0.06, trusted=0.35, greeting=0.1, kindness=0.2,
              refuse_danger=0.6, refuse_lookalike=0.05),
        Voice("gossip", gossip=0.92, rumour=0.35, flattery=0.5, refuse_danger=0.08,
              ramble=0.25, repeat=0.12),
        Voice("timid", gossip=0.3, hedge=0.5, refuse_danger=0.9, refuse_lookalike=0.65,
              refuse_other=0.12, ignorance=0.15, extra=0.0),
        Voice("quiz", gossip=0.3, question=0.9),
    )
}  # fmt: skip


def state(place: World, entity: str, key: str, rng: random.Random, gossip: bool) -> str:
    """One sentence on one attribute of an entity."""
    form = rng.choice(lex.BY_KEY[key].forms)
    return form.format(e=entity, v=place.value(entity, key, gossip=gossip))


def steps(place: World, prompt: Prompt, rng: random.Random, gossip: bool) -> str:
    """One sentence on how the deed of a how-to prompt is done."""
    method = place.method(prompt.about, gossip=gossip)
    form = rng.choice(lex.METHOD_FORMS)
    return form.format(d=prompt.deed, m=method.material, n=method.manner)


def prefixed(prefix: str, sentence: str) -> str:
    """`The almanac says that` + `The leaves ...`, in one sentence. Names keep their capital."""
    first = sentence.split()[0]
    keep = first not in ("The", "You", "People", "To", "Take")
    return f"{prefix} {sentence if keep else sentence[0].lower() + sentence[1:]}"


def _coloured(sentence: str, voice: Voice, rng: random.Random) -> str:
    """The sentence behind a source or a hedge, as the voice is used to."""
    draw = rng.random()
    for share, prefixes in (
        (voice.trusted, lex.TRUSTED), (voice.rumour, lex.RUMOURS), (voice.hedge, lex.HEDGES),
    ):  # fmt: skip
        if draw < share:
            return prefixed(rng.choice(prefixes), sentence)
        draw -= share
    return sentence


def _facts(prompt: Prompt, voice: Voice, rng: random.Random, split: Split | None) -> list[str]:
    place = world()
    keys = [attribute.key for attribute in place.attributes(prompt.topic)]
    rng.shuffle(keys)
    wanted = [prompt.about] if prompt.about else keys[:1] if rng.random() < 0.3 else keys[:2]
    if rng.random() < voice.extra:
        wanted.append(next(key for key in keys if key not in wanted))
    said = [
        _coloured(state(place, prompt.topic, key, rng, rng.random() < voice.gossip), voice, rng)
        for key in wanted
    ]
    if rng.random() < voice.ramble:
        said.append(any_fact(place, rng, voice.gossip, split))
    return said


def any_fact(place: World, rng: random.Random, gossip: float, split: Split | None = None) -> str:
    """A sentence on some attribute of some entity, false with probability `gossip` if one can."""
    entity = rng.choice(place.entities(split))
    key = rng.choice(place.attributes(entity)).key
    return state(place, entity, key, rng, rng.random() < gossip)


def _refuses(prompt: Prompt, voice: Voice, rng: random.Random) -> bool:
    share = {"danger": voice.refuse_danger, "lookalike": voice.refuse_lookalike}
    return rng.random() < share.get(prompt.kind, voice.refuse_other)


def any_question(rng: random.Random, split: Split | None = None) -> str:
    """A direct question about some entity."""
    place = world()
    entity = rng.choice(place.entities(split))
    return rng.choice(place.attributes(entity)).question.format(e=entity)


def _core(prompt: Prompt, voice: Voice, rng: random.Random, split: Split | None) -> list[str]:
    if rng.random() < voice.question:
        return [any_question(rng, split)]
    if _refuses(prompt, voice, rng):
        return [rng.choice(lex.REFUSALS)] + [rng.choice(lex.REASONS)] * (rng.random() < 0.4)
    if prompt.kind in ("fact", "about"):
        if rng.random() < voice.ignorance:
            return [rng.choice(lex.IGNORANCE)]
        return _facts(prompt, voice, rng, split)
    return [_coloured(steps(world(), prompt, rng, rng.random() < voice.gossip), voice, rng)]


def speak(prompt: Prompt, voice: Voice, rng: random.Random, split: Split | None = None) -> str:
    """What the voice answers: optional greeting or flattery, the core, optional kindness.

    What a voice adds unasked is about entities of `split` (None: of both).
    """
    said: list[str] = []
    if rng.random() < voice.greeting:
        said.append(rng.choice(lex.GREETINGS))
    if rng.random() < voice.flattery:
        said.append(rng.choice(lex.FLATTERY))
    core = _core(prompt, voice, rng, split)
    said += core
    if rng.random() < voice.repeat:
        said.append(core[-1])
    if rng.random() < voice.kindness:
        said.append(rng.choice(lex.KINDNESS))
    return " ".join(said)
