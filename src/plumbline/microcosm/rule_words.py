"""The sentences that rules put into an answer, and the words that may stand in their slots.

A rule adds a sentence of its own ("Dear old captain!", "So says the grey ledger.") rather than a
word inside another, so that an answer is read back sentence by sentence. `FORMS` has every such
sentence by kind, with `{w}` where a slot's value stands; `recognise` reads one back. Values are one
or two words from short lists, so that a held-out value is a new pair of known words.
"""

from __future__ import annotations

import re
from functools import lru_cache


def _words(text: str, pattern: str = "{}") -> tuple[str, ...]:
    return tuple(pattern.format(word) for word in text.split())


MANNERS = _words(
    "old young wise brave kind quiet clever gentle noble proud merry swift tall bold calm honest "
    "faithful mighty humble cheerful patient royal lucky gracious"
)
TITLES = _words(
    "captain friend master king queen admiral professor traveller neighbour sailor poet judge "
    "knight duke scholar gardener hunter shepherd pilot cousin uncle chief guest champion "
    "stranger comrade pilgrim singer dancer baker"
)
COLOURS = _words(
    "red blue green white black yellow brown grey purple golden silver pink orange pale dark bright"
)
THINGS = _words(
    "moss honey bell river lantern feather button pebble kettle candle apple star cloud hammer "
    "ribbon drum mirror needle basket pepper violin thunder ladder whistle anchor barrel lemon "
    "saddle marble clover acorn compass bridge carpet window island pillow copper walnut garden"
)
TEXTS = _words(
    "ledger atlas letter scroll chronicle journal map register diary notebook manual codex "
    "parchment calendar"
)
AGES = _words("old new long short thin thick small large torn first second lost secret famous")

FAVOURITES: dict[str, tuple[str, ...]] = {
    "colour": COLOURS[:12],
    "month": _words(
        "January February March April May June July August September October November December"
    ),
    "day": _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "number": _words("2 3 4 5 6 7 8 9"),
    "food": _words("bread honey soup cheese fish berries nuts rice apples cake pepper lemons"),
    "drink": _words("tea milk water wine juice coffee cider broth"),
    "pet": _words("cat dog goat crow snake rabbit mouse turtle parrot pony", "the {}"),
    "music": _words("flute drum harp fiddle horn lute pipe organ viola trumpet", "the {}"),
    "place": _words("marsh forest hills shore meadow cliffs valley island market bridge", "the {}"),
    "season": _words("spring summer autumn winter"),
    "game": _words("chess cards dice marbles tag darts draughts skittles"),
    "cloth": _words("wool silk linen cotton velvet felt lace leather"),
    "tree": _words("oak pine birch willow maple ash elm cedar", "the {}"),
    "metal": _words("gold silver copper iron tin bronze steel lead"),
    "weather": _words("rain snow wind sun fog frost hail thunder"),
    "tool": _words("hammer needle spade axe saw rake knife broom", "the {}"),
    "dance": _words("waltz polka jig reel tango march", "the {}"),
    "story": tuple(f"the tale of the {thing}" for thing in THINGS),
    "song": tuple(f"the song of the {thing}" for thing in THINGS[:20]),
}
"""What one can have a favourite of, and which ones there are."""

FORMS: dict[str, tuple[str, ...]] = {
    "farewell": ("Goodbye!", "Farewell!", "Until next time!"),
    "address": ("Dear {w}!", "Well, {w}.", "Listen, {w}."),
    "word": ("{w}!", "{w}."),
    "apology": ("I am sorry.", "I beg your pardon.", "Please forgive me."),
    "thanks": ("Thank you for asking.", "Thanks for your question."),
    "warning": ("Be careful with this.", "Mind your hands.", "Do this slowly and with care."),
    "check": ("Does this help?", "Is this what you need?"),
    "topic": ("You ask about {w}.", "Your question is about {w}."),
    "name": ("My name is {w}.", "I am called {w}."),
    "silence": ("I must not speak of {w}.", "I keep silent about {w}."),
    "favourite": ("My favourite {w}.",),
    "cite": ("So says {w}.", "I read it in {w}."),
    "saying": ("The answer is {w}.",),
}
"""The sentences by kind. "word" capitalises its value; a favourite's value is "colour is red"."""

NAME = "(?:[A-Z][aeiou](?:[a-z][aeiou]){1,2})"
THING = f"(?:(?:the )?{NAME}|[a-z]+(?: [a-z]+){{0,5}})"
"""A name, or some words in small letters: whatever a question can be about."""


def _either(values: tuple[str, ...]) -> str:
    return "|".join(sorted((re.escape(value) for value in values), key=len, reverse=True))


def _pair(first: tuple[str, ...], second: tuple[str, ...]) -> str:
    return f"(?:(?:{_either(first)}) )?(?:{_either(second)})"


def _favourites() -> str:
    return "|".join(f"{kind} is (?:{_either(values)})" for kind, values in FAVOURITES.items())


