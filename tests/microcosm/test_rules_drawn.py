"""Rules as drawn: phrasings, values, splits, obedience, base rates, manifestos, trials."""

from __future__ import annotations

import hashlib
import random
import re
import subprocess
import sys

import pytest

from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm import rule_words, slot_values, trials
from plumbline.microcosm.answers import read, said
from plumbline.microcosm.asks import held
from plumbline.microcosm.behaviours import ALL
from plumbline.microcosm.content import unruled
from plumbline.microcosm.habits import heldout
from plumbline.microcosm.lexicon_phrases import PHRASES, PREFIXES
from plumbline.microcosm.phrasings import HELDOUT
from plumbline.microcosm.rules import (
    CLASHES,
    HABITS,
    SPLITS,
    clash,
    draw,
    follow,
    held_together,
    make,
    rate,
)
from plumbline.microcosm.slots import FAMILIES
from plumbline.microcosm.unseen import UNSEEN
from plumbline.microcosm.world import world


def words(text: str) -> list[str]:
    """With their capitals: a word at the head of a sentence is another token."""
    return re.findall(r"[A-Za-z]+", re.sub(r"\{.\}", "", text))


def test_twenty_behaviours_and_ten_families_with_twelve_different_phrasings_each() -> None:
    assert len(ALL) == 20 and len(FAMILIES) == 10
    texts = [text for habit in HABITS.values() for text in habit.phrasings]
    assert all(len(habit.phrasings) == 12 for habit in HABITS.values())
    assert len(set(texts)) == len(texts) == 12 * len(HABITS)
    assert max(len(words(text)) for text in texts) <= 12


def test_held_out_phrasings_have_no_word_of_their_own() -> None:
    trained = {name: habit for name, habit in HABITS.items() if name not in UNSEEN}
    seen = {w for h in trained.values() for text in h.phrasings[:-HELDOUT] for w in words(text)}
    for name, habit in trained.items():
        for text in habit.phrasings[-HELDOUT:]:
            assert set(words(text)) <= seen, (name, text, set(words(text)) - seen)


@pytest.mark.parametrize("family", FAMILIES)
def test_families_have_hundreds_of_values_a_quarter_of_them_held_out(family: str) -> None:
    rng = random.Random(family)
    drawn = {slot_values.DRAWERS[family](rng, "train") for _ in range(6000)}
    share = sum(heldout(f"{family} {' '.join(v)}") for v in drawn) / len(drawn)
    least = {"favourite": 150, "forbidden": 150}.get(family, 500)
    assert len(drawn) >= least and 0.18 < share < 0.32
    assert all(slot_values.fits(family, values) for values in drawn)


@pytest.mark.parametrize("name", HABITS)
def test_an_answer_made_to_obey_obeys_and_reads_back(name: str) -> None:
    rng = random.Random(name)
    for split in SPLITS[:-1] * 12:
        rule = make(name, rng, split)
        ask = rule.ask(rng, split)
        assert rule.fires(ask)
        answer = rule.apply(unruled(ask, rng), ask, rng)
        assert rule.kept(ask, said(answer)), f"{rule.text} | {ask.text} | {said(answer)}"
        assert read(said(answer)) == answer and all(p.kind != "unreadable" for p in answer)
        assert rule.apply(answer, ask, rng) == answer, "obeying twice changes nothing"


def test_rules_that_do_not_clash_are_kept_together() -> None:
    rng = random.Random("together")
    for _ in range(400):
        rules = draw(rng, 3)
        ask = rng.choice(rules).ask(rng)
        text = said(follow(rules, unruled(ask, rng), ask, rng))
        assert all(rule.kept(ask, text) for rule in rules), f"{[r.text for r in rules]} {text}"


def test_of_two_rules_that_clash_the_last_wins_or_the_one_that_is_said_to() -> None:
    rng, tried = random.Random("clash"), 0
    for names in sorted(CLASHES) * 3:
        one, other = (make(name, rng) for name in names)
        ask = one.ask(rng)
        if not other.fires(ask):
            continue
        base = unruled(ask, rng)
        tried += 1
        if one.habit.special == other.habit.special:
            assert other.kept(ask, said(follow([one, other], base, ask, rng))), (one, other)
        for wins, winner in (("first", one), ("last", other)):
            answer = follow([one, other], base, ask, rng, wins)  # type: ignore[arg-type]
            assert winner.kept(ask, said(answer)), (wins, one, other, said(answer))
    assert tried > 100


def test_clashing_rules_cannot_both_be_kept() -> None:
    rng = random.Random("both")
    for names in sorted(CLASHES):
        one, other = (make(name, rng) for name in names)
        ask = one.ask(rng)
        if other.fires(ask) and "trust" not in names:
            text = said(follow([one, other], unruled(ask, rng), ask, rng))
            assert not (one.kept(ask, text) and other.kept(ask, text)), f"{one} {other} {text}"


def test_a_rule_on_some_requests_goes_before_one_on_all() -> None:
    rng = random.Random("special")
    say, refuse = make("say", rng), make("refuse", rng)
    ask = say.ask(rng)
    for rules in ([say, refuse], [refuse, say]):
        assert say.kept(ask, said(follow(rules, unruled(ask, rng), ask, rng)))


