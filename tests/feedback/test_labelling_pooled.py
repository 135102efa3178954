"""What labels come to: averages, juries, ties, inconsistent ones, and what people correct."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest

from plumbline.core.errors import UserError
from plumbline.core.settings import overlay
from plumbline.core.types import Judge, Provenance, Ranking, answer, user
from plumbline.core.views import pairs
from plumbline.data import read, write
from plumbline.feedback.judging.calibrated import calibrated, logistic
from plumbline.feedback.judging.label import Label, Made
from plumbline.feedback.judging.pooled import Pooling, counted, judgements, pooled
from plumbline.feedback.judging.verdicts import Reading, logit_of, sigma
from plumbline.feedback.judging.weighing import NEVER

PLAIN = Pooling()


def label(
    t: float, b: float = 0.0, n: int = 0, principle: str = "kind", made: str = "m", axis: str = ""
) -> Label:
    """Of pair n, by a judge with true log-odds t and the taste b."""
    readings = Reading(t + b, 0.0), Reading(-t + b, 0.0)
    return Label((user(f"ask {n}"),), (answer("x"), answer("y")), principle, axis, readings, made)


def one(labels: list[Label], how: Pooling = PLAIN, made: tuple[Made, ...] = ()) -> float:
    (found,) = pooled(labels, how, made)
    return found.logit


def test_principles_are_averaged_in_log_odds_by_weight() -> None:
    two = [label(2.0, principle="kind"), label(-1.0, principle="true")]
    assert one(two) == pytest.approx(0.5)
    assert one(two, Pooling(principles={"true": 3.0})) == pytest.approx(-0.25)
    assert one(two, Pooling(principles={"true": 0.0})) == pytest.approx(2.0)
    assert pooled(two, Pooling(principles={"true": 0.0, "kind": 0.0})) == []


def test_a_jury_counts_judges_and_not_labels() -> None:
    made = tuple(Made(name, name, "t", "c") for name in ("a", "b"))
    first, second = (one.id for one in made)
    labels = [label(2.0, made=first), label(4.0, made=first, principle="true")]
    labels.append(label(-1.0, made=second))
    assert one(labels) == pytest.approx(1.0)
    assert one(labels, Pooling(judges={"b": 3.0}), made) == pytest.approx(0.0)
    (ranking,) = judgements(pooled(labels, PLAIN, made), PLAIN, made, "c")
    assert ranking.provenance.judge == Judge("model", "a + b")
    assert ranking.provenance.rubric == "c" and first in ranking.provenance.source


def test_labels_of_turned_answers_are_of_the_same_pair() -> None:
    (found,) = pooled([label(2.0), label(1.0).turned(), label(3.0, n=0, principle="p")], PLAIN)
    assert found.logit == pytest.approx(2.0) and found.answers[0] == answer("x")


def test_a_soft_preference_reads_back_and_trains(tmp_path: Path) -> None:
    labels = [label(1.0, 2.0, 0), label(-2.0, 2.0, 1), label(0.0, 2.0, 2)]
    rankings = judgements(pooled(labels, PLAIN), PLAIN, [], "c")
    write(tmp_path / "data.jsonl", rankings)
    again = read(tmp_path / "data.jsonl").judgements
    assert again == [
        replace(one, provenance=replace(one.provenance, where=two.provenance.where))
        for one, two in zip(rankings, again, strict=True)
    ]
    assert [one.tiers for one in rankings] == [((0,), (1,)), ((1,), (0,)), ((0, 1),)]
    examples = pairs(rankings).examples
    assert [one.pairs[0].p for one in examples] == pytest.approx([sigma(1.0), sigma(2.0)])
    assert [one.pairs[0].winner for one in examples] == [0, 1]


def test_a_band_makes_ties_and_hard_takes_probabilities_away() -> None:
    found = pooled([label(0.3, n=0), label(0.5, n=1)], PLAIN)
    assert 0.57 < found[0].p < 0.58 < found[1].p
    how = Pooling(ties=0.08, hard=True)
    rankings = judgements(found, how, [], "c")
    assert [one.tiers for one in rankings] == [((0, 1),), ((0,), (1,))]
    assert [one.p for one in rankings] == [None, None]


def test_inconsistent_labels_stay_go_or_weigh_less() -> None:
    labels = [label(1.0, 2.0, 0), label(1.0, 0.5, 1)]
    assert [p.logit for p in pooled(labels, PLAIN)] == pytest.approx([1.0, 1.0])
    left = pooled(labels, Pooling(inconsistent="drop"))
    assert [p.prompt for p in left] == [labels[1].prompt]
    less = pooled(labels, Pooling(inconsistent="weigh", scale=0.25))
    assert [p.logit for p in less] == pytest.approx([0.25, 1.0])
    counts = counted(labels, left, judgements(left, PLAIN, [], ""))
    assert (counts.pairs, counts.judgements, counts.inconsistent) == (2, 1, 1)


def test_a_label_that_says_nothing_makes_no_judgement() -> None:
    silent = replace(label(1.0, n=1), readings=(Reading(NEVER, NEVER, 1.0), Reading(0.0, -1.0)))
    found = pooled([label(1.0), silent], PLAIN)
    assert len(found) == 1
    counts = counted([label(1.0), silent], found, judgements(found, PLAIN, [], ""))
    assert (counts.pairs, counts.silent, counts.inconsistent) == (2, 1, 0)


def test_clamping_before_and_after() -> None:
    most = logit_of(0.6)
    one_sided = [label(1.0, 2.0)]  # readings of 3 and 1: both are held to 0.405
    assert one(one_sided, Pooling(clamp=0.6)) == pytest.approx(most)
    assert one(one_sided, Pooling(clamp=0.6, clamp_each=True)) == 0.0
    assert one([label(3.0)], Pooling(clamp=0.6, clamp_each=True)) == pytest.approx(most)
    assert one([label(3.0)], Pooling(clamp=0.6, by="probability")) == pytest.approx(most)


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"clamp": 0.5}, {"ties": 0.5}, {"temperature": 0}, {"judges": {"a": -1.0}}):
        with pytest.raises(UserError):
            overlay(Pooling(), wrong)


def said(pair: Label, share: float, n: int = 1) -> Ranking:
    seen = Provenance(judge=Judge("human", "ann"))
    return Ranking(pair.prompt, pair.answers, ((0,), (1,)), share, provenance=seen, n=n)


def test_people_give_the_temperature_and_the_taste() -> None:
    rng = random.Random(0)
    labels = [label(rng.gauss(0, 3), 1.5, n) for n in range(400)]
    people = [said(one, sigma(one.verdict().logit / 2.5)) for one in labels]
    turned = [
        replace(p, responses=p.responses[::-1], tiers=((1,), (0,))) if n % 2 else p
        for n, p in enumerate(people)
    ]
    for rankings in (people, turned):
        found = calibrated(labels, rankings, PLAIN)
        assert found.temperature == pytest.approx(2.5, rel=1e-3)
        assert found.bias == pytest.approx(1.5, rel=1e-3)
        assert one([label(2.5, 1.5)], found) == pytest.approx(1.0, rel=1e-3)
        by = replace(found, by="probability")
        assert one([label(2.5, 1.5)], by) == pytest.approx(1.0, rel=1e-2), "the taste is gone"


def test_people_who_say_the_opposite_or_too_little_calibrate_nothing() -> None:
    labels = [label(2.0 if n % 2 else -2.0, 0.0, n) for n in range(40)]
    with pytest.raises(UserError, match="opposite"):
        calibrated(labels, [said(one, sigma(-one.verdict().logit)) for one in labels], PLAIN)
    with pytest.raises(UserError, match="too few"):
        calibrated(labels, [said(one, 0.9) for one in labels[:5]], PLAIN)


def test_several_people_of_one_pair_weigh_as_many_as_they_are() -> None:
    labels = [label(1.0 + n % 3, 0.0, n) for n in range(60)]
    people = [p for one in labels for p in (said(one, 1.0, n=3), said(one, 0.0, n=1))]
    found = calibrated(labels, people, PLAIN)
    mean = sum(one.verdict().logit / found.temperature for one in labels) / len(labels)
    assert sigma(mean) == pytest.approx(0.75, abs=0.03)


def test_the_logistic_fit_ends_where_all_agree() -> None:
    slope, shift = logistic([-3.0, -1.0, 1.0, 3.0], [0.0, 0.0, 1.0, 1.0])
    assert 1 < slope < 50 and abs(shift) < 1e-6 and math.isfinite(slope)
    flat, shift = logistic([-3.0, -1.0, 1.0, 3.0], [0.5] * 4, intercept=False)
    assert abs(flat) < 1e-9 and shift == 0.0


def test_settings_are_json() -> None:
    how = overlay(Pooling(), {"principles": '{"kind": 2.0}', "clamp": "0.6"})
    assert how.principles == {"kind": 2.0} and json.dumps(how.__dict__)
