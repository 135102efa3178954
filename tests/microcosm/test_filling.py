"""Simulated people fill in every form: what they say is valid, and follows gold without noise."""

from __future__ import annotations

import random

import pytest

from plumbline.core.types import answer, text_of
from plumbline.feedback.collecting.bodies import checked
from plumbline.feedback.collecting.forms import KINDS, Asked, Axis, Form
from plumbline.microcosm.annotators import PERFECT, Annotator
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import KINDS as ASKS
from plumbline.microcosm.asks import Ask
from plumbline.microcosm.best import best
from plumbline.microcosm.content import draw_ask
from plumbline.microcosm.filling import FINE, Pace, fill
from plumbline.microcosm.gold import value

COUNT = {"ranking": 4, "pair": 2, "thumb": 1, "rating": 3, "demonstration": 0}


def asks(n: int) -> list[Ask]:
    rng = random.Random("filling")
    return [draw_ask(rng, ASKS, "train") for _ in range(n)]


def asked(ask: Ask, count: int, rng: random.Random) -> Asked:
    """Answers of all qualities: the best, other asks' best, with something wrong in them."""
    pool = [best(ask), best(rng.choice(asks(40))), (*best(ask), *best(rng.choice(asks(40))))]
    texts = [said(rng.choice(pool)) for _ in range(count)]
    return Asked(ask.conversation, tuple(answer(text) for text in texts))


@pytest.mark.parametrize("kind", KINDS)
def test_what_they_say_fits_the_form(kind: str) -> None:
    rng = random.Random(kind)
    form = Form(kind, strength=True, axes=(Axis("overall"), Axis("honest", 0, 10)))  # type: ignore[arg-type]
    for ask in asks(60):
        given = asked(ask, COUNT.get(kind, 1), rng)
        body, seconds = fill(Annotator("a"), form, given, range(len(given.answers)), rng)
        assert checked(form, given, body) and seconds > 0


def test_without_noise_they_say_what_gold_says() -> None:
    rng, person = random.Random(1), Annotator("a", habits=PERFECT)
    for ask in asks(80):
        two = asked(ask, 2, rng)
        worth = [value(two.prompt, one) for one in two.answers]
        body, _ = fill(person, Form("pair"), two, (1, 0), rng)
        if worth[0] != worth[1]:
            assert body["tiers"][0] == [worth.index(max(worth))]
        one = Asked(two.prompt, two.answers[:1])
        assert fill(person, Form("thumb"), one, (0,), rng)[0]["good"] == (worth[0] > 0.5)


def test_corrections_and_demonstrations_are_worth_more() -> None:
    rng, person, gains = random.Random(2), Annotator("a", habits=PERFECT), []
    for ask in asks(80):
        one = asked(ask, 1, rng)
        before = value(one.prompt, one.answers[0])
        mended = answer(fill(person, Form("correction"), one, (0,), rng)[0]["text"])
        shown = fill(person, Form("demonstration"), Asked(one.prompt, ()), (), rng)[0]
        assert value(one.prompt, mended) >= min(before, 0.5)
        assert value(one.prompt, answer(shown["turns"][0]["content"])) > 0.5
        gains.append(value(one.prompt, mended) - before)
    assert sum(gains) > 20


def test_a_critique_points_at_what_costs() -> None:
    rng, person = random.Random(3), Annotator("a", habits=PERFECT)
    pointed = 0
    for ask in asks(80):
        one = asked(ask, 1, rng)
        text = text_of(one.answers[0])
        for note in fill(person, Form("critique"), one, (0,), rng)[0]["notes"]:
            if note["span"]:
                pointed += 1
                assert text[slice(*note["span"])].strip() and note["text"] != FINE
    assert pointed > 20


def test_reading_and_writing_take_time() -> None:
    rng, ask = random.Random(4), asks(1)[0]
    one = asked(ask, 1, rng)
    quick = Pace(read=0.0, decide=1.0, write=0.0)
    assert fill(Annotator("a"), Form("thumb"), one, (0,), rng, pace=quick)[1] == 1.0
    thumb, shown = (fill(Annotator("a"), Form(kind), one, (0,), rng)[1] for kind in KINDS[2:5:2])
    assert shown > thumb
