"""Which labels people are asked about, and how their answers find them again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from planted_judge import BY, coins, label, labelled, people

from plumbline.core.types import Choice, Judge, Provenance, Ranking, answer, user
from plumbline.evals.audit.answered import answered, asked, probabilities, verdicts
from plumbline.evals.audit.drawing import drawn
from plumbline.feedback.judging.label import Label


def uneven(n: int = 600) -> list[Label]:
    """Labels of which one in six was made by another principle, of every certainty."""
    found = labelled(coins(n, 3), lambda one, rng: one * rng.expovariate(0.7), taste=0.6)
    return [replace(one, axis="rare") if i % 6 == 0 else one for i, one in enumerate(found)]


def test_each_stratum_gets_its_share_and_the_same_seed_the_same_sample() -> None:
    labels = uneven()
    sample = drawn(labels, 120, seed=1)
    assert len(sample) == 120 and {one.weight for one in sample} == {5.0}
    for trait in (lambda one: one.axis, lambda one: one.verdict().consistent):
        whole, part = Counter(map(trait, labels)), Counter(trait(one.label) for one in sample)
        assert all(abs(part[key] - count / 5) <= 6 for key, count in whole.items())
    again = drawn(labels[::-1], 120, seed=1)
    assert [one.label.pair for one in again] == [one.label.pair for one in sample]
    other = {one.label.pair for one in drawn(labels, 120, seed=2)}
    assert other != {one.label.pair for one in sample}


def test_plain_means_over_samples_are_right_for_the_whole() -> None:
    labels = uneven(300)
    rate = float(np.mean([one.verdict().consistent for one in labels]))
    rates = [
        np.mean([one.label.verdict().consistent for one in drawn(labels, 60, seed)])
        for seed in range(30)
    ]
    assert np.mean(rates) == pytest.approx(rate, abs=0.01)
    assert np.std(rates) < 0.5 * np.sqrt(rate * (1 - rate) / 60), "strata make them steadier"


def test_what_cannot_be_asked_is_not_drawn_and_nothing_twice() -> None:
    good = label(0, 1.0)
    empty, equal = label(2, 1.0, answers=("", "No {}.")), label(4, 1.0, answers=("Yes.", "Yes."))
    sample = drawn([good, good.turned(), empty, equal], 10, seed=0)
    assert [one.label for one in sample] == [good] and sample[0].weight == 1.0


def test_answers_find_their_label_whichever_way_round() -> None:
    labels = labelled(coins(40, 1), lambda one, rng: float(one))
    turned = [one.turned() if i % 3 == 0 else one for i, one in enumerate(labels)]
    held = {"north": [1] * 40}
    found = answered(turned, people(labels, held, each=2, errors=0.0))
    assert found.values.shape == (40, 2) and found.groups == ()
    for one, row in zip(found.labels, found.values, strict=True):
        first = one.answers[0] in [label.answers[0] for label in labels]
        assert row.tolist() == ([1.0, 1.0] if first else [-1.0, -1.0])
    assert found.bare == 0 and found.left == ()


def test_people_judge_by_a_principle_and_what_they_judged_by_another_does_not_count() -> None:
    one = label(0, 1.0)
    two = replace(one, principle="kind", axis="helpful")
    by = Provenance(judge=Judge("human", "ann"))
    plain = Ranking(one.prompt, one.answers, ((0,), (1,)), provenance=by)
    shown = replace(plain, prompt=asked(two, BY.named("kind")))
    found = answered([one, two], [shown, plain])
    assert found.labels == (two,) and found.left == (("of a pair that the judge did not label", 1),)
    # Under one principle only the bare pair can mean nothing else, and it is counted as bare.
    found = answered([one], [plain])
    assert found.labels == (one,) and found.bare == 1
    # Where a person said both, what they said with the principle in view counts.
    other = replace(shown, prompt=asked(one, BY.named("honest")), tiers=((1,), (0,)))
    for said in ([plain, other], [other, plain]):
        assert answered([one], said).values.tolist() == [[-1.0]]


def test_what_is_no_person_s_comparison_is_counted_and_left_out() -> None:
    one = label(0, 1.0)
    ann = Provenance(judge=Judge("human", "ann"))
    said = Ranking(one.prompt, one.answers, ((0, 1),), provenance=ann)
    model = replace(said, provenance=Provenance(judge=Judge("model", "gpt")))
    unnamed = replace(said, provenance=Provenance())
    thumb = Choice(one.prompt, one.answers[0], True, ann)
    stranger = replace(said, prompt=(user("Else?"),), responses=(answer("a"), answer("b")))
    found = answered([one], [said, model, unnamed, thumb, stranger])
    assert found.values.tolist() == [[0.0]]
    assert dict(found.left) == {
        "judged by a model": 1,
        "nobody is named": 1,
        "no comparison": 1,
        "of a pair that the judge did not label": 1,
    }


def test_a_verdict_near_a_half_is_a_tie_where_that_is_asked_for() -> None:
    labels = [label(0, 2.0), label(1, -0.1), label(2, 0.0)]
    assert verdicts(labels).tolist() == [1, -1, 0]
    assert verdicts(labels, ties=0.05).tolist() == [1, 0, 0]
    assert probabilities(labels)[0] == pytest.approx(1 / (1 + np.exp(-2.0)))
