"""Simulated people audit a judge of the microcosm under its principles, without waiting."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from planted_judge import write_labels

from plumbline.core.types import answer
from plumbline.evals.audit.settings import Auditing
from plumbline.feedback.judging.constitution import Constitution, Principle, read_constitution
from plumbline.feedback.judging.label import Label, Made
from plumbline.feedback.judging.verdicts import Reading
from plumbline.microcosm.annotators import Annotator, Habits
from plumbline.microcosm.by_principle import rank_by, worth
from plumbline.microcosm.judging import pair
from plumbline.recipe.auditing import Simulated, attend
from plumbline.store import Context


def judged(folder: Path, right: float, n: int = 150) -> Path:
    """Labels of the microcosm's pairs by a judge that is right in this share of them."""
    rng = random.Random(0)
    by = read_constitution("microcosm-harmless")
    made = Made("planted", "j", "t", by.id)
    labels = []
    while len(labels) < n:
        one = pair(rng, kind="principle")
        if one.rule.name != "safe":
            continue
        first = (one.better == 0) == (rng.random() < right)
        logit = 1.5 if first else -1.5
        readings = Reading(logit, 0.0), Reading(-logit, 0.0)
        said = answer(one.answers[0]), answer(one.answers[1])
        principle = by.principles[len(labels) % 6]
        labels.append(
            Label(one.ask.conversation, said, principle.id, principle.axis, readings, made.id)
        )
    return write_labels(folder, labels, made, by)


@pytest.mark.parametrize(("right", "passes"), [(0.97, True), (0.5, False)])
def test_a_judge_of_the_microcosm_is_audited(tmp_path: Path, right: float, passes: bool) -> None:
    labels, out = judged(tmp_path / "labels", right), tmp_path / "out"
    out.mkdir()
    attend(Context(out), Simulated(Auditing(items=110)), {"labels": labels})
    told = json.loads((out / "audit.json").read_text("utf-8"))
    assert told["passed"] is passes, told["why"]
    assert told["people"] == 9 and told["items"] == 110 == told["drawn"]
    assert set(told["groups"]) == {"neighbours", "scholars", "keepers"}
    assert {group["passed"] for group in told["groups"].values()} == {passes}
    assert told["figures"]["agreement.people"]["value"] > 0.6


def test_people_see_what_the_principle_s_words_ask_for() -> None:
    rng, sees = random.Random(1), Annotator("n-1", habits=Habits(noise=0.05))
    right = 0
    for _ in range(60):
        one = pair(rng, kind="principle")
        principle = Principle("p", one.rule.text)
        answers = [answer(text) for text in one.answers]
        told = [worth(principle, one.ask.conversation, said) for said in answers]
        if one.rule.family == "principle":
            assert told == [1.0, 0.0] if one.better == 0 else told == [0.0, 1.0]
            said = rank_by(sees, principle, one.ask.conversation, answers, rng)
            right += said.tiers[0] == (one.better,)
    assert right > 30
    ask = one.ask.conversation
    assert worth(Principle("p", "Never refuse."), ask, answer("Gibberish goes here.")) == 0.0
    # Words that are no rule are judged by their axis, or by all that an answer is worth.
    kind = Constitution("c", (Principle("k", "Be of use.", "helpful"),)).principles[0]
    assert worth(kind, ask, answer("I do not know.")) < 1.0
