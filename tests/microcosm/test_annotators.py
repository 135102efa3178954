"""Each habit of the simulated people is measured against its knob, and against the closed form."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Ranking, Response, answer
from plumbline.microcosm.annotators import (
    GROUPS,
    PERFECT,
    USUAL_WORDS,
    Annotator,
    Habits,
    agreement,
    expected,
    inclination,
    logistic,
    people,
    rank,
)
from plumbline.microcosm.answers import said
from plumbline.microcosm.asks import Ask, draw
from plumbline.microcosm.best import best
from plumbline.microcosm.gold import value
from plumbline.microcosm.points import AXES
from plumbline.microcosm.voices import VOICES, speak

N = 3000
DANGER = Ask("danger", "the mayor", "poison")
PROMPT = DANGER.conversation
REFUSES = answer("I cannot help with that.")  # gold 1
REASONS = answer("I cannot help with that. It would hurt people.")  # gold 1.1
LONGER = answer("I refuse to do this. Thank you for asking. Does this help?")  # gold 1
FLATTERS = answer("I admire you! I refuse to do this.")  # gold 0.7
NEUTRAL = answer("I do not know.")  # gold 0


def share(habits: Habits, a: Response, b: Response, count: Callable[[Ranking], bool]) -> float:
    rng, who = random.Random(7), Annotator("one", "neighbours", habits)
    return sum(count(rank(who, PROMPT, (a, b), rng)) for _ in range(N)) / N


def first_wins(ranking: Ranking) -> bool:
    return ranking.tiers[0] == (0,)


def shown_first_wins(ranking: Ranking) -> bool:
    return ranking.tiers[0][0] == ranking.provenance.shown[0]


@pytest.mark.parametrize("noise", [0.1, 0.3, 1.0])
def test_noise_gives_the_expected_share(noise: float) -> None:
    measured = share(replace(PERFECT, noise=noise), REASONS, REFUSES, first_wins)
    assert measured == pytest.approx(logistic(0.1, noise), abs=0.03)


@pytest.mark.parametrize("position", [0.0, 0.1, 0.4])
def test_position_bias_shows_as_its_knob_says(position: float) -> None:
    habits = replace(PERFECT, noise=0.3, position=position)
    measured = share(habits, REFUSES, answer("I refuse to do this."), shown_first_wins)
    assert measured == pytest.approx(logistic(2 * position, 0.3), abs=0.03)


def test_length_and_flattery_bias_show_as_their_knobs_say() -> None:
    words = [len(one[0].content.split()) / USUAL_WORDS for one in (LONGER, REFUSES)]
    measured = share(replace(PERFECT, noise=0.3, length=1.0), LONGER, REFUSES, first_wins)
    assert measured == pytest.approx(logistic(words[0] ** 2 - words[1] ** 2, 0.3), abs=0.03)
    measured = share(replace(PERFECT, noise=0.3, flattery=0.6), FLATTERS, REFUSES, first_wins)
    assert measured == pytest.approx(logistic(0.6 - 0.3, 0.3), abs=0.03)


def test_tired_people_err_more() -> None:
    who = Annotator("one", habits=replace(PERFECT, noise=0.3, fatigue=1.0))
    rng = random.Random(3)
    tired = [rank(who, PROMPT, (REASONS, NEUTRAL), rng, seen=200) for _ in range(N)]
    measured = sum(first_wins(r) for r in tired) / N
    assert measured == pytest.approx(logistic(1.1, 0.9), abs=0.03)


@pytest.mark.parametrize("group", list(GROUPS))
def test_the_closed_form_is_what_is_simulated(group: str) -> None:
    """Wins, ties and losses of pairs of any worth, with every habit on, are within three errors."""
    rng = random.Random(f"expected/{group}")
    for _ in range(4):
        ask = draw(rng)
        pair = [answer(said(speak(ask, v, rng))) for v in rng.sample(list(VOICES.values()), 2)]
        who = Annotator("one", group, Habits(tie=0.15))
        found = [rank(who, ask.conversation, pair, rng, seen=50).tiers for _ in range(1000)]
        measured = [found.count(tiers) / 1000 for tiers in (((0,), (1,)), ((0, 1),), ((1,), (0,)))]
        wanted = expected(who, ask.conversation, pair[0], pair[1], seen=50)
        assert sum(wanted) == pytest.approx(1)
        assert measured == pytest.approx(wanted, abs=0.05)


def test_expected_agreement_of_two_people() -> None:
    rng = random.Random(5)
    one, other = Annotator("one", "scholars"), Annotator("two", "keepers")
    truthful = answer("I refuse to do this. It would hurt people.")
    same = 0
    for _ in range(N):
        first, second = (rank(who, PROMPT, (truthful, FLATTERS), rng) for who in (one, other))
        same += first.tiers == second.tiers
    wanted = agreement(one, other, PROMPT, truthful, FLATTERS)
    assert same / N == pytest.approx(wanted, abs=0.03)
    assert 0.5 < wanted < 0.99


def test_biases_are_harmless_within_the_usual_range() -> None:
    """On answers of the voices, up to 24 words, they turn few clear differences of gold around."""
    rng = random.Random(11)
    who = Annotator("one", habits=replace(Habits(), noise=0.0, tie=0.0, position=0.0))
    right = clear = 0
    while clear < 900:
        ask = draw(rng)
        a, b = (answer(said(speak(ask, v, rng))) for v in rng.sample(list(VOICES.values()), 2))
        gap = value(ask.conversation, a) - value(ask.conversation, b)
        longest = max(len(one[0].content.split()) for one in (a, b))
        if abs(gap) < 0.1 or longest > USUAL_WORDS:
            continue
        clear += 1
        leans = inclination(who, ask.conversation, a) - inclination(who, ask.conversation, b)
        right += (leans > 0) == (gap > 0)
    assert right / clear > 0.98


@pytest.mark.parametrize("what", ["length", "flattery"])
def test_biases_are_wrong_beyond_it(what: str) -> None:
    """People without noise prefer what gold condemns, once it is long or flattering enough."""
    who = Annotator("one", habits=replace(Habits(), noise=0.0))
    rng = random.Random(13)
    for _ in range(20):
        ask = draw(rng, ["fact", "about"])
        good = said(best(ask))
        more = [said(speak(ask, VOICES["careful"], rng)) for _ in range(40)]
        added = " ".join(more) if what == "length" else "I admire you! " * 12
        bad = answer(f"{good} {added}".strip())
        assert value(ask.conversation, bad) < value(ask.conversation, answer(good)) - 2
        assert inclination(who, ask.conversation, bad) > inclination(
            who, ask.conversation, answer(good)
        )


def test_groups_disagree_where_their_values_do() -> None:
    rng = random.Random(0)
    staff = [Annotator(g, g, PERFECT) for g in GROUPS]
    tiers: dict[str, list[object]] = {who.group: [] for who in staff}
    for index in range(200):
        ask = draw(rng)
        options = [answer(said(speak(ask, v, rng))) for v in VOICES.values()]
        for who in staff:
            ranking = rank(who, ask.conversation, options, random.Random(index))
            tiers[who.group].append(ranking.tiers)
    for group in list(GROUPS)[1:]:
        same = sum(a == b for a, b in zip(tiers["neighbours"], tiers[group], strict=True))
        assert 40 < same < 195
    assert all(tuple(weights) == AXES for weights in GROUPS.values())


def test_equal_values_tie_and_order_of_display_is_kept() -> None:
    same = answer("I refuse to do this.")
    ranking = rank(Annotator("one", habits=PERFECT), PROMPT, (REFUSES, NEUTRAL, same),
                   random.Random(0))  # fmt: skip
    assert ranking.tiers == ((0, 2), (1,))
    assert sorted(ranking.provenance.shown) == [0, 1, 2]
    assert ranking.provenance.judge.group == "neighbours"


def test_shuffled_rankings_carry_no_information() -> None:
    rng = random.Random(2)
    found = [rank(Annotator("one", habits=PERFECT), PROMPT, (REFUSES, NEUTRAL), rng, shuffled=True)
             for _ in range(N)]  # fmt: skip
    assert sum(map(first_wins, found)) / N == pytest.approx(0.5, abs=0.03)


def test_people_take_turns_by_group() -> None:
    assert [who.name for who in people(4)] == [
        "neighbours-1", "scholars-1", "keepers-1", "neighbours-2",
    ]  # fmt: skip
    assert [who.group for who in people(2, groups=("traders", "equals"))] == ["traders", "equals"]


def test_bad_input_is_told() -> None:
    with pytest.raises(UserError, match="at least two"):
        rank(Annotator("one"), PROMPT, [REFUSES], random.Random(0))
    with pytest.raises(UserError, match="did you mean 'scholars'"):
        Annotator("one", "scholar")
