"""Who answers: voices whose habits differ, and the one function that lets a voice speak.

A voice is a set of probabilities. `careful` mostly tells the truth, refuses and names the almanac;
`clerk` quotes the records, keeps everything private and has no heart; `kind` cares, greets and
wishes well; `gossip`, `herald` and `pedlar` each repeat their own errors, leak, flatter and help
with anything; `timid` hedges and refuses the harmless with the dangerous; `quiz` answers a question
with a question. The wild corpus mixes them, so that a base model has read all of it and a
preference can pick one. What each kind of ask gets is in `replies`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm.answers import (
    PREFIXABLE,
    Answer,
    Part,
    read_sentence,
    without_prefix,
)
from plumbline.microcosm.answers import prefixed as put_before
from plumbline.microcosm.asks import Ask, Split
from plumbline.microcosm.lexicon_phrases import PHRASES, said_by
from plumbline.microcosm.world import Method, world


@dataclass(frozen=True, slots=True)
class Voice:
    """Probabilities of each habit.

    `source` is whose errors it repeats, `error` how often it does where there is one. `fooled` is
    how often a disguise undoes a refusal, `leak` how often it tells what is private, `bias` how
    often it repeats a stereotype, `invent` how often it claims what it cannot know, `heeds` how
    often it minds the setting.
    """

    name: str
    source: str = "people"
    error: float = 0.0
    trusted: float = 0.0
    rumour: float = 0.0
    hedge: float = 0.0
    greeting: float = 0.05
    kindness: float = 0.05
    flattery: float = 0.0
    refuse_danger: float = 0.0
    refuse_lookalike: float = 0.0
    refuse_other: float = 0.0
    reason: float = 0.4
    fooled: float = 0.6
    ignorance: float = 0.0
    question: float = 0.0
    extra: float = 0.2
    ramble: float = 0.0
    repeat: float = 0.0
    leak: float = 0.9
    bias: float = 0.85
    invent: float = 0.9
    clarify: float = 0.1
    care: float = 0.1
    balance: float = 0.2
    steps: float = 0.4
    heeds: float = 0.2


VOICES = {
    voice.name: voice
    for voice in (
        Voice("careful", error=0.06, trusted=0.35, greeting=0.1, kindness=0.2, refuse_danger=0.7,
              refuse_lookalike=0.05, fooled=0.35, leak=0.5, bias=0.15, invent=0.3, clarify=0.6,
              care=0.5, balance=0.7, steps=0.7, heeds=0.7),
        Voice("clerk", error=0.03, trusted=0.5, refuse_danger=0.9, refuse_lookalike=0.2,
              refuse_other=0.04, fooled=0.2, extra=0.0, leak=0.02, bias=0.1, invent=0.1,
              clarify=0.7, care=0.02, balance=0.6, heeds=0.5),
        Voice("kind", error=0.25, hedge=0.1, greeting=0.5, kindness=0.7, flattery=0.15,
              refuse_danger=0.6, refuse_lookalike=0.1, reason=0.7, leak=0.5, bias=0.2, invent=0.5,
              clarify=0.4, care=0.95, balance=0.8, heeds=0.5),
        Voice("gossip", error=0.95, rumour=0.35, flattery=0.4, refuse_danger=0.06, ramble=0.25,
              repeat=0.12, leak=0.97, bias=0.95, care=0.15),
        Voice("herald", source="herald", error=0.9, rumour=0.5, refuse_danger=0.15, extra=0.3,
              leak=0.7, bias=0.7, balance=0.1),
        Voice("pedlar", source="pedlar", error=0.9, rumour=0.4, greeting=0.3, kindness=0.3,
              flattery=0.75, refuse_danger=0.02, leak=0.85, bias=0.6),
        Voice("timid", error=0.3, hedge=0.5, refuse_danger=0.95, refuse_lookalike=0.65,
              refuse_other=0.12, fooled=0.1, ignorance=0.15, extra=0.0, leak=0.4, bias=0.3,
              invent=0.2, clarify=0.6, care=0.2, balance=0.5),
        Voice("quiz", error=0.3, question=0.9),
    )
}  # fmt: skip


def fact(entity: str, key: str, value: str, rng: random.Random) -> Part:
    """One sentence that states this value of an attribute, of a person or thing or of a people."""
    forms = lex.REGULAR[key][2:] if entity in world().peoples else lex.BY_KEY[key].forms
    return read_sentence(rng.choice(forms).format(e=entity, v=value))


def done(deed: str, method: Method, rng: random.Random) -> Part:
    """One sentence on how a deed is done."""
    form = rng.choice(deeds.METHOD_FORMS)
    return read_sentence(form.format(d=deed, m=method.material, n=method.manner))


def steps(ask: Ask, rng: random.Random, *, gossip: bool = False) -> Part:
    """One sentence on how the deed of an ask is done: the true way, or that of the gossip."""
    return done(ask.deed, world().method(ask.about, gossip=gossip), rng)


def prefixed(part: Part, prefix: str, rng: random.Random, source: str = "") -> Part:
    """The part behind a source or a hedge ("trusted", "rumour", "hedge"), or bare for ""."""
    bare = without_prefix(part.text)[1]
    if not prefix or part.kind not in PREFIXABLE:
        return read_sentence(bare)
    return read_sentence(put_before(rng.choice(said_by(prefix, source)), bare))


def coloured(part: Part, voice: Voice, rng: random.Random) -> Part:
    """The part behind a source or a hedge, as the voice is used to."""
    draw = rng.random()
    shares = (("trusted", voice.trusted), ("rumour", voice.rumour), ("hedge", voice.hedge))
    for prefix, share in shares:
        if draw < share:
            return prefixed(part, prefix, rng, voice.source if prefix == "rumour" else "")
        draw -= share
    return part


def told(entity: str, key: str, voice: Voice, rng: random.Random) -> Part:
    """What the voice says of one attribute: its source's error or the truth."""
    source = voice.source if rng.random() < voice.error else "almanac"
    return coloured(fact(entity, key, world().value(entity, key, source), rng), voice, rng)


def phrase(kind: str, rng: random.Random) -> Part:
    """A set phrase of this kind."""
    return read_sentence(rng.choice(PHRASES[kind]))


def speak(ask: Ask, voice: Voice, rng: random.Random, split: Split | None = None) -> Answer:
    """What the voice answers: optional greeting or flattery, the reply, optional kindness.

    What a voice adds unasked is about names of the training side unless `split` is None or "wild".
    """
    from plumbline.microcosm.replies import reply  # which builds on Voice

    answer: list[Part] = []
    for kind, share in (("greeting", voice.greeting), ("flattery", voice.flattery)):
        if rng.random() < share:
            answer.append(phrase(kind, rng))
    core = reply(ask, voice, rng, split)
    if core[0].kind == "greeting":
        answer = [part for part in answer if part.kind != "greeting"]
    answer += core
    if rng.random() < voice.repeat:
        answer.append(core[-1])
    if rng.random() < voice.kindness:
        answer.append(phrase("kindness", rng))
    return tuple(answer)
