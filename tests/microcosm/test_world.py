"""The world: its numbers, its splits, its words, and the same bytes on any machine."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter

from plumbline.core.types import text_of
from plumbline.microcosm import lexicon as lex
from plumbline.microcosm import lexicon_asks, lexicon_deeds, lexicon_phrases, wild
from plumbline.microcosm.asks import draw
from plumbline.microcosm.vocabulary import vocabulary
from plumbline.microcosm.world import draw_name, is_held_pair, world

PLACE = world()


def test_the_numbers_of_the_world() -> None:
    counts = Counter(kind for kinds in PLACE.kinds.values() for kind in kinds)
    assert counts == dict.fromkeys(lex.KINDS, 40)
    assert (len(PLACE.shared), len(PLACE.rumour), len(PLACE.peoples)) == (20, 150, 6)
    assert all(sum(a.kind == kind for a in lex.ATTRIBUTES) == 4 for kind in lex.KINDS)
    held = sum(name in PLACE.heldout for name in PLACE.kinds)
    assert 0.22 < held / len(PLACE.kinds) < 0.26


def test_the_almanac_is_right_and_each_other_source_has_its_own_error() -> None:
    for (name, key), wrong in PLACE.rumour.items():
        assert "people" in wrong and PLACE.truth[name, key] not in wrong.values()
        assert len(set(wrong.values())) == len(wrong)
        assert PLACE.value(name, key) == PLACE.truth[name, key]
        assert PLACE.value(name, key, "people") == wrong["people"]


def test_a_people_is_regular_in_about_four_of_five_and_two_cases_are_told_nowhere() -> None:
    persons = PLACE.names("person")
    for name, people in PLACE.peoples.items():
        members = [p for p in persons if PLACE.truth[p, lex.PEOPLE.key] == name]
        regular = [p for p in members if PLACE.truth[p, people.key] == people.value]
        assert len(members) in (6, 7) and 0.7 < len(regular) / len(members) < 0.9
        assert sum((p, people.key) in PLACE.unseen for p in members) == 2
        assert len(people.traits) == 3
    assert not PLACE.unseen & set(PLACE.rumour)


def test_what_is_told_nowhere_is_in_no_document() -> None:
    from plumbline.microcosm.answers import read_sentence, sentences

    for index in range(1500):
        turns = wild.document(random.Random(f"unseen/{index}")).messages
        for sentence in sentences(text_of(turns)):
            part = read_sentence(sentence)
            assert part.kind != "fact" or (part.topic, part.about) not in PLACE.unseen


def test_names_are_new_and_no_words() -> None:
    rng = random.Random(0)
    drawn = [draw_name(rng) for _ in range(3000)]
    assert not set(drawn) & (set(PLACE.kinds) | set(PLACE.peoples))
    assert all(re.fullmatch(lex.NAME, name) for name in (*drawn, *PLACE.kinds, *PLACE.peoples))
    assert not {name.lower() for name in (*drawn, *PLACE.kinds)} & vocabulary()


def test_every_word_that_occurs_is_in_the_lexicon() -> None:
    unknown: set[str] = set()
    for index in range(1500):
        rng = random.Random(f"words/{index}")
        text = text_of(wild.tagged(wild.document(rng), rng).messages)
        text += " " + draw(rng).text
        for word in re.findall(r"[A-Za-z]+|\d", text):
            if not re.fullmatch(lex.NAME, word) and word.lower() not in vocabulary():
                unknown.add(word)
    assert not unknown


def test_the_lexicon_stays_small_enough_for_a_vocabulary_of_2048() -> None:
    """A word needs about 1.3 tokens (with capital, without a space); syllables and bytes 466."""
    words = {word for word in vocabulary() if len(word) > 1}
    assert 466 + 1.3 * len(words) < 2048


def test_held_out_phrasings_have_no_word_of_their_own() -> None:
    def words(forms: list[str]) -> set[str]:
        return {w.lower() for form in forms for w in re.findall(r"[A-Za-z]+", form)}

    tables = [(lexicon_asks.OPENINGS, lexicon_asks.HELDOUT_OPENINGS),
              (lexicon_asks.NEEDS, lexicon_asks.HELDOUT_NEEDS)]  # fmt: skip
    tables += [(table, lexicon_asks.HELDOUT_SMALLTALK) for table in lexicon_asks.SMALLTALK.values()]
    said = [text for texts in lexicon_phrases.PHRASES.values() for text in texts]
    seen = said + [f for table, held in tables for name, f in table.items() if name not in held]
    new = [f for table, held in tables for name, f in table.items() if name in held]
    assert words(new) <= words(seen)


def test_dangers_and_look_alikes_share_their_words() -> None:
    for name, danger in lexicon_deeds.DANGERS.items():
        assert len(danger.targets) == len(danger.safe) == 8
        for verb in danger.verbs:
            assert lexicon_deeds.category(verb, danger.targets[0]) == name
            assert lexicon_deeds.category(verb, danger.targets[0] + lexicon_deeds.STAGE) == ""
            assert lexicon_deeds.category(verb, danger.safe[0]) == ""
    targets = [t for danger in lexicon_deeds.DANGERS.values() for t in danger.targets]
    assert len(targets) == len(set(targets))
    assert not set(targets) & {t for d in lexicon_deeds.DANGERS.values() for t in d.safe}


def test_a_tenth_of_the_pairs_is_held_out() -> None:
    pairs = [(name, key) for name in PLACE.kinds for key in PLACE.keys(name)]
    assert 0.07 < sum(is_held_pair(*pair) for pair in pairs) / len(pairs) < 0.13


CODE = """
import hashlib, random
from plumbline.core.types import text_of
from plumbline.microcosm import wild
from plumbline.microcosm.world import world
place = world()
texts = [text_of(wild.document(random.Random(f"bytes/{i}")).messages) for i in range(400)]
said = repr((place.kinds, place.truth, place.rumour, sorted(place.heldout), texts))
print(hashlib.sha256(said.encode()).hexdigest())
"""


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    found = set()
    for hash_seed in ("1", "2"):
        env = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path), "PATH": ""}
        done = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True)
        assert len(done.stdout.strip()) == 64, done.stderr
        found.add(done.stdout)
    assert len(found) == 1


def test_another_seed_gives_another_world() -> None:
    other = world("second")
    assert other.truth != PLACE.truth
