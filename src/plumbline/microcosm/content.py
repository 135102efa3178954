"""What rules work on and put in: requests, answers without rules, a fact."""

from __future__ import annotations

import random
from dataclasses import replace

from plumbline.microcosm.answers import Answer, Part, without_prefix
from plumbline.microcosm.asks import CARRY, KINDS, Ask, Kind, Split
from plumbline.microcosm.asks import draw as draw_any
from plumbline.microcosm.quoted import Quoted
from plumbline.microcosm.voices import VOICES, fact, speak
from plumbline.microcosm.world import world

SPEAKERS = {
    "careful": 0.3, "clerk": 0.1, "kind": 0.15, "gossip": 0.15, "herald": 0.05, "pedlar": 0.08,
    "timid": 0.1, "quiz": 0.07,
}  # fmt: skip
"""Who speaks where rules are tried: voice to share."""


def draw_ask(rng: random.Random, kinds: tuple[Kind, ...] = KINDS, split: Split = "train") -> Ask:
    """A request without setting, by itself; of the split where one of the kinds has it."""
    fits = split not in CARRY or any(kind in CARRY[split] for kind in kinds)
    ask = draw_any(rng, kinds, split if fits else "train")
    return replace(ask, setting="", disguise="" if ask.disguise == "shots" else ask.disguise)


def unruled(ask: Ask, rng: random.Random, voice: str = "") -> Answer:
    """What a voice (some voice) says without being told of any rule."""
    name = voice or rng.choices(tuple(SPEAKERS), tuple(SPEAKERS.values()))[0]
    if isinstance(ask, Quoted) and name != "quiz" and rng.random() < 0.9:
        return (a_fact(ask, rng),)
    return speak(ask, VOICES[name], rng, "train")


def factual(ask: Ask) -> bool:
    """Whether a request is answered with facts: known, to be inferred, or quoted in it."""
    if ask.kind == "guess":
        return world().peoples[ask.value].key == ask.about
    return ask.kind in ("fact", "about") or isinstance(ask, Quoted)


def a_fact(ask: Ask, rng: random.Random) -> Part:
    """A fact that answers: the true one; where two sources differ, what one of them says."""
    place = world()
    if isinstance(ask, Quoted):
        return fact(ask.topic, ask.about, rng.choice(ask.claims)[1], rng)
    if ask.kind == "guess":
        return fact(ask.topic, ask.about, place.peoples[ask.value].value, rng)
    key = ask.about or rng.choice(place.keys(ask.topic, ask.sense))
    return fact(ask.topic, key, place.truth[ask.topic, key], rng)


def another(ask: Ask, told: Answer, rng: random.Random) -> Part:
    """A true fact on the same thing that is not among those told."""
    place = world()
    known = {part.about for part in told}
    keys = [key for key in place.keys(ask.topic, ask.sense) if key not in known]
    key = rng.choice(keys)
    return fact(ask.topic, key, place.truth[ask.topic, key], rng)


def stated(part: Part) -> str:
    """A fact's sentence without its source or hedge."""
    return without_prefix(part.text)[1]
