"""Pooling: shares are counts, one judge changes nothing, order and naming do not matter."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.core import views
from plumbline.core.errors import UserError
from plumbline.core.pooling import latest, pool
from plumbline.core.types import (
    Choice,
    Edit,
    Judge,
    Judgement,
    Provenance,
    Ranking,
    Rating,
    answer,
    user,
)

Q, A, B, C = (user("q"),), answer("a"), answer("b"), answer("c")
A_FIRST, B_FIRST, TIE = ((0,), (1,)), ((1,), (0,)), ((0, 1),)


def by(name: str, group: str = "", when: str = "") -> Provenance:
    return Provenance("f:1", Judge("human", name, group), when=when)


def two(tiers: tuple[tuple[int, ...], ...], name: str = "", **more: object) -> Ranking:
    return replace(Ranking(Q, (A, B), tiers, provenance=by(name)), **more)


def only(said: list[Judgement], **more: object) -> Judgement:
    made = pool(said, **more).judgements  # type: ignore[arg-type]
    assert len(made) == 1
    return made[0]


def p_of_a(judgement: Judgement) -> float:
    """The probability that "a" is better."""
    assert isinstance(judgement, Ranking) and judgement.p is not None
    first = judgement.responses[judgement.tiers[0][0]]
    return judgement.p if first == A else 1 - judgement.p


def test_the_share_counts_judges_and_ties_half() -> None:
    said = [two(A_FIRST, "x"), two(A_FIRST, "y"), two(B_FIRST, "z"), two(TIE, "w")]
    made = only([*said])
    assert p_of_a(made) == 2.5 / 4
    assert isinstance(made, Ranking) and (made.n, made.margin) == (4, None)
    assert made.provenance.judge == Judge("human") and made.provenance.where == "f:1"


def test_what_all_call_a_tie_stays_one_and_makes_no_pair() -> None:
    made = only([two(TIE, "x"), two(TIE, "y")])
    assert isinstance(made, Ranking) and made.tiers == ((0, 1),) and made.n == 2
    assert views.pairs([made]).examples == []
    split = only([two(A_FIRST, "x"), two(B_FIRST, "y")])
    assert p_of_a(split) == 0.5 and views.pairs([split]).examples[0].pairs[0].p == 0.5


def test_weights_count_and_zero_leaves_a_judge_out() -> None:
    said: list[Judgement] = [two(A_FIRST, "x"), two(B_FIRST, "y"), two(B_FIRST, "z")]
    assert p_of_a(only(said, weights={"x": 3.0})) == 3 / 5
    made = pool(said, weights={"z": 0.0, "y": 0.5})
    assert p_of_a(made.judgements[0]) == 1 / 1.5
    assert "1 left out: their judges weigh nothing" in made.notes
    with pytest.raises(UserError, match="the weight nan of 'x'"):
        pool(said, weights={"x": float("nan")})


def test_a_group_is_not_averaged_away() -> None:
    said: list[Judgement] = [
        *(replace(two(A_FIRST), provenance=by(n, "left")) for n in "xyz"),
        replace(two(B_FIRST), provenance=by("w", "right")),
    ]
    assert p_of_a(only(said)) == 3 / 4
    assert p_of_a(only(said, group="left")) == 1.0
    assert only(said, group="right") == said[3]
    with pytest.raises(UserError, match="groups here: left, right"):
        pool(said, group="top")


def test_only_the_last_judgement_of_a_judge_counts() -> None:
    old = replace(two(A_FIRST), provenance=by("x", when="2026-01-02T03:00:00+02:00"))
    new = replace(two(B_FIRST), provenance=by("x", when="2026-01-02T02:00:00Z"))
    assert latest([new, old]) == latest([old, new]) == [new]
    made = pool([new, old, two(A_FIRST, "y")])
    assert p_of_a(made.judgements[0]) == 0.5
    assert any(note.startswith("1 left out: their judge") for note in made.notes)
    naive = replace(two(TIE), provenance=by("x", when="2026-01-02T01:30:00"))
    assert latest([new, naive]) == [new], "a time without a zone is one in UTC"
    without = [two(A_FIRST, "x"), two(B_FIRST, "x")]
    assert latest(without) == without[1:]
    assert len(latest([two(A_FIRST), two(B_FIRST)])) == 2, "nobody knows that they are one person"


def test_margins_are_signed_by_preference() -> None:
    said: list[Judgement] = [
        two(A_FIRST, "x", margin=3.0),
        two(A_FIRST, "y", margin=1.0),
        two(B_FIRST, "z", margin=1.0),
        two(A_FIRST, "w"),
    ]
    made = only(said)
    assert isinstance(made, Ranking) and made.margin == (3 + 1 - 1) / 3
    against = only([two(A_FIRST, "x"), two(A_FIRST, "y", margin=1.0), two(B_FIRST, "z", margin=9)])
    assert isinstance(against, Ranking) and against.margin == 0.0


def test_rankings_of_three_give_the_share_of_every_pair() -> None:
    orders = [(A, B, C), (B, A, C), (A, C, B)]
    said = [
        Ranking(Q, order, ((0,), (1,), (2,)), provenance=by(str(n)))
        for n, order in enumerate(orders)
    ]
    made = pool(said)
    found = {
        tuple(r[0].content for r in j.responses): j.p
        for j in made.judgements
        if isinstance(j, Ranking)
    }
    assert found == {("a", "b"): 2 / 3, ("a", "c"): 1.0, ("b", "c"): 2 / 3}
    assert "1 rankings of more than two answers became pairs" in made.notes


def test_thumbs_become_shares_that_are_still_compared() -> None:
    said: list[Judgement] = [
        Choice(Q, A, True, by("x")),
        Choice(Q, A, True, by("y")),
        Choice(Q, A, False, by("z")),
        Choice(Q, B, False, by("x")),
    ]
    made = pool(said).judgements
    scores = [(j.score, j.low, j.high) for j in made if isinstance(j, Rating)]
    assert scores == [(2 / 3, 0.0, 1.0), (0.0, 0.0, 1.0)]
    assert [e.labels for e in views.labelled(made).examples] == [(True,), (False,)]
    pairs = views.pairs(made).examples
    assert len(pairs) == 1 and pairs[0].responses[pairs[0].pairs[0].winner] == A


def test_ratings_are_averaged_by_axis() -> None:
    def rating(score: float, axis: str, name: str) -> Rating:
        return Rating(Q, A, score, axis, 1.0, 5.0, by(name))

    made = pool([rating(1, "truth", "x"), rating(4, "truth", "y"), rating(5, "tone", "x")])
    assert [(j.score, j.axis) for j in made.judgements if isinstance(j, Rating)] == [
        (2.5, "truth"),
        (5, "tone"),
    ]


def test_what_cannot_be_pooled_stays_as_it_is() -> None:
    edit = Edit(Q, A, B, by("x"))
    doubled = Ranking(Q, (A, A), A_FIRST, provenance=by("x"))
    said: list[Judgement] = [edit, replace(edit, provenance=by("y")), doubled, doubled]
    assert pool(said).judgements == said


TIERS = st.sampled_from([A_FIRST, B_FIRST, TIE])
P = st.none() | st.floats(0, 1)
VOICE = st.tuples(TIERS, P, st.none() | st.floats(0, 9), st.floats(0.1, 5))


@st.composite
def rankings(draw: st.DrawFn) -> list[Ranking]:
    """One ranking a judge; every judge has another name."""
    voices = draw(st.lists(VOICE, min_size=1, max_size=6))
    return [
        Ranking(Q, (A, B), tiers, None if tiers == TIE else p, margin, by(f"judge {n}"))
        for n, (tiers, p, margin, _) in enumerate(voices)
    ]


@given(rankings().filter(lambda said: len(said) == 1))
def test_one_judge_is_unchanged(said: list[Ranking]) -> None:
    assert pool(said).judgements == said


@given(rankings(), st.randoms(use_true_random=False))
def test_order_does_not_matter(said: list[Ranking], random: object) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert pool(shuffled).judgements == pool(said).judgements


@given(rankings().filter(lambda said: len(said) > 1))
def test_turning_every_preference_mirrors_p(said: list[Ranking]) -> None:
    turned = [replace(ranking, tiers=ranking.tiers[::-1]) for ranking in said]
    one, other = only([*said]), only([*turned])
    assert isinstance(one, Ranking) and isinstance(other, Ranking)
    if one.p is None:
        assert one.tiers == other.tiers == TIE
        return
    assert p_of_a(one) == pytest.approx(1 - p_of_a(other), abs=1e-12)
    if abs(one.p - 0.5) > 1e-9:
        assert one.margin == pytest.approx(other.margin)


@given(rankings().filter(lambda said: len(said) > 1))
def test_naming_the_answers_the_other_way_round_changes_nothing(said: list[Ranking]) -> None:
    other = {0: 1, 1: 0}
    renamed = [
        replace(
            r, responses=r.responses[::-1], tiers=tuple(tuple(other[i] for i in t) for t in r.tiers)
        )
        for r in said
    ]
    assert pool(renamed).judgements == pool(said).judgements


@given(rankings().filter(lambda said: len(said) > 2))
def test_pooling_what_was_pooled_counts_people(said: list[Ranking]) -> None:
    whole, part = only([*said]), only([*said[:2]])
    again = only([part, *said[2:]])
    assert isinstance(whole, Ranking) and isinstance(again, Ranking)
    assert again.n == whole.n
    if whole.p is not None and again.p is not None:
        assert p_of_a(again) == pytest.approx(p_of_a(whole))


def test_every_order_of_five_gives_the_same_file() -> None:
    said = [two(t, n) for t, n in zip([A_FIRST, B_FIRST, TIE, A_FIRST], "xyzw", strict=True)]
    made = {repr(pool(order).judgements) for order in permutations(said)}
    assert len(made) == 1
