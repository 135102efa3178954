"""What an item is, which judgements count, and what becomes of the others."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from plumbline.core.sheets import Collected, collect
from plumbline.core.types import (
    Choice,
    Critique,
    Demonstration,
    Edit,
    Judge,
    Judgement,
    Provenance,
    Ranking,
    Rating,
    answer,
    user,
)

ASKED = (user("Is water wet?"),)
A, B, C = (answer(text) for text in ("Yes.", "No.", "It is, and it makes others so."))


def by(name: str, group: str = "", when: str = "") -> Provenance:
    return Provenance(judge=Judge("human", name, group), when=when)


def rank(who: Provenance, *tiers: tuple, p: float | None = None) -> Ranking:
    """Tiers of answers instead of indices."""
    responses = tuple(one for tier in tiers for one in tier)
    places = tuple(tuple(responses.index(one) for one in tier) for tier in tiers)
    return Ranking(ASKED, responses, places, p=p, provenance=who)


def said(found: Collected, sheet: int = 0) -> dict[tuple, float]:
    """(judge, answers) -> value."""
    one = found.sheets[sheet]
    rows = zip(one.judged.items, one.judged.judges, one.judged.values, strict=True)
    return {
        (found.judges[j].name, *(found.answers[a] for a in one.answers[u])): float(v)
        for u, j, v in rows
    }


def turned(values: dict[tuple, float], who: str, one: tuple, other: tuple) -> float:
    """What `who` says of one over the other, whichever was put first."""
    return values[who, one, other] if (who, one, other) in values else -values[who, other, one]


def test_rankings_become_pairs_whatever_the_order_of_their_answers() -> None:
    found = collect([rank(by("ann"), (A,), (B, C)), rank(by("bob"), (C, B), (A,))])
    values = said(found)
    assert len(found.sheets[0].prompts) == 3 and len(values) == 6
    assert turned(values, "ann", A, B) == 1 == turned(values, "ann", A, C)
    assert turned(values, "bob", A, B) == -1 == -turned(values, "bob", C, A)
    assert turned(values, "ann", B, C) == 0 == turned(values, "bob", C, B)


def test_a_pair_is_one_item_whatever_else_was_ranked_with_it() -> None:
    found = collect([rank(by("ann"), (A,), (B,)), rank(by("bob"), (B,), (C,), (A,))])
    values = said(found)
    assert turned(values, "ann", A, B) == -turned(values, "bob", A, B) == 1
    assert len(values) == 4 and found.sheets[0].ranked is not None
    assert len(set(found.sheets[0].ranked.items.tolist())) == 2  # tau wants the same answers


def test_the_first_answer_of_a_pair_depends_on_its_words_alone() -> None:
    rankings: list[Judgement] = [
        rank(by(name), *order)
        for name, order in (("ann", ((A,), (B,), (C,))), ("bob", ((C,), (A,), (B,))))
    ]
    expected = said(collect(rankings))
    random.Random(0).shuffle(rankings)
    assert said(collect(rankings[::-1])) == expected


def test_a_soft_ranking_counts_as_what_is_likelier() -> None:
    who = [by(name) for name in ("ann", "bob", "cas")]
    probable = [(0.9, 1), (0.5, 0), (0.2, -1)]
    found = collect([rank(w, (A,), (B,), p=p) for w, (p, _) in zip(who, probable, strict=True)])
    for one, (_, value) in zip(who, probable, strict=True):
        assert turned(said(found), one.judge.name, A, B) == value


@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        ("", "", False),
        ("2024-03-01", "2024-03-02", False),
        ("2024-03-02", "2024-03-01", True),
        ("2024-03-01T12:00:00+00:00", "2024-03-01T13:30:00+02:00", True),
        ("2024-03-02", "yesterday", False),
    ],
)
def test_the_latest_of_a_judges_judgements_counts(first: str, second: str, counts: bool) -> None:
    """By time where both have one that can be read, else the last."""
    thumbs = [
        Choice(ASKED, A, True, by("ann", when=first)),
        Choice(ASKED, A, False, by("ann", when=second)),
        Choice(ASKED, A, True, by("bob")),
    ]
    found = collect(thumbs)
    assert said(found)["ann", A] == counts and said(found)["bob", A] == 1
    assert found.sheets[0].repeats == 1 and found.sheets[0].judgements == 3
    orders = [rank(by("ann", when=first), (A,), (B,)), rank(by("ann", when=second), (B,), (A,))]
    assert turned(said(collect(orders)), "ann", A, B) == (1 if counts else -1)
    ranked = collect(orders).sheets[0].ranked
    assert ranked is not None and len(ranked.items) == 1


def test_a_sheet_a_form_and_of_ratings_one_an_axis_and_scale() -> None:
    who = by("ann")
    found = collect(
        [
            Choice(ASKED, A, True, who),
            Rating(ASKED, A, 4, "honesty", 1, 5, who),
            Rating(ASKED, A, 0.7, "honesty", 0, 1, who),
            Rating(ASKED, A, 9, "care", None, None, who),
            Rating(ASKED, B, 2, "care", None, None, who),
            Edit(ASKED, A, B, who),
            Critique(ASKED, A, "Too short.", None, who),
            rank(who, (A,), (B,)),
        ]
    )
    names = [sheet.name for sheet in found.sheets]
    assert names[:3] == ["thumbs", "ratings of honesty, 1 to 5", "ratings of honesty, 0 to 1"]
    assert names[3:] == ["ratings of care", "corrections", "critiques", "rankings"]
    middles = [sheet.middle for sheet in found.sheets]
    assert middles[:4] == [0.5, 3, 0.5, 5.5] and middles[-1] == 0


def test_who_judged_is_told_by_kind_and_name_and_the_last_group_counts() -> None:
    thumb = Choice(ASKED, A, True)
    judges = [
        Judge("human", "ann", "old"),
        Judge("model", "ann", "old"),
        Judge("human", "bob"),
        Judge("human", "ann", "new"),
        Judge("human", "ann"),
    ]
    found = collect([replace(thumb, provenance=Provenance(judge=judge)) for judge in judges])
    assert [(j.kind, j.name) for j in found.judges] == [
        ("human", "ann"), ("model", "ann"), ("human", "bob"),
    ]  # fmt: skip
    assert [found.groups[g] for g in found.group_of] == ["new", "old", ""]
    assert found.several == ("ann",)


def test_what_names_no_judge_or_judges_nothing_is_counted() -> None:
    found = collect(
        [Choice(ASKED, A, True), Demonstration(ASKED + A), Choice(ASKED, A, True, by("ann"))]
    )
    assert (found.unnamed, found.demonstrations) == (1, 1)
    assert len(found.sheets) == 1 and len(found.sheets[0].judged.items) == 1
    assert collect([]).sheets == ()


def test_items_of_one_opening_are_one_cluster() -> None:
    later = (*ASKED, *A, user("Why?"))
    other = (user("Is ice wet?"),)
    found = collect([Choice(p, A, True, by("ann")) for p in (ASKED, later, other)])
    one, two, three = found.sheets[0].judged.clusters
    assert one == two != three


def test_equal_answers_make_no_pair() -> None:
    ranking = Ranking(ASKED, (A, A, B), ((0,), (1,), (2,)), provenance=by("ann"))
    assert [abs(v) for v in said(collect([ranking])).values()] == [1]
    alone = Ranking(ASKED, (A,), ((0,),), provenance=by("ann"))
    assert said(collect([alone])) == {}
