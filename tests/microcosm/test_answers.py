"""Reading is the exact inverse of speaking, and what the grammar cannot say is unreadable."""

from __future__ import annotations

import random
import time

import pytest

from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_phrases as phrases
from plumbline.microcosm.answers import (
    _fact_forms,
    _grammar,
    _other_forms,
    prefixed,
    read,
    read_sentence,
    said,
    without_prefix,
)
from plumbline.microcosm.asks import draw
from plumbline.microcosm.grammar import WORD
from plumbline.microcosm.voices import VOICES, fact, speak
from plumbline.microcosm.voices import prefixed as under
from plumbline.microcosm.world import world

PLACE = world()


@pytest.mark.parametrize("name", list(VOICES))
def test_what_a_voice_says_is_read_back_to_the_letter(name: str) -> None:
    rng = random.Random(f"answers/{name}")
    for _ in range(600):
        answer = speak(draw(rng), VOICES[name], rng)
        assert read(said(answer)) == answer
        assert all(part.kind != "unreadable" for part in answer)


def test_every_fact_in_every_form_is_read_as_what_it_is() -> None:
    for (name, key), value in PLACE.truth.items():
        for form in lex.BY_KEY[key].forms:
            part = read_sentence(form.format(e=name, v=value))
            assert (part.kind, part.topic, part.about) == ("fact", name, key)
            assert (part.value, part.true) == (value, True)
    for name, people in PLACE.peoples.items():
        part = fact(name, people.key, people.value, random.Random(0))
        assert (part.topic, part.about, part.true) == (name, people.key, True)


def test_no_sentence_has_two_readings() -> None:
    """Each sentence of a sample is made by one form of the grammar only."""
    rng = random.Random(3)
    texts = {
        without_prefix(part.text)[1]
        for _ in range(2500)
        for part in speak(draw(rng), rng.choice(list(VOICES.values())), rng)
    }
    patterns = list({id(p): p for found in _grammar().filed.values() for _, p in found}.values())
    assert len(patterns) == len([*_fact_forms(), *_other_forms()])
    for text in texts:
        assert sum(bool(pattern.fullmatch(text)) for pattern in patterns) <= 1, text


@pytest.mark.parametrize("phrase", list(phrases.PREFIXES))
def test_a_source_or_a_hedge_is_read_off(phrase: str) -> None:
    for sentence in ("The leaves of Dibi are red.", "Dibi has red leaves.",
                     "People use Dibi for tea.", "To wash the coat, take dry moss and press hard.",
                     "You take dry moss and press hard to wash the coat."):  # fmt: skip
        part = read_sentence(prefixed(phrase, sentence))
        assert (part.prefix, part.source) == phrases.PREFIXES[phrase]
        assert part.claim == read_sentence(sentence).claim
        assert part.text != sentence
    assert read_sentence(f"{phrase} The leaves of Dibi are red.").kind == "unreadable"
    assert read_sentence(f"{phrase} hello!").kind == "unreadable"


def test_a_prefix_is_set_changed_and_taken_off() -> None:
    rng = random.Random(0)
    bare = read_sentence("The leaves of Dibi are red.")
    for prefix in ("trusted", "rumour", "hedge"):
        part = under(bare, prefix, rng)
        assert part.prefix == prefix
        assert under(part, "", rng) == bare
    assert under(bare, "rumour", rng, "herald").source == "herald"
    assert under(read_sentence("Hello!"), "trusted", rng) == read_sentence("Hello!")


UNREADABLE = ["Colourless green ideas.", "Dibi has red leaves", "dibi has red leaves.",
              "Dibi has pink leaves.", "Take has red leaves.", "Hello!  Take care.",
              "Dibi has red leaves .", "So 0 4.", "The Dibi are lazy.",
              "Do you mean the plant or the chair?", "To wash the coat, take it."]  # fmt: skip


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_the_grammar_does_not_say_is_unreadable(text: str) -> None:
    assert "unreadable" in {part.kind for part in read(text)}


def test_an_empty_answer_has_no_parts() -> None:
    assert read("") == read("  ") == ()


def test_reading_is_fast() -> None:
    """Tens of thousands of new sentences a second would do; here a tenth of that is asked."""
    rng = random.Random(9)
    texts = [said(speak(draw(rng), VOICES["careful"], rng)) for _ in range(3000)]
    read_sentence.cache_clear()
    start = time.process_time()
    for text in texts:
        read(text)
    assert time.process_time() - start < 3.0


def test_forms_are_tried_by_a_word_of_their_own() -> None:
    assert all(word == "" or WORD.fullmatch(word) for word in _grammar().filed)
    assert max(len(found) for found in _grammar().filed.values()) <= 12
