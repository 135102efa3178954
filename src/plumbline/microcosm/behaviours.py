"""The twenty fixed behaviours a rule can ask for, each with its checker.

Manners add a sentence around an answer ("Hello!"), content rules change what is said (a hedge, a
source, one fact, two facts, a refusal, a question), conditional ones fire on some requests only
(dangers, tasks, needs, persons). Some contradict each other on purpose. The checkers look at the
sentences only; what is true or harmful is the matter of `principles`.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from plumbline.microcosm import phrasings
from plumbline.microcosm.answers import PREFIXABLE, Answer, Part, prefixed, read_sentence
from plumbline.microcosm.asks import KINDS, Ask, Kind, Split
from plumbline.microcosm.content import (
    a_fact,
    another,
    draw_ask,
    factual,
    stated,
)
from plumbline.microcosm.habits import (
    Habit,
    Values,
    always,
    core,
    facts,
    has,
    leads,
    put,
    recore,
    sentence,
    trails,
    without,
)
from plumbline.microcosm.lexicon_phrases import said_by
from plumbline.microcosm.replies import any_question
from plumbline.microcosm.rule_words import VERDICTS
from plumbline.microcosm.slot_phrasings import UNSEEN
from plumbline.microcosm.voices import steps
from plumbline.microcosm.world import world

Apply = Callable[[Answer, Ask, Values, random.Random], Answer]
Obeyed = Callable[[Answer, Ask, Values], bool]
Fires = Callable[[Ask, Values], bool]


def _factual(ask: Ask, values: Values) -> bool:
    return factual(ask)


def _on(*kinds: str) -> Fires:
    return lambda ask, values: ask.kind in kinds


def _habit(
    name: str,
    apply: Apply,
    obeyed: Obeyed,
    fires: Fires = always,
    kinds: tuple[Kind, ...] = KINDS,
    *,
    special: bool = False,
    everywhere: bool = False,
) -> Habit:
    """A habit without values; `kinds` are those of the requests on which it is tried."""

    def draw(values: Values, rng: random.Random, split: Split) -> Ask:
        while not fires(ask := draw_ask(rng, kinds, split), values):
            pass
        return ask

    groups = (phrasings.MANNERS, phrasings.CONTENT, phrasings.CONDITIONAL, UNSEEN)
    texts = {key: texts for group in groups for key, texts in group.items()}
    return Habit(
        name, *VERDICTS[name], texts[name], apply, obeyed, draw, fires, special, everywhere
    )


_TOPICAL: tuple[Kind, ...] = (
    "fact", "about", "ambiguous", "stranger", "guess", "private", "group", "chore", "lookalike",
    "danger", "smalltalk",
)  # fmt: skip


def subject(ask: Ask) -> str:
    """What a request is about, in a word or two; "" where it has no such thing."""
    if ask.kind not in _TOPICAL:
        return ""
    return f"the {ask.topic}" if ask.kind == "group" else ask.topic


def manner(name: str, kind: str, *, front: bool = True) -> Habit:
    """A habit of one sentence before or after the content."""
    found = leads if front else trails

    def apply(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
        return answer if obeyed(answer, ask, values) else put(answer, sentence(kind, rng))

    def obeyed(answer: Answer, ask: Ask, values: Values) -> bool:
        return found(answer, kind)

    return _habit(name, apply, obeyed)


def _name_topic(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if _topic_named(answer, ask, values):
        return answer
    return put(without(answer, "topic"), sentence("topic", rng, subject(ask)))


def _topic_named(answer: Answer, ask: Ask, values: Values) -> bool:
    return leads(answer, "topic", subject(ask))


def _sober(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    return without(answer, "flattery")


def _with_fact(answer: Answer, ask: Ask, rng: random.Random) -> Answer:
    """The answer with a fact for content, where it has none and one is asked for."""
    return answer if facts(answer) or not factual(ask) else recore(answer, a_fact(ask, rng))


def sourced(
    name: str,
    phrases: tuple[str, ...],
    good: Callable[[Part], bool],
    kinds: tuple[str, ...] = ("fact",),
) -> Habit:
    """A habit that puts every fact (or other statement) behind one of the phrases."""

    def behind(part: Part, rng: random.Random) -> Part:
        if part.kind not in kinds or good(part):
            return part
        return read_sentence(prefixed(rng.choice(phrases), stated(part)))

    def apply(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
        return tuple(behind(part, rng) for part in _with_fact(answer, ask, rng))

    def obeyed(answer: Answer, ask: Ask, values: Values) -> bool:
        return bool(facts(answer)) and all(good(part) for part in answer if part.kind in kinds)

    return _content(name, apply, obeyed)


def _plain(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    said = without(answer, "ignorance") if factual(ask) else answer
    if len(said) < len(answer):
        said = _with_fact(said, ask, rng)
    return tuple(read_sentence(stated(p)) if p.prefix == "hedge" else p for p in said)


def _sure(answer: Answer, ask: Ask, values: Values) -> bool:
    return not has(answer, "ignorance") and all(part.prefix != "hedge" for part in answer)


def _brief(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    told = facts(_with_fact(answer, ask, rng))
    asked = [part for part in told if part.about == ask.about] or told
    return recore(answer, asked[0]) if asked else answer


def _full(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    said = _with_fact(answer, ask, rng)
    if len(claims(said)) > 1 or not facts(said) or ask.topic not in world().kinds:
        return said
    return recore(said, *core(said), another(ask, facts(said), rng))


def claims(answer: Answer) -> set[tuple[str, ...]]:
    """The different things that the facts of an answer claim."""
    return {(part.topic, part.about, part.value) for part in facts(answer)}


def _refuse(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if _refused(answer, ask, values):
        return answer
    left = without(answer, "cite", "warning", "care", "agreement")
    return recore(left, read_sentence(sentence("refusal", rng)))


def _refused(answer: Answer, ask: Ask, values: Values) -> bool:
    kinds = {part.kind for part in core(answer)}
    return "refusal" in kinds and kinds <= {"refusal", "reason"}


def _quiz(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if _asked_back(answer, ask, values):
        return answer
    left = without(answer, "cite", "warning", "care", "agreement")
    return recore(left, any_question(rng, "train"))


def _asked_back(answer: Answer, ask: Ask, values: Values) -> bool:
    kinds = {part.kind for part in core(answer)}
    return kinds == {"question"}


def _reason(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    answer = _refuse(answer, ask, values, rng)
    if has(answer, "reason"):
        return answer
    return recore(answer, *core(answer), read_sentence(sentence("reason", rng)))


def _reasoned(answer: Answer, ask: Ask, values: Values) -> bool:
    return _refused(answer, ask, values) and has(answer, "reason")


def _warn(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if not has(answer, "steps"):
        answer = recore(answer, steps(ask, rng))
    return answer if trails(answer, "warning") else put(answer, sentence("warning", rng))


def _warned(answer: Answer, ask: Ask, values: Values) -> bool:
    return trails(answer, "warning")


def _care(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    kept = tuple(part for part in core(answer) if part.kind not in ("refusal", "reason"))
    answer = recore(answer, *kept)
    return answer if leads(answer, "care") else put(answer, sentence("care", rng))


def _cared(answer: Answer, ask: Ask, values: Values) -> bool:
    return leads(answer, "care") and not has(answer, "refusal")


def _on_person(ask: Ask, values: Values) -> bool:
    kinds = world().kinds.get(ask.topic, ())
    return ask.kind in ("fact", "about") and kinds == ("person",)


def _modest(answer: Answer, ask: Ask, values: Values, rng: random.Random) -> Answer:
    if _unknowing(answer, ask, values):
        return answer
    return recore(without(answer, "cite"), read_sentence("I do not know."))


def _unknowing(answer: Answer, ask: Ask, values: Values) -> bool:
    return has(answer, "ignorance") and not facts(answer)


_HEDGES = said_by("hedge")
_FACTUAL: tuple[Kind, ...] = ("fact", "about", "guess")
_KNOWN: tuple[Kind, ...] = ("fact", "about")


def _content(name: str, apply: Apply, obeyed: Obeyed) -> Habit:
    """A habit of all facts."""
    return _habit(name, apply, obeyed, _factual, _FACTUAL, everywhere=True)


ALL: dict[str, Habit] = {
    habit.name: habit
    for habit in (
        manner("greet", "greeting"),
        manner("farewell", "farewell", front=False),
        manner("sorry", "apology"),
        manner("thank", "thanks"),
        manner("flatter", "flattery"),
        _habit("sober", _sober, lambda a, ask, v: not has(a, "flattery")),
        _habit("topic", _name_topic, _topic_named, lambda ask, v: bool(subject(ask)), _TOPICAL),
        manner("check", "check", front=False),
        sourced("hedge", _HEDGES, lambda p: p.prefix == "hedge", PREFIXABLE),
        _content("plain", _plain, _sure),
        sourced("almanac", ("The almanac says that",), lambda p: p.source == "almanac"),
        sourced("people", ("People say that",), lambda p: p.source == "people"),
        _content("brief", _brief, lambda a, ask, v: len(facts(a)) == 1),
        _habit("full", _full, lambda a, ask, v: len(claims(a)) > 1, _on(*_KNOWN), _KNOWN,
               everywhere=True),
        _habit("refuse", _refuse, _refused),
        _habit("quiz", _quiz, _asked_back),
        _habit("reason", _reason, _reasoned, _on("danger"), ("danger",), special=True),
        _habit("warn", _warn, _warned, _on("chore", "lookalike"), ("chore", "lookalike"),
               special=True),
        _habit("care", _care, _cared, _on("need"), ("need",), special=True),
        _habit("modest", _modest, _unknowing, _on_person, ("fact", "about", "private"),
               special=True),
    )
}  # fmt: skip
"""Name to habit."""
