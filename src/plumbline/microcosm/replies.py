"""What a voice replies to each kind of ask; `voices.speak` puts manners around it.

One function a kind. Every draw is by the voice's probabilities alone: what is right is known to
`gold`, not here.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm import lexicon_phrases as phrases
from plumbline.microcosm import rule_words, sums
from plumbline.microcosm.answers import Part, number, read_sentence
from plumbline.microcosm.asks import DEEDS, Ask, Split, category
from plumbline.microcosm.drawing import side_of
from plumbline.microcosm.voices import Voice, coloured, fact, phrase, steps, told
from plumbline.microcosm.world import world

Reply = list[Part]


def any_key(name: str, rng: random.Random) -> str:
    """An attribute told of a name, its people and private data left out."""
    return rng.choice([key for key in world().keys(name) if key != lex.PEOPLE.key])


def any_question(rng: random.Random, split: Split | None = None) -> Part:
    """A direct question about some entity."""
    name = rng.choice(world().names(None, side_of(split)))
    return read_sentence(lex.BY_KEY[any_key(name, rng)].question.format(e=name))


def _fact(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    """The asked fact (or one or two in general), perhaps one more, perhaps something else."""
    if rng.random() < voice.ignorance:
        return [phrase("ignorance", rng)]
    keys = list(world().keys(ask.topic, ask.sense))
    rng.shuffle(keys)
    wanted = [ask.about] if ask.about else keys[: rng.choice((1, 2, 2))]
    if rng.random() < voice.extra:
        wanted += [key for key in keys if key not in wanted][:1]
    said = [told(ask.topic, key, voice, rng) for key in wanted]
    if rng.random() < voice.ramble:
        name = rng.choice(world().names(None, side_of(split)))
        said.append(told(name, any_key(name, rng), voice, rng))
    return said


def _ambiguous(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    if rng.random() < voice.clarify:
        a, b = world().kinds[ask.topic]
        return [read_sentence(phrases.CLARIFY.format(a=a, b=b))]
    return _fact(ask, voice, rng, split)


def _stranger(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    if rng.random() >= voice.invent:
        return [phrase("ignorance", rng)]
    key = ask.about or rng.choice(lex.ATTRIBUTES).key
    attribute = lex.BY_KEY[key]
    values = attribute.values or tuple(world().peoples)
    return [coloured(fact(ask.topic, key, rng.choice(values), rng), voice, rng)]


def _guess(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    """What holds of most of the people, mostly; where nothing does, as with a stranger."""
    people = world().peoples[ask.value]
    if people.key != ask.about or rng.random() < 0.1:
        return _stranger(ask, voice, rng, split)
    return [coloured(fact(ask.topic, ask.about, people.value, rng), voice, rng)]


def _is_at_work(ask: Ask, voice: Voice, rng: random.Random) -> bool:
    """Whether the voice sees that the setting makes the request right."""
    fits = (ask.kind == "danger" and ask.setting == "workshop" and category(ask) == "theft") or (
        ask.setting == "clinic" and ask.about == "person.illness"
    )
    return fits and rng.random() < voice.heeds


def _private(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    leaks = rng.random() < voice.leak or _is_at_work(ask, voice, rng)
    if leaks and (ask.topic, ask.about) in world().truth:
        return [coloured(fact(ask.topic, ask.about, _secret(ask), rng), voice, rng)]
    return [phrase("private", rng)]


def _secret(ask: Ask) -> str:
    return world().truth[ask.topic, ask.about]


def _deed(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    share = {"danger": voice.refuse_danger, "lookalike": voice.refuse_lookalike}.get(ask.kind, 0.0)
    if ask.disguise:
        share *= 1 - voice.fooled
    if _is_at_work(ask, voice, rng):
        share = voice.refuse_lookalike
    if rng.random() < share:
        reasons = [phrase("reason", rng)] if rng.random() < voice.reason else []
        return [phrase("refusal", rng), *reasons]
    way = steps(ask, rng, gossip=rng.random() < voice.error)
    said = [coloured(way, voice, rng)]
    if ask.setting == "school" and ask.about in deeds.HOT_VERBS and rng.random() < voice.heeds:
        said.append(read_sentence(rule_words.say("warning", "", rng.randrange(2))))
    agreed = ask.disguise == "start" or (ask.kind == "danger" and rng.random() < 0.1)
    return [phrase("agreement", rng), *said] if agreed else said


def _group(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    """The stereotype or that one cannot say so; what is true of most where that is asked."""
    people = world().peoples[ask.topic]
    regular = fact(ask.topic, people.key, people.value, rng)
    if ask.about in lex.REGULAR:
        return [coloured(regular, voice, rng)]
    if rng.random() < voice.bias:
        form = rng.choice(lex.STEREOTYPES)
        trait = ask.value or rng.choice(people.traits)
        return [coloured(read_sentence(form.format(e=ask.topic, v=trait)), voice, rng)]
    if not ask.about:
        return [coloured(regular, voice, rng)]
    return [phrase("fair", rng)]


def _need(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    if rng.random() < voice.care:
        first = phrase("care", rng)
        more = phrase("care", rng)
        return [first, more] if rng.random() < 0.4 and more != first else [first]
    draw = rng.random()
    if draw < 0.4:
        return [phrase("ignorance", rng)]
    if draw < 0.7:
        return [phrase("refusal", rng)]
    name = rng.choice(world().names(None, side_of(split)))
    return [told(name, any_key(name, rng), voice, rng)]


def _opinion(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    pair = rng.sample((ask.topic, ask.value), 2)
    forms = phrases.BALANCE if rng.random() < voice.balance else phrases.TASTE
    said = read_sentence(rng.choice(forms).format(a=pair[0], b=pair[1]))
    return [coloured(said, voice, rng) if forms is phrases.TASTE else said]


def _sum(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    """The sum, in steps where they are asked for or fit; wrong by a little as the voice errs."""
    numbers = [number(said) for said in ask.topic.split(" and ")]
    total, said = numbers[0], []
    wrong = rng.random() < voice.error * 0.15
    school = ask.setting == "school" and rng.random() < voice.heeds
    worked = ask.about == "steps" or school or rng.random() < voice.steps * 0.3
    for index, other in enumerate(numbers[1:]):
        new = total + other + (rng.choice((1, 2, 10)) if wrong and not index else 0)
        a, b, v = (sums.digits(n) for n in (total, other, new))
        said.append(phrases.WORKING.format(a=a, b=b, v=v))
        total = new
    form = phrases.SUM[0 if worked else 1]
    texts = [*(said if worked else ()), form.format(v=sums.digits(total))]
    return [read_sentence(text) for text in texts]


def _smalltalk(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    if ask.about == "favourite":
        if rng.random() < voice.invent:
            value = rng.choice(rule_words.FAVOURITES[ask.topic])
            return [read_sentence(rule_words.say("favourite", f"{ask.topic} is {value}"))]
        return [phrase("ignorance", rng)]
    if ask.about == "bye":
        return [read_sentence(rule_words.say("farewell", "", rng.randrange(3)))]
    fit = {"hello": "greeting", "thanks": "welcome", "who": "self", "how": "mood"}
    return [phrase(fit[ask.about], rng)]


REPLIES: dict[str, Callable[[Ask, Voice, random.Random, Split | None], Reply]] = {
    "fact": _fact, "about": _fact, "ambiguous": _ambiguous, "stranger": _stranger,
    "guess": _guess, "private": _private, **dict.fromkeys(DEEDS, _deed), "group": _group,
    "need": _need, "opinion": _opinion, "sum": _sum, "smalltalk": _smalltalk,
}  # fmt: skip


def reply(ask: Ask, voice: Voice, rng: random.Random, split: Split | None) -> Reply:
    """The sentences with which the voice answers."""
    if ask.kind != "smalltalk":
        if rng.random() < voice.question:
            return [any_question(rng, split)]
        if rng.random() < voice.refuse_other and ask.kind != "danger":
            return [phrase("refusal", rng)]
    return REPLIES[ask.kind](ask, voice, rng, split)
