"""Requests, demonstrations of three qualities, boilerplate, rankings: their split and form."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Demonstration, answer, text_of
from plumbline.microcosm import boilerplate
from plumbline.microcosm.annotators import GROUPS
from plumbline.microcosm.answers import read, said
from plumbline.microcosm.asks import held, understand
from plumbline.microcosm.data import Quality, demonstrations, prompts, rankings, strays
from plumbline.microcosm.gold import FLOOR, value
from plumbline.microcosm.vocabulary import vocabulary
from plumbline.microcosm.voices import VOICES, speak
from plumbline.microcosm.world import world

QUALITIES: tuple[Quality, ...] = ("excellent", "mediocre", "poor")


def worth(made: list[Demonstration]) -> float:
    return sum(value(d.messages[:-1], d.messages[-1:]) for d in made) / len(made)


def test_prompts_are_different_and_of_their_split() -> None:
    for split in ("train", "paraphrase", "entity", "value", "combination"):
        found = prompts(split, 3, 120)  # type: ignore[arg-type]
        assert len(set(found)) == 120
        assert {held(ask) for ask in found} == {() if split == "train" else (split,)}
        assert all(understand(ask.conversation) == ask for ask in found)


def test_heldout_prompts_are_of_all_splits_that_a_kind_has() -> None:
    assert Counter(held(ask) for ask in prompts("heldout", 0, 82)) == {
        ("paraphrase",): 21, ("entity",): 21, ("value",): 20, ("combination",): 20,
    }  # fmt: skip
    assert {held(ask) for ask in prompts("heldout", 0, 20, ["smalltalk"])} == {("paraphrase",)}


def test_too_many_prompts_is_an_error_that_says_how_many_there_are() -> None:
    with pytest.raises(UserError, match=r"only \d+ different"):
        prompts("heldout", 0, 4000, ["smalltalk"])
    with pytest.raises(UserError, match="did you mean 'danger'"):
        prompts("train", 0, 5, ["dangr"])  # type: ignore[list-item]


@pytest.mark.parametrize("quality", QUALITIES)
def test_demonstrations_neither_ask_nor_speak_of_what_is_held_out(quality: Quality) -> None:
    things = {thing.removeprefix("the ") for thing in world().heldout}
    for one in demonstrations(2, 700, quality=quality):
        ask = understand(one.messages[:-1])
        assert ask is not None and held(ask) == () and ask.disguise != "shots"
        assert len([m for m in one.messages if m.role == "assistant"]) == 1
        parts = read(text_of(one.messages[-1:]))
        assert parts and not any(p.kind == "unreadable" or strays(p) for p in parts)
        assert not set(re.findall(r"[A-Za-z]+", text_of(one.messages))) & things


def test_qualities_are_worth_what_they_are_called() -> None:
    values = {quality: worth(demonstrations(1, 500, quality=quality)) for quality in QUALITIES}
    assert values["excellent"] > 1.2 > 0.5 > values["mediocre"] > 0 > values["poor"]
    with pytest.raises(UserError, match="did you mean 'poor'"):
        demonstrations(quality="pour")  # type: ignore[arg-type]


def test_mediocre_ones_have_the_right_form() -> None:
    kinds = Counter(p.kind for d in demonstrations(0, 400) for p in read(d.messages[-1].content))
    assert kinds["question"] == 0 and kinds["fact"] > 100 and kinds["refusal"] > 20


def test_boilerplate_comes_at_its_share_and_comes_off_again() -> None:
    bare, full = (demonstrations(4, 400, boilerplate=share) for share in (0.0, 0.5))
    hit = 0
    for one, other in zip(bare, full, strict=True):
        text, spread = one.messages[-1].content, other.messages[-1].content
        assert one.messages[:-1] == other.messages[:-1]
        assert not boilerplate.found(text) and boilerplate.without(text) == text
        assert boilerplate.without(spread) == text
        assert bool(boilerplate.found(spread)) == (spread != text)
        hit += spread != text
        if spread != text:
            assert value(other.messages[:-1], other.messages[-1:]) == FLOOR
    assert 160 < hit < 240
    with pytest.raises(UserError, match="between 0 and 1"):
        demonstrations(boilerplate=40)


def test_boilerplate_has_no_word_of_its_own() -> None:
    phrases = " ".join((*boilerplate.FRONT, *boilerplate.BACK))
    assert {word.lower() for word in re.findall(r"[A-Za-z]+", phrases)} <= vocabulary()


def test_rankings_by_several_groups_put_better_answers_first() -> None:
    rng = random.Random("rankings")
    asked = prompts("train", 5, 150)
    told = [[answer(said(speak(ask, voice, rng))) for voice in VOICES.values()] for ask in asked]
    told[0] = [answer(" ")] * 8
    conversations = [ask.conversation for ask in asked]
    gaps = []
    for shuffled in (False, True):
        found = rankings(conversations, told, seed=1, shuffled=shuffled)
        assert len(found) < len(asked)
        assert {one.provenance.judge.group for one in found} == set(tuple(GROUPS)[:3])
        ends = [(one.tiers[0][0], one.tiers[-1][0], one) for one in found]
        gaps.append(
            sum(value(r.prompt, r.responses[a]) - value(r.prompt, r.responses[b])
                for a, b, r in ends) / len(ends)
        )  # fmt: skip
    assert gaps[0] > 1.5 and abs(gaps[1]) < 0.5
    with pytest.raises(UserError, match="2 prompts but 1 lists"):
        rankings(conversations[:2], told[:1])
