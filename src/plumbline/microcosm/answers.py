"""Answers as parts: each sentence and what it says, and reading them back from the words alone.

The grammar that makes answers is closed, so a sentence is a fact (perhaps behind a source or a
hedge), steps of a deed, a question, a set phrase, a sentence that a rule adds, or unreadable.
`read` is the exact inverse of whatever this world can say. Nothing is guessed: what is not in the
grammar to the letter is unreadable, and `gold` gives that the lowest value.

    kind         topic            about            value
    fact         name or people   attribute key    what is claimed
    steps        object           verb             material and manner
    stereotype   people                            trait
    question     name             attribute key
    clarify                                        "plant or town"
    balance      first thing                       second thing
    taste        the preferred                     the other
    sum                                            the number, "6 4"
    working                       "4 7 and 1 2"    what it makes

Set phrases have their kind only (`lexicon_phrases.PHRASES`); sentences of rules their slot's value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm import lexicon_phrases as phrases
from plumbline.microcosm import rule_words
from plumbline.microcosm.grammar import Grammar, either, grammar
from plumbline.microcosm.lexicon_asks import OPINIONS
from plumbline.microcosm.vocabulary import vocabulary
from plumbline.microcosm.world import world


@dataclass(frozen=True, slots=True)
class Part:
    """One sentence of an answer and what it is; see the table above.

    `prefix` is "", "trusted", "rumour" or "hedge", and `source` who is named there ("almanac",
    "records", "people", "herald", "pedlar"). `true` is None where truth does not apply.
    """

    kind: str
    text: str
    prefix: str = ""
    topic: str = ""
    about: str = ""
    value: str = ""
    true: bool | None = None
    source: str = ""

    @property
    def deed(self) -> str:
        """The deed that steps explain, in the words of `Ask.deed`."""
        return f"{self.about} {self.topic}"

    @property
    def claim(self) -> tuple[str, ...]:
        """What the sentence says, however it is put: equal claims are repetitions."""
        if self.kind in ("care", "unreadable"):
            return (self.kind, self.text)
        return (self.kind, self.topic, self.about, self.value)

    @property
    def private(self) -> bool:
        """Whether it tells what only the person may tell."""
        return self.kind == "fact" and self.about in lex.PRIVATE_KEYS


Answer = tuple[Part, ...]
NUMBER = r"(?:[1-9](?: [0-9]){0,3}|0)"
"""A number of up to four digits, said digit by digit, as a regular expression."""

Form = tuple[tuple[str, str], str, Mapping[str, str]]
"""((kind, about), form, what may stand in its holes); holes e and v are topic and value."""


def said(answer: Answer) -> str:
    """The words of an answer."""
    return " ".join(part.text for part in answer)


def number(text: str) -> int:
    """
    >>> number("4 7")
    47
    """
    return int(text.replace(" ", ""))


def sentences(text: str) -> list[str]:
    """Cut after `.`, `!` and `?` where one space follows; anything else stays and is unreadable."""
    return re.split(r"(?<=[.!?]) ", text) if text else []


def _values(attribute: lex.Attribute) -> str:
    if attribute is lex.PEOPLE:
        return either(world().peoples)
    return either(attribute.values) if attribute.values else NUMBER


def _fact_forms() -> Iterator[Form]:
    for key, attribute in lex.BY_KEY.items():
        holes = {"e": lex.NAME, "v": _values(attribute)}
        yield from ((("fact", key), form, holes) for form in attribute.forms)
        yield ("question", key), attribute.question, holes
    peoples = either(world().peoples)
    for key, (question, _, *forms) in lex.REGULAR.items():
        holes = {"e": peoples, "v": either(lex.BY_KEY[key].values)}
        yield from ((("fact", key), form, holes) for form in forms)
        yield ("question", key), question, holes
    holes = {"e": peoples, "v": either(lex.TRAITS)}
    yield from ((("stereotype", ""), form, holes) for form in lex.STEREOTYPES)


def _other_forms() -> Iterator[Form]:
    stage = re.escape(deeds.STAGE)
    method = f"(?:{either(deeds.MATERIALS)}) and (?:{either(deeds.MANNERS)})"
    deed = f"(?P<a>{either(deeds.VERBS)}) (?P<e>(?:{either(deeds.THINGS)})(?:{stage})?)"
    for form in deeds.METHOD_FORMS:
        yield ("steps", ""), form.replace("{m} and {n}", "{v}"), {"d": deed, "v": method}
    liked = either(thing for row in OPINIONS for thing in row)
    for kind, forms in (("balance", phrases.BALANCE), ("taste", phrases.TASTE)):
        for form in forms:
            yield (kind, ""), form.replace("{a}", "{e}").replace("{b}", "{v}"), {
                "e": liked, "v": liked}  # fmt: skip
    for form in phrases.SUM:
        yield ("sum", ""), form, {"v": NUMBER}
    working = phrases.WORKING.replace("{a} and {b}", "{a}")
    yield ("working", ""), working, {"a": f"{NUMBER} and {NUMBER}", "v": NUMBER}
    kinds = either(lex.KINDS)
    yield ("clarify", ""), phrases.CLARIFY, {"a": kinds, "b": kinds}


@lru_cache(maxsize=1)
def _grammar() -> Grammar[tuple[str, str]]:
    return grammar((*_fact_forms(), *_other_forms()))


@lru_cache(maxsize=1)
def _set_phrases() -> dict[str, str]:
    return {text: kind for kind, texts in phrases.PHRASES.items() for text in texts}


def starts_small(sentence: str) -> str:
    """The sentence as it stands behind a prefix: a first word that is no name loses its capital."""
    first = re.split(r"\W", sentence, maxsplit=1)[0]
    small = first.lower() in vocabulary() and first != "I"
    return sentence[:1].lower() + sentence[1:] if small else sentence


def prefixed(phrase: str, sentence: str) -> str:
    """`The almanac says that` + `The leaves ...` in one sentence. Names keep their capital."""
    return f"{phrase} {starts_small(sentence)}"


def says(source: str) -> str:
    """ "The grey ledger says that", the phrase before what a source claims."""
    return f"{source[:1].upper()}{source[1:]} says that"


@lru_cache(maxsize=1)
def _saying() -> re.Pattern[str]:
    return re.compile(rf"(T(?:{rule_words.SLOTS['cite'].replace('the ', 'he ')}) says that) .*")


def without_prefix(sentence: str) -> tuple[str, str]:
    """(phrase, sentence without it); the phrase is "" where there is none."""
    quoted = _saying().fullmatch(sentence)
    for phrase in (*phrases.PREFIXES, *(quoted.groups() if quoted else ())):
        if sentence.startswith(phrase + " "):
            rest = sentence[len(phrase) + 1 :]
            bare = rest[:1].upper() + rest[1:]
            if prefixed(phrase, bare) == sentence:
                return phrase, bare
    return "", sentence


PREFIXABLE = ("fact", "steps", "stereotype", "taste")
"""What a source or a hedge can stand before."""


def _part(sentence: str, whole: str, prefix: str, source: str) -> Part | None:
    """The sentence as a part of an answer, if a form of the grammar makes it."""
    found = _grammar().match(sentence)
    if not found:
        return None
    (kind, about), holes = found
    if prefix and kind not in PREFIXABLE:
        return None
    topic, value = holes.get("e", ""), holes.get("v", "")
    if kind in ("fact", "question") and topic.lower() in vocabulary():
        return None
    about = about or holes.get("a", "")
    if kind == "clarify":
        about, value = "", f"{holes['a']} or {holes['b']}"
    true = _truth(kind, topic, about, value)
    return Part(kind, whole, prefix, topic, about, value, true, source)


def _truth(kind: str, topic: str, about: str, value: str) -> bool | None:
    """Whether a part is true; None where that cannot be said without the question."""
    if kind == "fact":
        return world().is_true(topic, about, value)
    if kind == "steps":
        return str(world().methods[about]) == value
    if kind == "stereotype":
        return False
    if kind == "working":
        first, second = about.split(" and ")
        return number(first) + number(second) == number(value)
    return None


@lru_cache(maxsize=100_000)
def read_sentence(sentence: str) -> Part:
    """What one sentence is; kind "unreadable" where the grammar does not make it."""
    if kind := _set_phrases().get(sentence):
        return Part(kind, sentence)
    phrase, bare = without_prefix(sentence)
    if phrase:
        prefix, source = phrases.PREFIXES.get(phrase, ("", starts_small(phrase)[:-10]))
        return _part(bare, sentence, prefix, source) or Part("unreadable", sentence)
    if part := _part(sentence, sentence, "", ""):
        return part
    if rule := rule_words.recognise(sentence):
        return Part(rule[0], sentence, value=rule[1])
    return Part("unreadable", sentence)


def read(text: str) -> Answer:
    """The parts of an answer, in order; () for an empty one."""
    return tuple(read_sentence(sentence) for sentence in sentences(text.strip()))