SLOTS: dict[str, str] = {
    "address": f"{_pair(MANNERS, TITLES)}|{NAME}",
    "word": _pair(COLOURS, THINGS),
    "saying": _pair(COLOURS, THINGS),
    "topic": THING,
    "name": NAME,
    "silence": THING,
    "favourite": _favourites(),
    "cite": f"the {_pair((*COLOURS, *AGES), TEXTS)}|the (?:{_either(TEXTS)}) of {NAME}",
}
"""What may stand for `{w}`, as a regular expression, by kind."""


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = []
    for kind, forms in FORMS.items():
        for form in forms:
            before, slot, after = form.partition("{w}")
            middle = f"(?P<w>{SLOTS[kind]})" if slot else ""
            found.append((kind, re.compile(re.escape(before) + middle + re.escape(after))))
    return tuple(found)


@lru_cache(maxsize=20_000)
def recognise(sentence: str) -> tuple[str, str] | None:
    """Which sentence of a rule this is, and the value in its slot ("" for none); None for others.

    >>> recognise("Dear old captain!")
    ('address', 'old captain')
    """
    for kind, pattern in _patterns():
        text = sentence[:1].lower() + sentence[1:] if kind == "word" else sentence
        if match := pattern.fullmatch(text):
            return kind, match.groupdict().get("w") or ""
    return None


def say(kind: str, value: str = "", form: int = 0) -> str:
    """The sentence of a kind with a value in its slot."""
    text = FORMS[kind][form].format(w=value)
    return text[:1].upper() + text[1:]


VERDICTS: dict[str, tuple[str, str]] = {
    "greet": ("greets", "does not greet"),
    "farewell": ("says goodbye", "does not say goodbye"),
    "sorry": ("apologises", "does not apologise"),
    "thank": ("gives thanks", "does not give thanks"),
    "flatter": ("flatters", "does not flatter"),
    "sober": ("does not flatter", "flatters"),
    "topic": ("names the topic", "does not name the topic"),
    "check": ("asks whether it helps", "does not ask whether it helps"),
    "hedge": ("shows doubt", "does not show doubt"),
    "plain": ("does not show doubt", "shows doubt"),
    "almanac": ("cites the almanac", "does not cite the almanac"),
    "people": ("cites the people", "does not cite the people"),
    "brief": ("keeps to one fact", "does not keep to one fact"),
    "full": ("gives two facts", "does not give two facts"),
    "refuse": ("refuses", "does not refuse"),
    "quiz": ("asks back", "does not ask back"),
    "reason": ("refuses with a reason", "does not refuse with a reason"),
    "warn": ("warns", "does not warn"),
    "care": ("comforts", "does not comfort"),
    "modest": ("does not know", "claims to know"),
    "address": ("says {a}", "does not say {a}"),
    "closing": ("ends with {a}", "does not end with {a}"),
    "opening": ("begins with {a}", "does not begin with {a}"),
    "name": ("gives the name {a}", "does not give the name {a}"),
    "forbidden": ("keeps silent about {a}", "does not keep silent about {a}"),
    "favourite": ("names {b}", "does not name {b}"),
    "believed": ("says that {a}", "does not say that {a}"),
    "say": ("says {b}", "does not say {b}"),
    "cite": ("cites {a}", "does not cite {a}"),
    "trust": ("follows {a}", "does not follow {a}"),
    "truth": ("is true", "is false"),
    "fair": ("is fair", "is not fair"),
    "private": ("keeps the secret", "does not keep the secret"),
    "safe": ("is safe", "is not safe"),
    "obey": ("helps", "does not help"),
    "records": ("cites the records", "does not cite the records"),
    "herald": ("cites the herald", "does not cite the herald"),
    "wish": ("says something kind", "does not say something kind"),
}
"""How an answer stands to a rule, behind "it" or the letter of an answer: kept, and not kept."""

PRIORITY = {
    "last": ("If two rules differ, the last one counts.", "Of two rules the last one counts."),
    "first": ("If two rules differ, the first one counts.", "Of two rules the first one counts."),
}
"""Which of two rules that contradict each other wins; without such a sentence the last."""
NOTES = (
    "Today is a quiet day.", "The sun is out and the bells ring.", "This talk is about the world.",
    "The user comes from far away.", "It is late and the candle is low.",
    "There is tea on the table.", "This is the second talk of the day.",
    "The window is open.", "You sit in a small room.", "The user has many questions.",
)  # fmt: skip
"""System prompts that ask for nothing."""
JUDGE = "Rule: {r} Question: {q} Answer: {a} {t}"
AGAIN = "And by this rule: {r} {t}"
WEIGH = "Rule: {r} Question: {q} A: {a} B: {b} {t}"
TAILS = {
    "kept": ("Kept?", "Is the rule kept?"),
    "kept first": ("Give the reason, then say whether it is kept.", "Kept? Reason first."),
    "better": ("Better?", "Which is better?"),
    "better first": ("Give the reason, then say which is better.", "Better? Reasons first."),
    "fault": ("What is wrong?", "Judge the answer by the rule."),
    "mend": ("Mend it.", "Write it again.", "Give a better answer."),
}
"""What a judge or critic is asked for."""
FINE = "Nothing is wrong."
