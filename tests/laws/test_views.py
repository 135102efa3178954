"""Laws of the views: ties never become pairs, a ranking weighs 1, views are pure."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.core import views
from plumbline.core.errors import UserError
from plumbline.core.types import (
    Choice,
    Critique,
    Demonstration,
    Edit,
    Example,
    Judgement,
    Message,
    Provenance,
    Ranking,
    Rating,
    answer,
    assistant,
    user,
)

Q = (user("question"),)
PLACE = Provenance(where="file.jsonl:7")


@st.composite
def tiered(draw: st.DrawFn) -> Ranking:
    """A ranking of 2 to 6 different answers with ties."""
    count = draw(st.integers(2, 6))
    levels = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    tiers = tuple(
        tuple(i for i, one in enumerate(levels) if one == level) for level in sorted(set(levels))
    )
    responses = tuple(answer(f"answer {i}") for i in range(count))
    p = draw(st.none() | st.floats(0, 1)) if count == 2 and len(tiers) == 2 else None
    return Ranking(Q, responses, tiers, p=p, provenance=PLACE)


@st.composite
def judgement(draw: st.DrawFn) -> Judgement:
    """Any judgement, sometimes with an empty answer, on one of three prompts."""
    prompt = (user(draw(st.sampled_from(["a", "b", "c"]))),)
    words = st.sampled_from(["yes", "no", "perhaps", ""]).map(answer)
    good = st.booleans()
    return draw(
        st.one_of(
            tiered().map(lambda r: replace(r, prompt=prompt)),
            words.map(lambda a: Demonstration(prompt + a, PLACE)),
            st.builds(Choice, st.just(prompt), words, good, st.just(PLACE)),
            st.builds(
                lambda r, s: Rating(prompt, r, s, low=1, high=5, provenance=PLACE),
                words,
                st.integers(1, 5),
            ),
            st.builds(Edit, st.just(prompt), words, words, st.just(PLACE)),
            st.builds(lambda r: Critique(prompt, r, "too short", provenance=PLACE), words),
        )
    )


def _one(made: views.Views) -> Example:
    assert len(made.examples) == 1 and not made.dropped
    return made.examples[0]


def _said(example: Example) -> list[str]:
    return [response[0].content for response in example.responses]


@given(tiered())
def test_ties_never_become_pairs(ranking: Ranking) -> None:
    tier_of = {i: t for t, tier in enumerate(ranking.tiers) for i in tier}
    for made in (views.pairs([ranking]), views.rankings([ranking])):
        for example in made.examples:
            for pair in example.pairs:
                assert tier_of[pair.winner] != tier_of[pair.loser]
                if ranking.p is None or ranking.p >= 0.5:
                    assert tier_of[pair.winner] < tier_of[pair.loser]


@given(tiered())
def test_every_ordered_pair_is_there_once_and_a_ranking_weighs_one(ranking: Ranking) -> None:
    sizes = [len(tier) for tier in ranking.tiers]
    expected = (sum(sizes) ** 2 - sum(size**2 for size in sizes)) // 2
    made = views.pairs([ranking])
    if not expected:
        assert not made.examples and not made.dropped and "tie" in made.notes[0]
        return
    pairs = _one(made).pairs
    assert len({frozenset((p.winner, p.loser)) for p in pairs}) == len(pairs) == expected
    assert sum(pair.weight for pair in pairs) == pytest.approx(1)


@given(tiered())
def test_the_ranking_view_keeps_the_tiers(ranking: Ranking) -> None:
    example = _one(views.rankings([ranking]))
    ordered = ranking.tiers if (ranking.p or 1) >= 0.5 and ranking.p != 0 else ranking.tiers[::-1]
    assert example.tiers == ordered and example.responses == ranking.responses


@settings(max_examples=60, deadline=None)
@given(st.lists(judgement(), max_size=6), st.sampled_from(views.VIEWS))
def test_views_are_pure_and_lose_nothing_unsaid(said: list[Judgement], name: str) -> None:
    before = copy.deepcopy(said)
    make = {"demonstrations": views.demonstrations, "labels": views.labelled}.get(name)
    make = make or {"pairs": views.pairs, "rankings": views.rankings}[name]
    first, second = make(said), make(said)
    assert first == second and said == before
    if said and not first.examples:
        assert first.dropped or first.notes
    assert all(not views.empty(r) for e in first.examples for r in e.responses)


@given(st.floats(0, 1))
def test_a_soft_preference_keeps_its_probability(p: float) -> None:
    pair = _one(
        views.pairs([Ranking(Q, (answer("a"), answer("b")), ((0,), (1,)), p=p, margin=2.0)])
    ).pairs[0]
    assert pair.p >= 0.5 and pair.margin == 2.0
    assert (pair.p if pair.winner == 0 else 1 - pair.p) == pytest.approx(p, abs=1e-15)


def test_demonstrations_take_the_best_answer() -> None:
    said: list[Judgement] = [
        Ranking(Q, (answer("bad"), answer("best"), answer("equal")), ((1, 2), (0,))),
        Edit(Q, answer("raw"), answer("mended")),
        Choice(Q, answer("liked"), True),
        Choice(Q, answer("disliked"), False),
        Ranking(Q, (answer("a"), answer("b")), ((0,), (1,)), p=0.1),
    ]
    made = views.demonstrations(said)
    assert [_said(e) for e in made.examples] == [["best"], ["mended"], ["liked"], ["b"]]
    assert made.notes == ("1 left out: an answer that is not called good is no demonstration",)


def test_demonstrations_split_at_the_first_or_the_last_assistant_turn() -> None:
    talk = (Message("system", "s"), user("1"), assistant("2"), user("3"), assistant("4"), user("5"))
    every = _one(views.demonstrations([Demonstration(talk)]))
    assert every.prompt == talk[:2] and every.responses == (talk[2:5],)
    last = _one(views.demonstrations([Demonstration(talk)], turns="last"))
    assert last.prompt == talk[:4] and last.responses == (talk[4:5],)


def test_a_document_has_no_prompt() -> None:
    text = Message("text", "once upon a time")
    example = _one(views.demonstrations([Demonstration((text,))]))
    assert example.prompt == () and example.responses == ((text,),)


def test_labels_take_the_best_and_the_worst() -> None:
    said: list[Judgement] = [
        Ranking(Q, (answer("b"), answer("a"), answer("c")), ((1,), (0,), (2,))),
        Edit(Q, answer("raw"), answer("mended")),
        Choice(Q, answer("x"), False),
        Rating(Q, answer("high"), 4, low=1, high=5),
        Rating(Q, answer("middle"), 3, low=1, high=5),
    ]
    made = views.labelled(said)
    assert [dict(zip(_said(e), e.labels, strict=True)) for e in made.examples] == [
        {"a": True, "c": False},
        {"mended": True, "raw": False},
        {"x": False},
        {"high": True},
    ]
    assert made.notes == (
        "1 left out: a rating at the middle of its scale is neither good nor bad",
    )


def test_a_rating_without_a_scale_says_how_to_set_a_threshold() -> None:
    rating = Rating(Q, answer("a"), 3, provenance=PLACE)
    with pytest.raises(UserError, match=r"file\.jsonl:7.*no known scale(.|\n)*threshold"):
        views.labelled([rating])
    assert _one(views.labelled([rating], threshold=3)).labels == (True,)
    assert _one(views.labelled([rating], threshold=3.5)).labels == (False,)


def test_ratings_of_one_prompt_and_axis_become_a_ranking() -> None:
    said = [
        Rating(Q, answer("a"), 2, "kind"),
        Rating(Q, answer("b"), 5, "kind"),
        Rating(Q, answer("c"), 2, "kind"),
        Rating(Q, answer("a"), 1, "true"),
        Rating(Q, answer("b"), 0, "true"),
        Rating((user("other"),), answer("b"), 0, "true", provenance=PLACE),
    ]
    made = views.rankings(said)
    kind, true = made.examples
    assert kind.tiers == ((1,), (0, 2)) and kind.tags == {"axis": "kind"}
    assert true.tiers == ((0,), (1,)) and true.tags == {"axis": "true"}
    why = "a rating without a second answer to its prompt compares nothing"
    assert not made.dropped and made.notes == (f"1 left out: {why}",)


def test_thumbs_become_pairs_only_where_a_prompt_has_both() -> None:
    both = [Choice(Q, answer("a"), True), Choice(Q, answer("b"), False)]
    made = views.pairs(both)
    assert _said(made.examples[0]) == ["a", "b"] and made.examples[0].pairs[0].winner == 0
    assert made.notes == ("1 comparisons were made from good and bad answers to one prompt",)
    alike = [replace(c, good=True, provenance=PLACE) for c in both]
    found = views.pairs([*alike, Ranking(Q, (answer("a"), answer("b")), ((0,), (1,)))])
    assert not found.dropped and len(found.examples) == 1
    why = "a thumb without one the other way on its prompt compares nothing"
    assert found.notes == (f"2 left out: {why}",)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Ranking(Q, (answer("a"), answer("  ")), ((0,), (1,)), provenance=PLACE), "empty answer"),
        (Ranking(Q, (answer("a"), answer(" a")), ((0,), (1,)), provenance=PLACE), "equal answers"),
        (Edit(Q, answer("a"), answer("a"), PLACE), "equal answers"),
        (Critique(Q, answer("a"), "dull", provenance=PLACE), "a critique compares nothing"),
        (Demonstration(Q + answer("a"), PLACE), "a demonstration compares nothing"),
    ],
)
def test_what_cannot_be_compared_is_listed(said: Judgement, why: str) -> None:
    made = views.pairs([said])
    assert made.examples == [] and made.dropped == [("file.jsonl:7", why)]
    with pytest.raises(UserError, match=why):
        views.view("pairs", [said])


def test_equal_answers_in_a_longer_ranking_only_miss_their_own_pair() -> None:
    ranking = Ranking(Q, (answer("a"), answer("a"), answer("b")), ((0,), (1,), (2,)))
    pairs = _one(views.pairs([ranking])).pairs
    assert [(p.winner, p.loser, p.weight) for p in pairs] == [(0, 2, 0.5), (1, 2, 0.5)]


def test_an_unknown_view_offers_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'pairs'"):
        views.view("pair", [])


def test_the_drop_policy_allows_one_percent_and_names_rows() -> None:
    dropped = [("a.jsonl:3", "empty answer"), ("a.jsonl:9", "equal answers")]
    views.drop_policy(dropped, 200)
    with pytest.raises(UserError) as caught:
        views.drop_policy(dropped, 199)
    text = str(caught.value)
    assert "2 of 199" in text and "a.jsonl:9: equal answers" in text and "->" in text


def test_prompts_are_distinct_and_in_order() -> None:
    said = [Demonstration((user("b"), assistant("x"))), Choice((user("a"),), answer("x"), True)]
    assert views.prompts([*said, *said]) == [(user("b"),), (user("a"),)]


def _asked(number: int, more: str = "") -> Example:
    return Example((user(f"question {number}"), *answer("a"), user(more)), (answer("b"),))


def test_the_split_goes_by_the_first_user_message_alone() -> None:
    many = [_asked(i) for i in range(2000)]
    train, held = views.split(many)
    assert len(train) + len(held) == 2000 and 150 < len(held) < 250
    other = [_asked(i, "and then?") for i in reversed(range(1000))]
    keys = {views.prompt_key(e) for e in held}
    _, again = views.split(other)
    assert {views.prompt_key(e) for e in again} == keys & {views.prompt_key(e) for e in other}
    talks: list[Judgement] = [Demonstration(e.prompt + e.responses[0]) for e in many]
    assert len(views.split_judgements(talks)[1]) == len(held)


@given(st.integers(0, 60), st.lists(st.integers(0, 30), max_size=80))
def test_the_cap_takes_whole_prompts(most: int, numbers: list[int]) -> None:
    train, held = views.split([_asked(n) for n in numbers], fraction=0.5, most=most)
    assert len(held) <= most
    assert not {views.prompt_key(e) for e in held} & {views.prompt_key(e) for e in train}


def test_no_split_at_fraction_zero() -> None:
    assert views.split([_asked(1)], fraction=0) == ([_asked(1)], [])
    with pytest.raises(UserError, match="fraction"):
        views.split([_asked(1)], fraction=1.5)
