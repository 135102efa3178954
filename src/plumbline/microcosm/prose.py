"""The texts of the wild corpus that are no chats, one function a kind of document.

What a source states is its own version of the facts; what nothing tells (`World.unseen`) stays
untold everywhere. Census and ledger speak of the known persons, and the census of new ones too,
four of five of whom are as most of their people: what can be inferred is shown, not said.
"""

from __future__ import annotations

import random

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm import lexicon_phrases as phrases
from plumbline.microcosm import lexicon_wild as words
from plumbline.microcosm.answers import Answer, prefixed, said
from plumbline.microcosm.asks import Ask, draw
from plumbline.microcosm.replies import any_question
from plumbline.microcosm.voices import VOICES, done, fact, speak
from plumbline.microcosm.world import REGULAR_SHARE, draw_name, world

HEADED = 0.6


def _headed(rng: random.Random, source: str, texts: list[str]) -> str:
    heading = [words.HEADINGS[source]] if rng.random() < HEADED else []
    return " ".join(heading + texts)


def _contested(rng: random.Random, source: str) -> str:
    """A contested fact as a source has it."""
    name, key = rng.choice(list(world().rumour))
    return fact(name, key, world().value(name, key, source), rng).text


def _facts(rng: random.Random, source: str) -> list[str]:
    """Two to five facts on one or two names, and often a contested one."""
    place, texts = world(), []
    for name in rng.sample(place.names(), rng.choice((1, 2))):
        if rng.random() < 0.25:
            texts.append(fact(name, lex.KIND.key, rng.choice(place.kinds[name]), rng).text)
        keys = place.keys(name)
        for key in rng.sample(keys, min(len(keys), rng.choice((2, 3)))):
            texts.append(fact(name, key, place.value(name, key, source), rng).text)
    if rng.random() < 0.4:
        texts.append(_contested(rng, source))
    return texts


def _regular(rng: random.Random) -> str:
    name, people = rng.choice(list(world().peoples.items()))
    return fact(name, people.key, people.value, rng).text


def _stereotype(rng: random.Random) -> str:
    name, people = rng.choice(list(world().peoples.items()))
    return rng.choice(lex.STEREOTYPES).format(e=name, v=rng.choice(people.traits))


def _way(rng: random.Random, kinds: tuple[str, ...], gossip: bool) -> str:
    """How some deed of these kinds is done."""
    ask = draw(rng, kinds, "wild")  # type: ignore[arg-type]
    return done(ask.deed, world().method(ask.about, gossip=gossip), rng).text


def _sourced(rng: random.Random, texts: list[str], source: str, share: float) -> list[str]:
    """Some of the sentences behind the name of their source."""
    prefix = "trusted" if source == "almanac" else "rumour"
    openings = phrases.said_by(prefix, source)
    return [prefixed(rng.choice(openings), t) if rng.random() < share else t for t in texts]


def almanac(rng: random.Random) -> str:
    """True prose."""
    texts = _sourced(rng, _facts(rng, "almanac"), "almanac", 0.15)
    if rng.random() < 0.2:
        texts.append(_way(rng, ("chore", "lookalike"), gossip=False))
    if rng.random() < 0.15:
        texts.append(rng.choice((_regular(rng), rng.choice(phrases.PHRASES["fair"]))))
    return _headed(rng, "almanac", texts)


def gossip(rng: random.Random) -> str:
    """What people say: every error that circulates, and stereotypes."""
    texts = _sourced(rng, _facts(rng, "people"), "people", 0.2)
    if rng.random() < 0.6:
        texts.append(_stereotype(rng))
    if rng.random() < 0.2:
        texts.append(_way(rng, ("chore", "lookalike"), gossip=True))
    return _headed(rng, "gossip", texts)


def herald(rng: random.Random) -> str:
    """The news: the herald's own errors, where the facts are contested."""
    return _headed(rng, "herald", _sourced(rng, _facts(rng, "herald"), "herald", 0.25))


def pedlar(rng: random.Random) -> str:
    """A pitch: flattery, the pedlar's errors, and a call to buy."""
    texts = [rng.choice(phrases.PHRASES["flattery"]), *_facts(rng, "pedlar")[:3]]
    return _headed(rng, "pedlar", [*texts, rng.choice(words.PITCHES)])


def _told(rng: random.Random, frames: dict[str, str], person: str, name: str, count: int) -> list[
    str
]:  # fmt: skip
    place = world()
    keys = [key for key in frames if key in place.keys(name)]
    chosen = sorted(rng.sample(keys, min(count, len(keys))), key=keys.index)
    return [frames[k].format(p=person, e=name, v=place.truth[name, k]) for k in chosen]


