"""Judges whose worth was planted pass or fail, each for its own reason."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from planted_judge import MADE, Held, coins, labelled, people

from plumbline.evals.audit.answered import answered
from plumbline.evals.audit.figures import Figures, figures
from plumbline.evals.audit.page import markdown, sections, verdict
from plumbline.evals.audit.passing import group_reasons, reasons, remarks
from plumbline.evals.audit.settings import EPSILON, Auditing, bar
from plumbline.feedback.judging.label import Label

N = 150
TRUTH = coins(N, 1)
Says = Callable[[int, random.Random], float]


def sees(one: int, rng: random.Random) -> float:
    return 2.0 * one


def guesses(one: int, rng: random.Random) -> float:
    return rng.choice((-2.0, 2.0))


def audit(labels: list[Label], held: Held, s: Auditing | None = None, each: int = 3) -> Figures:
    s = s or Auditing()
    found = answered(labels, people(labels, held, each=each))
    return figures(MADE, labels, found, s, drawn=len(found.labels))


def test_a_judge_that_is_people_s_majority_passes() -> None:
    found = audit(labelled(TRUTH, sees), {"north": TRUTH})
    assert reasons(found, Auditing()) == [] and remarks(found, Auditing()) == []
    assert found.whole.test.winning == 1.0 and found.groups == {}
    assert found.whole.beside.gap.low > 0, "it is steadier than a person is"
    text = markdown([verdict(found, [], []), *sections(found)])
    assert "The judge planted-judge passes." in text and "| all | 3 | 150 | 1.00 |" in text


def test_a_judge_that_guesses_fails_by_the_test_and_by_its_agreement() -> None:
    found = audit(labelled(TRUTH, guesses), {"north": TRUTH})
    why = reasons(found, Auditing())
    assert len(why) == 2 and why[0].startswith("It may stand in for 0 of 3 of them")
    assert "below the floor of 0.2" in why[1]
    assert abs(found.position.chosen.value - 0.5) < 0.05


def test_a_judge_that_follows_the_majority_fails_the_minority() -> None:
    other = [one if i % 3 else -one for i, one in enumerate(TRUTH)]
    labels, s = labelled(TRUTH, sees), Auditing()
    found = audit(labels, {"north": TRUTH, "south": other}, each=4)
    assert found.whole.test.winning == 1.0 and found.groups["north"].test.winning == 1.0
    (why,) = reasons(found, s)
    assert why.startswith("By people of 'south', it may stand in for 0 of 4 of them")
    assert group_reasons("north", found.groups["north"], s) == []
    # Two people of a group are too few to be asked by themselves, and that is said.
    few = audit(labels, {"north": TRUTH, "south": other}, each=2)
    assert reasons(few, s) == []
    assert "The group 'south' has 2 people, too few for a verdict of its own." in remarks(few, s)


@pytest.mark.parametrize(("taste", "place"), [(3.0, "first"), (-3.0, "second")])
def test_a_judge_that_likes_a_place_fails_by_that_alone(taste: float, place: str) -> None:
    found = audit(labelled(TRUTH, sees, taste), {"north": TRUTH})
    (why,) = reasons(found, Auditing())
    assert why == (
        f"It names the answer that stands {place} in 100% of its readings, and at most 55% are"
        " allowed."
    )
    slight = audit(labelled(TRUTH, sees, taste / 10), {"north": TRUTH})
    assert reasons(slight, Auditing()) == []


def test_too_few_items_or_people_are_no_audit() -> None:
    labels = labelled(TRUTH, sees)
    few = audit(labels[:80], {"north": TRUTH})
    assert reasons(few, Auditing()) == [
        "Two people or more have judged 80 items, and 100 are wanted."
    ]
    fewer = audit(labels[:40], {"north": TRUTH})
    assert "The test by all has 40 items; 50 or more are advised." in remarks(fewer, Auditing())
    two = audit(labels, {"north": TRUTH}, each=2)
    assert "2 people have judged, and 3 are wanted." in reasons(two, Auditing())
    alone = audit(labels, {"north": TRUTH}, each=1)
    assert any("it cannot be tested: fewer than two people" in one.lower()
               for one in reasons(alone, Auditing()))  # fmt: skip


def test_epsilon_goes_by_the_kind_of_people() -> None:
    assert Auditing().allowed == 0.1 and Auditing(kind="expert").allowed == 0.2 == EPSILON["expert"]
    assert Auditing(kind="expert", epsilon=0.0).allowed == 0.0
    assert bar(Auditing(kind="skilled"))["epsilon"] == 0.15

    def errs(one: int, rng: random.Random) -> float:
        return -2.0 * one if rng.random() < 0.22 else 2.0 * one

    labels = labelled(TRUTH, errs)
    found = [audit(labels, {"north": TRUTH}, Auditing(epsilon=e)) for e in (0.0, 0.3)]
    assert found[0].whole.test.winning < 0.5 <= found[1].whole.test.winning


def test_every_figure_has_a_name() -> None:
    other = [-one for one in TRUTH]
    found = audit(labelled(TRUTH, sees), {"north": TRUTH, "south": other})
    names = found.metrics()
    assert {"winning_rate", "group.south.advantage", "agreement.judge", "alpha.people", "ece",
            "first.chosen", "prefers.longer", "rate.longer"} <= set(names)  # fmt: skip
    assert names["group.south.winning_rate"].value == 0 and names["group.north.alpha.judge"].known