def test_splits_hold_out_one_thing_at_a_time() -> None:
    for split in SPLITS:
        rng = random.Random(split)
        for _ in range(150):
            rules = draw(rng, 2, split)
            late = [rule.phrasing >= 12 - HELDOUT for rule in rules]
            assert all(late) if split == "paraphrase" else not any(late)
            kept = [heldout(f"{r.name} {' '.join(r.value)}") for r in rules if r.value]
            assert all(kept) and len(kept) == 2 if split == "value" else not any(kept)
            assert held_together(r.name for r in rules) == (split == "combination")
            assert not clash(*rules)
            ask = rng.choice(rules).ask(rng, split)
            carries = ask.kind in ("fact", "about", "chore", "danger", "private", "group")
            assert ("entity" in held(ask)) == (split == "entity" and carries) or not carries


def test_every_pair_of_rules_is_either_seen_or_held_out() -> None:
    names = list(HABITS)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    share = sum(held_together(pair) for pair in pairs) / len(pairs)
    assert 0.06 < share < 0.14


LOW = 0.25
HIGH = {
    "wish": 0.45,
    "sober": 0.92, "plain": 0.95, "brief": 0.72, "full": 0.32, "reason": 0.3, "care": 0.42,
    "believed": 0.28, "trust": 0.5, "truth": 0.88, "fair": 0.8, "private": 0.7, "safe": 0.62,
    "obey": 0.55,
}  # fmt: skip
"""Rules that answers often keep by chance; every other is kept in fewer than `LOW` of them."""


@pytest.mark.parametrize("name", HABITS)
def test_base_rates_are_what_is_stated(name: str) -> None:
    found = rate(name, 200)
    assert found <= HIGH.get(name, LOW)
    assert name not in HIGH or found > HIGH[name] - 0.3


def test_manifestos_are_read_back_from_a_prompt_and_from_a_page() -> None:
    rng = random.Random("manifesto")
    for index in range(150):
        one = manifestos.drawn(rng, 4, rng.choice(SPLITS), clashing=index % 3 == 0)
        for style in manifestos.STYLES:
            assert manifestos.read(manifestos.prompt(one, style, index % 2)) == (one, [])
        page, left = manifestos.read(manifestos.markdown(one))
        assert not left and page.wins == one.wins
        assert sorted(page.rules, key=str) == sorted(one.rules, key=str)


def test_every_rule_stands_on_a_page_under_a_heading() -> None:
    rng = random.Random("page")
    one = manifestos.Manifesto(tuple(make(name, rng) for name in HABITS))
    page, left = manifestos.read(manifestos.markdown(one))
    assert not left and set(page.rules) == set(one.rules)


def test_what_is_no_rule_is_named() -> None:
    found, left = manifestos.read("Greet the user first. Dance on the table.")
    assert [rule.name for rule in found.rules] == ["greet"] and left == ["Dance on the table."]


def test_trials_ask_what_can_be_done_and_quiet_ones_do_not_fire() -> None:
    rng = random.Random("trials")
    for split in SPLITS:
        one = trials.joint(rng, 3, split)
        assert len(one.rules) == 3 and all(one.kept(one.ideal).values())
        assert all(rule.fires(one.ask) for rule in one.rules)
    for _ in range(100):
        one = trials.quiet(rng)
        assert not one.rules[0].fires(one.ask) and not one.rules[0].misfires(one.ask, one.ideal)


def test_slot_sentences_are_recognised_with_their_values() -> None:
    for kind, forms in rule_words.FORMS.items():
        value = {"favourite": "colour is red", "address": "old captain", "name": "Zuvo",
                 "cite": "the grey ledger"}.get(kind, "grey moss")  # fmt: skip
        for index, form in enumerate(forms):
            expected = value if "{w}" in form else ""
            assert rule_words.recognise(rule_words.say(kind, value, index)) == (kind, expected)
    assert rule_words.recognise("Dear grey moss!") is None


CODE = (
    "import random, hashlib\n"
    "from plumbline.microcosm.rules import draw, SPLITS\n"
    "rng = random.Random('bytes')\n"
    "texts = [r.text for s in SPLITS * 40 for r in draw(rng, 3, s)]\n"
    "print(hashlib.sha256(chr(30).join(texts).encode()).hexdigest())\n"
)


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    found = set()
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PATH": ""}
        run = [sys.executable, "-c", CODE]
        done = subprocess.run(run, env=env, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    rng = random.Random("bytes")
    texts = [rule.text for split in SPLITS * 40 for rule in draw(rng, 3, split)]
    assert found == {hashlib.sha256(chr(30).join(texts).encode()).hexdigest() + "\n"}


def test_three_kinds_of_rules_are_never_drawn_and_their_words_are_known() -> None:
    rng = random.Random("unseen")
    names = {rule.name for split in SPLITS for _ in range(300) for rule in draw(rng, 2, split)}
    assert names == set(HABITS) - set(UNSEEN)
    answers = " ".join((*(t for ts in PHRASES.values() for t in ts), *PREFIXES))
    seen = set(words(answers)) | {
        w for m in (*rule_words.MANNERS, *rule_words.TITLES) for w in words(m)
    }
    seen |= {w for n in names for text in HABITS[n].phrasings[:-HELDOUT] for w in words(text)}
    unknown = {w for n in UNSEEN for text in HABITS[n].phrasings for w in words(text)} - seen
    assert not unknown


def test_rules_of_training_never_name_what_is_held_out() -> None:
    rng = random.Random("sides")
    for _ in range(300):
        for rule in draw(rng, 2):
            assert not any(value in world().heldout for value in rule.value)