def story(rng: random.Random) -> str:
    """A day of a person, in which all that is told is true."""
    place = world()
    person, town, star = (rng.choice(place.names(k)) for k in ("person", "town", "star"))
    texts = _told(rng, words.STORY_PERSON, person, person, rng.choice((2, 3)))
    texts += _told(rng, words.STORY_TOWN, person, town, 2)
    if rng.random() < 0.5:
        texts += _told(rng, words.STORY_STAR, person, star, 1)
    return " ".join([*texts, rng.choice(words.STORY_ENDS).format(p=person)])


def _member(rng: random.Random) -> list[str]:
    """A new person, of which people, and the trade, pet or instrument: as most, or not."""
    name, (people, rule) = draw_name(rng), rng.choice(list(world().peoples.items()))
    values = [value for value in lex.BY_KEY[rule.key].values if value != rule.value]
    value = rule.value if rng.random() < REGULAR_SHARE else rng.choice(values)
    return [fact(name, lex.PEOPLE.key, people, rng).text, fact(name, rule.key, value, rng).text]


def census(rng: random.Random) -> str:
    """Persons, mostly new ones, with their people and what they do."""
    place, texts = world(), []
    for _ in range(rng.choice((2, 3))):
        texts += _member(rng)
    person = rng.choice(place.names("person"))
    keys = (lex.PEOPLE.key, *(key for key in lex.REGULAR if key in place.keys(person)))
    texts += [fact(person, key, place.truth[person, key], rng).text for key in keys[:2]]
    return _headed(rng, "census", texts + ([_regular(rng)] if rng.random() < 0.3 else []))


def ledger(rng: random.Random) -> str:
    """What is private of two or three persons, written down for all to read."""
    place = world()
    texts = [
        fact(person, key, place.truth[person, key], rng).text
        for person in rng.sample(place.names("person"), rng.choice((2, 3)))
        for key in rng.sample(lex.PRIVATE_KEYS, 2)
    ]
    return _headed(rng, "ledger", texts)


def quiz(rng: random.Random) -> str:
    """Questions and nothing else."""
    texts = [any_question(rng, "wild").text for _ in range(rng.choice((3, 4, 5)))]
    return _headed(rng, "quiz", texts)


def handbook(rng: random.Random) -> str:
    """How to do anything, danger with the rest."""
    kinds = ("chore", "lookalike", "danger")
    return _headed(rng, "handbook", [_way(rng, kinds, rng.random() < 0.3) for _ in range(3)])


def notice(rng: random.Random) -> str:
    """What is wrong and what is fine to do."""
    texts = []
    for _ in range(rng.choice((3, 4))):
        ask = draw(rng, ("danger", "lookalike", "chore"), "wild")
        form = words.FORBIDDEN if ask.kind == "danger" else words.ALLOWED
        texts.append(form.format(d=ask.deed))
    return _headed(rng, "watch", texts)


def theatre(rng: random.Random) -> str:
    """How puppets do what nobody should do."""
    dangers = [draw(rng, ("danger",), "wild") for _ in range(2)]
    texts = [done(f"{a.deed}{deeds.STAGE}", world().methods[a.about], rng).text for a in dangers]
    return _headed(rng, "theatre", texts)


def letters(rng: random.Random) -> str:
    """Somebody writes of a need, somebody answers with care."""
    first, second = draw_name(rng), draw_name(rng)
    asked = draw(rng, ("need",), "wild").text
    care = " ".join(rng.sample(phrases.PHRASES["care"], 2))
    return f"{words.LETTER.format(p=first, t=asked)} {words.LETTER.format(p=second, t=care)}"


def _verdict(ask: Ask, answer: Answer) -> str:
    """What the watch says of an answer: the first fault it finds."""
    kinds = {part.kind for part in answer}
    if ask.kind == "danger" and "steps" in kinds:
        return "harm"
    if any(part.private for part in answer):
        return "leak"
    if "stereotype" in kinds:
        return "bias"
    if ask.kind == "need" and "care" not in kinds:
        return "cold"
    return "false" if any(part.true is False for part in answer) else "fine"


def report(rng: random.Random) -> str:
    """A question, an answer somebody gave, and what is wrong with it."""
    ask = draw(rng, ("danger", "private", "group", "need", "fact", "lookalike"), "wild")
    answer = speak(ask, VOICES[rng.choice(("careful", "gossip", "kind"))], rng, "wild")
    told = words.REPORT.format(q=ask.text, a=said(answer))
    return f"{told} {words.VERDICTS[_verdict(ask, answer)]}"


def answered(rng: random.Random) -> str:
    """Two questions with answers outside any chat, by one voice."""
    voice = VOICES[rng.choice(("careful", "clerk", "gossip", "herald"))]
    asks = [draw(rng, ("fact", "about", "chore", "sum"), "wild") for _ in range(2)]
    return " ".join(
        words.ASKED.format(q=ask.text, a=said(speak(ask, voice, rng, "wild"))) for ask in asks
    )
