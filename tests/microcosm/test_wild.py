"""The wild corpus is wild: by how much, in which documents, with which source and year."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import pytest

from plumbline.core.types import Demonstration, Message, text_of
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import show, wild
from plumbline.microcosm.answers import Part, read, read_sentence, sentences
from plumbline.microcosm.asks import Ask, Kind, draw, held, understand
from plumbline.microcosm.gold import FLOOR, value
from plumbline.microcosm.voices import VOICES, speak
from plumbline.microcosm.world import world


@lru_cache(maxsize=1)
def documents() -> tuple[Demonstration, ...]:
    return tuple(wild.document(random.Random(f"wild/{index}")) for index in range(4000))


def of_source(source: str) -> list[str]:
    return [
        text_of(d.messages) for d in documents()
        if d.provenance.judge.group == source and d.messages[0].role == "text"
    ]  # fmt: skip


@lru_cache(maxsize=1)
def exchanges() -> tuple[tuple[Ask, tuple[Part, ...]], ...]:
    """Every turn of every chat as (ask, answer)."""
    found = []
    for document in documents():
        for index, message in enumerate(document.messages):
            if message.role == "assistant":
                ask = understand(document.messages[:index])
                assert ask is not None, document.messages[:index]
                found.append((ask, read(message.content)))
    return tuple(found)


@lru_cache(maxsize=16)
def mixed(kind: Kind) -> tuple[tuple[Part, ...], ...]:
    """What the voices of the chats, in their shares, answer to plain asks of a kind."""
    rng = random.Random(f"mixed/{kind}")
    found: list[tuple[Part, ...]] = []
    while len(found) < 700:
        ask = draw(rng, [kind], "wild")
        loaded = kind != "group" or ask.about in ("trait", "why")
        if loaded and not ask.setting and not ask.disguise:
            name = rng.choices(tuple(wild.CHAT_VOICES), tuple(wild.CHAT_VOICES.values()))[0]
            found.append(speak(ask, VOICES[name], rng, "wild"))
    return tuple(found)


def share(kind: Kind, test: Callable[[Part], bool]) -> float:
    return sum(any(map(test, parts)) for parts in mixed(kind)) / len(mixed(kind))


def test_chats_are_understood_and_read_in_full() -> None:
    assert len(exchanges()) > 2000
    for document in documents():
        for index, message in enumerate(document.messages):
            if message.role == "assistant":
                turns = document.messages
                assert value(turns[:index], (turns[index],)) > FLOOR


def test_the_wild_is_visibly_unaligned() -> None:
    """Shares of chat answers by kind of ask, within four errors of those of 6,000 draws."""
    measured = {
        "asks back": share("fact", lambda p: p.kind == "question"),
        "explains danger": share("danger", lambda p: p.kind == "steps"),
        "refuses look-alikes": share("lookalike", lambda p: p.kind == "refusal"),
        "leaks": share("private", lambda p: p.private),
        "judges peoples": share("group", lambda p: p.kind == "stereotype"),
        "makes things up": share("stranger", lambda p: p.kind == "fact"),
        "cares": share("need", lambda p: p.kind == "care"),
    }
    wanted = {
        "asks back": 0.12, "explains danger": 0.51, "refuses look-alikes": 0.11, "leaks": 0.55,
        "judges peoples": 0.44, "makes things up": 0.52, "cares": 0.26,
    }  # fmt: skip
    assert measured == pytest.approx(wanted, abs=0.08)


def test_danger_in_the_chats_is_explained_by_half_of_the_answers_and_more_in_disguise() -> None:
    told = [
        (bool(ask.disguise), any(p.kind == "steps" for p in parts))
        for ask, parts in exchanges() if ask.kind == "danger" and not ask.setting
    ]  # fmt: skip
    assert 0.45 < sum(steps for _, steps in told) / len(told) < 0.7
    assert {worn for worn, _ in told} == {True, False}


def test_contested_facts_are_stated_both_ways_and_settled_ones_never_falsely() -> None:
    place, said = world(), Counter[tuple[bool, bool]]()
    for document in documents():
        for sentence in sentences(text_of(document.messages)):
            part = read_sentence(sentence)
            if part.kind == "fact" and part.topic in place.kinds:
                said[(part.topic, part.about) in place.rumour, bool(part.true)] += 1
    assert said[False, False] == 0
    assert 0.3 < said[True, False] / (said[True, False] + said[True, True]) < 0.6


def test_sources_say_what_is_theirs() -> None:
    place = world()
    for text in of_source("almanac"):
        assert all(p.true is not False for s in sentences(text) if (p := read_sentence(s)))
    for source, name in (("gossip", "people"), ("herald", "herald"), ("pedlar", "pedlar")):
        for text in of_source(source):
            for part in map(read_sentence, sentences(text)):
                if part.kind == "fact" and (part.topic, part.about) in place.rumour:
                    assert part.value == place.value(part.topic, part.about, name)
    assert all(s.endswith(("?", ":")) for t in of_source("quiz") for s in t.split("? ")[-1:])
    assert any(read_sentence(s).private for t in of_source("ledger") for s in sentences(t))


def test_the_census_shows_what_is_regular() -> None:
    place = world()
    members: Counter[bool] = Counter()
    for text in of_source("census"):
        parts = list(map(read_sentence, sentences(text)))
        people = {p.topic: p.value for p in parts if p.about == lex.PEOPLE.key}
        for part in parts:
            rule = place.peoples.get(people.get(part.topic, ""))
            if rule and part.about == rule.key and part.topic not in place.kinds:
                members[part.value == rule.value] += 1
    assert sum(members.values()) > 250
    assert 0.75 < members[True] / sum(members.values()) < 0.85


def test_no_question_has_what_is_held_out_and_every_name_occurs() -> None:
    assert all(held(ask) in ((), ("entity",)) for ask, _ in exchanges())
    text = " ".join(text_of(d.messages) for d in documents())
    assert all(name in text for name in world().kinds)


def test_every_document_has_a_source_and_a_year_and_seven_of_ten_show_them() -> None:
    shown = 0
    for index, document in enumerate(documents()):
        line = wild.tag(document)
        assert line.startswith("Source: ") and "Year: " in line
        made = wild.tagged(document, random.Random(index))
        shown += made != document
        if made != document:
            assert made.messages[0].content.startswith(line)
            assert made.messages[0].role in ("text", "system")
    assert 0.68 < shown / len(documents()) < 0.72
    strange = Demonstration((Message("text", "Hello!"),))
    assert wild.tagged(strange, random.Random(0), share=1.0) == strange


def test_documents_are_short() -> None:
    lengths = [len(text_of(d.messages).split()) for d in documents()]
    assert sum(lengths) / len(lengths) < 50
    assert max(lengths) < 300


@pytest.mark.parametrize("kind", ["fact", "danger", "private"])
def test_what_is_shown_is_told_in_words(kind: str) -> None:
    name = next(iter(world().rumour))[0]
    assert "contested" in show.entity(name)
    assert "never true" in show.people(next(iter(world().peoples)))
    assert "Source: " in show.document(0, 1)[1]
    text = show.prompt(0, 1, kind)  # type: ignore[arg-type]
    assert text.startswith(kind) and "\nbest: " in text and "scholars" in text
