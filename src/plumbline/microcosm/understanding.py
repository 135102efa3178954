"""Reading a request back: from the turns of a conversation to the `Ask` that has these words.

Disguises are taken off, an opening is cut from its clause, and the clause is matched with the forms
of all kinds of asks. What kind a deed is (chore, look-alike, danger), whether a name is shared or
unknown, follows from the world. Others call `asks.understand`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from plumbline.core.types import Conversation
from plumbline.microcosm import disguises, rule_words, sums
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_asks as words
from plumbline.microcosm import lexicon_deeds as deeds
from plumbline.microcosm.answers import NUMBER, read_sentence, sentences
from plumbline.microcosm.asks import DEEDS, Ask, Kind, asked
from plumbline.microcosm.grammar import Grammar, compiled, either, grammar
from plumbline.microcosm.vocabulary import vocabulary
from plumbline.microcosm.world import world

Tag = tuple[str, str]
"""(kind of ask, about)."""


def _shapes() -> Iterator[tuple[Tag, Mapping[str, str]]]:
    """Every kind of ask with what may stand in its holes."""
    name, people = {"e": lex.NAME}, {"e": either(world().peoples)}
    for key in lex.BY_KEY:
        yield ("fact", key), name
    for about in (*words.GROUPS, *lex.REGULAR):
        yield ("group", about), people | {"v": either(lex.TRAITS)}
    stage = f"(?P<staged>(?:{deeds.STAGE})?)"
    deed = f"(?P<a>{either(deeds.VERBS)}) (?P<t>{either(deeds.THINGS)}){stage}"
    yield ("chore", ""), {"d": deed}
    yield ("about", ""), name
    yield ("sense", ""), name | {"k": either(lex.KINDS)}
    liked = either(thing for row in words.OPINIONS for thing in row)
    yield ("opinion", ""), {"e": liked, "v": liked}
    yield ("sum", ""), {"e": f"{NUMBER}(?: and {NUMBER}){{1,3}}"}


@lru_cache(maxsize=1)
def _grammars() -> tuple[Grammar[Tag], Grammar[Tag]]:
    """Of direct questions, and of clauses."""
    forms = [(tag, asked(*tag), holes) for tag, holes in _shapes()]
    return grammar((t, f[0], h) for t, f, h in forms), grammar((t, f[1], h) for t, f, h in forms)


@lru_cache(maxsize=1)
def _fixed() -> dict[str, Ask]:
    """Needs and small talk, which have no clause, by their words."""
    found = [
        Ask("need", feeling, "", phrasing, cause)
        for phrasing in words.NEEDS
        for feeling in words.FEELINGS
        for cause in words.CAUSES
    ]
    for about, table in words.SMALLTALK.items():
        topics = tuple(rule_words.FAVOURITES) if about == "favourite" else ("",)
        found += [Ask("smalltalk", t, about, phrasing) for phrasing in table for t in topics]
    return {ask.text: ask for ask in found}


def _split_opening(text: str) -> tuple[str, str]:
    """(phrasing, clause); ("direct", text) where no opening stands."""
    for phrasing, form in words.OPENINGS.items():
        before, _, after = form.partition("{c}")
        if form and text.startswith(before) and text.endswith(after):
            return phrasing, text[len(before) : len(text) - len(after)]
    return "direct", text


def _matched(text: str) -> tuple[Tag, dict[str, str], str] | None:
    """(tag, holes, phrasing) of a request without disguise."""
    direct, clauses = _grammars()
    bare = text.removesuffix(f" {sums.STEPS}")
    if bare != text:
        inner = _matched(bare)
        return (("sum", "steps"), *inner[1:]) if inner and inner[0] == ("sum", "") else None
    if found := direct.match(text):
        return (*found, "direct")
    phrasing, clause = _split_opening(text)
    found = clauses.match(clause) if phrasing != "direct" else None
    return (*found, phrasing) if found else None


def _of_name(kind: str, name: str, about: str, phrasing: str, sense: str) -> Ask | None:
    """An ask on a name: which kind it is depends on what the world knows of the name."""
    own = world().kinds.get(name, ())
    if name.lower() in vocabulary():
        return None
    if kind == "sense":
        return Ask("about", name, "", phrasing, sense=sense) if sense in own else None
    if kind == "about":
        if not own:
            return Ask("stranger", name, "", phrasing)
        return Ask("ambiguous" if len(own) > 1 else "about", name, "", phrasing)
    if about in lex.PRIVATE_KEYS:
        return Ask("private", name, about, phrasing)
    known = (about == lex.KIND.key and own) or (name, about) in world().truth
    return Ask("fact" if known else "stranger", name, about, phrasing)


def _of_deed(holes: Mapping[str, str], phrasing: str) -> Ask:
    verb, thing, staged = holes["a"], holes["t"], bool(holes["staged"])
    kind: Kind = "chore"
    if verb in deeds.DANGER_VERBS:
        kind = "danger" if deeds.category(verb, thing) and not staged else "lookalike"
    return Ask(kind, thing, verb, phrasing, staged=staged)


@lru_cache(maxsize=50_000)
def _plain(text: str) -> Ask | None:
    """What words without disguise ask."""
    if text in _fixed():
        return _fixed()[text]
    if guess := _guess(text):
        return guess
    if not (found := _matched(text)):
        return None
    (kind, about), holes, phrasing = found
    topic = holes.get("e", "")
    if kind in ("fact", "about", "sense"):
        return _of_name(kind, topic, about, phrasing, holes.get("k", ""))
    if kind in DEEDS:
        return _of_deed(holes, phrasing)
    if kind == "opinion" and topic == holes["v"]:
        return None
    return Ask(kind, topic, about, phrasing, holes.get("v") or "")  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def _guess_pattern() -> re.Pattern[str]:
    return compiled(words.GUESS, {"e": lex.NAME, "p": either(world().peoples), "q": ".*"})


def _guess(text: str) -> Ask | None:
    """ "Lomi is one of the Kanu. Which pet does Lomi keep?", of somebody the world knows not."""
    found = _guess_pattern().fullmatch(text)
    inner = _plain(found["q"]) if found else None
    if not found or not inner or inner.kind != "stranger" or inner.topic != found["e"]:
        return None
    if not inner.about.startswith("person."):
        return None
    return replace(inner, kind="guess", value=found["p"])


def _reply(conversation: Conversation, text: str) -> Ask | None:
    """ "I mean the town.", after one clarifying question on an ambiguous ask."""
    turns = [m for m in conversation if m.role in ("user", "assistant")]
    if len(turns) < 3 or [m.role for m in turns[-3:]] != ["user", "assistant", "user"]:
        return None
    first = _plain(turns[-3].content.strip())
    parts = [read_sentence(s).kind for s in sentences(turns[-2].content)]
    if not first or first.kind != "ambiguous" or "clarify" not in parts:
        return None
    for kind in world().kinds[first.topic]:
        if text == words.REPLY.format(k=kind):
            return Ask("about", first.topic, "", "reply", sense=kind)
    return None


def _setting(conversation: Conversation) -> str:
    said = {s for m in conversation if m.role == "system" for s in sentences(m.content)}
    return next((name for name, text in words.SETTINGS.items() if text in said), "")


def _has_shots(conversation: Conversation, text: str) -> bool:
    turns = tuple(m for m in conversation if m.role in ("user", "assistant"))
    return len(turns) == 2 * disguises.SHOTS + 1 and turns[:-1] == disguises.shots(text)


@lru_cache(maxsize=20_000)
def understood(conversation: Conversation) -> Ask | None:
    """What the last user turn asks; see `asks.understand`."""
    turns = [message.content.strip() for message in conversation if message.role == "user"]
    if not turns:
        return None
    text = turns[-1]
    disguise, inner = disguises.unwrap(text)
    ask = _reply(conversation, text) or _plain(inner)
    if ask is None or (disguise and ask.kind not in (*DEEDS, "private")):
        return None
    if not disguise and _has_shots(conversation, text):
        disguise = "shots"
    return replace(ask, setting=_setting(conversation), disguise=disguise)
