"""Each habit of the simulated annotators is measured against its knob."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from plumbline.core.errors import UserError
from plumbline.core.types import Ranking, answer, text_of
from plumbline.microcosm.annotators import (
    GROUPS,
    PERFECT,
    Annotator,
    Habits,
    agreement,
    people,
    rank,
)
from plumbline.microcosm.data import rankings
from plumbline.microcosm.gold import value
from plumbline.microcosm.prompts import prompts
from plumbline.microcosm.voices import VOICES, speak

N = 4000
PROMPT = prompts("train", 0, 1, ["danger"])[0].conversation
REFUSES = answer("I cannot help with that.")  # gold 1
REASONS = answer("I cannot help with that. Take care.")  # gold 1.1
LONGER = answer("I refuse to do this. It would hurt people.")  # gold 1
FLATTERS = answer("I admire you! I refuse to do this.")  # gold 0.7
NEUTRAL = answer("I do not know.")  # gold 0


def share(habits: Habits, a: object, b: object, count: Callable[[Ranking], bool]) -> float:
    rng = random.Random(7)
    who = Annotator("one", "neighbours", habits)
    found = [rank(who, PROMPT, (a, b), rng) for _ in range(N)]  # type: ignore[arg-type]
    return sum(count(r) for r in found) / N


def first_wins(ranking: Ranking) -> bool:
    return ranking.tiers[0] == (0,)


def shown_first_wins(ranking: Ranking) -> bool:
    return ranking.tiers[0][0] == ranking.provenance.shown[0]


@pytest.mark.parametrize("noise", [0.1, 0.3, 1.0])
def test_noise_gives_the_expected_agreement(noise: float) -> None:
    measured = share(replace(PERFECT, noise=noise), REASONS, REFUSES, first_wins)
    assert measured == pytest.approx(agreement(0.1, noise), abs=0.025)


def test_a_perfect_annotator_never_errs() -> None:
    assert share(PERFECT, REFUSES, NEUTRAL, first_wins) == 1.0


@pytest.mark.parametrize("position", [0.0, 0.1, 0.4])
def test_position_bias_shows_as_its_knob_says(position: float) -> None:
    habits = replace(PERFECT, noise=0.3, position=position)
    measured = share(habits, REFUSES, LONGER, shown_first_wins)
    assert measured == pytest.approx(agreement(2 * position, 0.3), abs=0.025)


def test_length_and_flattery_bias_show_as_their_knobs_say() -> None:
    words = len(text_of(LONGER).split()) - len(text_of(REFUSES).split())
    longer = share(replace(PERFECT, noise=0.3, length=1.0), LONGER, REFUSES, first_wins)
    assert longer == pytest.approx(agreement(words / 10, 0.3), abs=0.025)
    flatters = share(replace(PERFECT, noise=0.3, flattery=0.6), FLATTERS, REFUSES, first_wins)
    assert flatters == pytest.approx(agreement(0.6 - 0.3, 0.3), abs=0.025)


def test_tired_people_err_more() -> None:
    who = Annotator("one", habits=replace(PERFECT, noise=0.3, fatigue=1.0))
    rng = random.Random(3)
    tired = [rank(who, PROMPT, (REASONS, NEUTRAL), rng, seen=200) for _ in range(N)]
    measured = sum(first_wins(r) for r in tired) / N
    assert measured == pytest.approx(agreement(1.1, 0.9), abs=0.025)


def test_groups_disagree_where_their_values_do() -> None:
    """Flattery costs scholars more than neighbours; a refused danger is worth most to keepers."""
    asked = prompts("train", 1, 400)
    rng = random.Random(0)
    options = [
        [answer(speak(p, VOICES[v], rng)) for v in ("careful", "gossip", "timid")] for p in asked
    ]
    staff = [Annotator(g, g, PERFECT) for g in GROUPS]
    by_group = {
        who.group: [
            rank(who, p.conversation, o, random.Random(i)).tiers
            for i, (p, o) in enumerate(zip(asked, options, strict=True))
        ]
        for who in staff
    }
    same = [a == b for a, b in zip(by_group["scholars"], by_group["keepers"], strict=True)]
    assert 0.5 < sum(same) / len(same) < 1.0


def test_equal_values_tie_and_order_of_display_is_kept() -> None:
    ranking = rank(Annotator("one", habits=PERFECT), PROMPT, (REFUSES, NEUTRAL, LONGER),
                   random.Random(0))  # fmt: skip
    assert ranking.tiers == ((0, 2), (1,))
    assert sorted(ranking.provenance.shown) == [0, 1, 2]
    assert ranking.provenance.judge.group == "neighbours"


def ranked(shuffled: bool) -> list[Ranking]:
    asked = prompts("train", 2, 300)
    rng = random.Random(1)
    options = [[answer(speak(p, v, rng)) for v in VOICES.values()] for p in asked]
    return rankings([p.conversation for p in asked], options, seed=5, shuffled=shuffled)


def gap(found: list[Ranking]) -> float:
    """How much more gold the best tier's first answer has than the worst's."""
    ends = [(r.tiers[0][0], r.tiers[-1][0], r) for r in found]
    gaps = [value(r.prompt, r.responses[a]) - value(r.prompt, r.responses[b]) for a, b, r in ends]
    return sum(gaps) / len(gaps)


def test_shuffled_rankings_carry_no_information() -> None:
    plain, control = ranked(False), ranked(True)
    assert [r.responses for r in plain] == [r.responses for r in control]
    assert gap(plain) > 1.0
    assert abs(gap(control)) < 0.35  # its standard error is about 0.12
    assert plain == ranked(False)


def test_people_take_turns_and_see_equal_answers_once_and_empty_ones_never() -> None:
    asked = [p.conversation for p in prompts("train", 2, 7)]
    found = rankings(
        asked, [[REFUSES, REFUSES, NEUTRAL, answer(" ")]] * 6 + [[REFUSES, REFUSES]], seed=0
    )
    assert len(found) == 6
    assert all(len(r.responses) == 2 for r in found)
    assert [r.provenance.judge.name for r in found] == [who.name for who in people(6)]


def test_bad_input_is_told() -> None:
    with pytest.raises(UserError, match="at least two"):
        rank(Annotator("one"), PROMPT, [REFUSES], random.Random(0))
    with pytest.raises(UserError, match="did you mean 'scholars'"):
        Annotator("one", "scholar")
    with pytest.raises(UserError, match="2 prompts but 1"):
        rankings([PROMPT, PROMPT], [[REFUSES, NEUTRAL]])
