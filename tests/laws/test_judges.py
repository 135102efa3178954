"""Law 12: a judge's taste for what stands first averages out, and an exchange negates its label.

The judge here has true log-odds t for one of two answers and a taste b for the one that stands
first; its labels go the whole way: questions, labels.jsonl, pooling, data.jsonl.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.core.types import Conversation, Ranking, answer, user
from plumbline.data import read, write
from plumbline.feedback.judging.constitution import Constitution, Principle
from plumbline.feedback.judging.judge import Cost, Question, Weighed
from plumbline.feedback.judging.label import Label, read_labels
from plumbline.feedback.judging.pooled import Pooling, judgements, pooled
from plumbline.feedback.judging.template import Template
from plumbline.feedback.judging.verdicts import Reading, logit_of, sigma
from plumbline.feedback.judging.weighing import weighed
from plumbline.stages.judging.labelling import Labeller, asked_of, fill
from plumbline.stages.judging.pairs import Pair
from plumbline.stages.judging.settings import Labelling

TEMPLATE = Template("{principle}|{a}|{b}", (("A",), ("B",)))
RULES = Constitution("rules", (Principle("one", "one"), Principle("two", "two")))


@dataclass
class Planted:
    """Likes the answer "+t" by t; the residual is a fifth."""

    taste: float
    name: str = "planted"
    id: str = "planted"
    cost: Cost = field(default_factory=Cost)

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        return [self._one(one.asked[-1].content) for one in questions]

    def _one(self, text: str) -> Weighed:
        _, a, b = text.split("|")
        p = sigma(float(a) - float(b) + self.taste)
        return weighed([0.8 * p, 0.8 * (1 - p)])

    def write(
        self, asked: Sequence[Conversation], max_new: int, temperature: float = 0.0, seed: int = 0
    ) -> list[str]:
        return ["" for _ in asked]


def labelled(
    folder: Path, taste: float, odds: Sequence[float], *, turned: bool = False, k: int = 1
) -> list[Label]:
    """Labels of pairs with these true log-odds, as they are read from disk."""
    pairs = []
    for n, t in enumerate(odds):
        both = answer(repr(t)), answer("0.0")
        pairs.append(Pair((user(f"{n}"),), both[::-1] if turned else both, ("", ""), f"{n}"))
    settings = Labelling(principles=k)
    labeller = Labeller(Planted(taste), RULES, TEMPLATE, settings)
    fill(folder, labeller, asked_of(pairs, RULES, settings)[0], lambda done, total, numbers: None)
    return read_labels(folder)[1]


def trained_on(folder: Path, labels: Sequence[Label], how: Pooling) -> list[Ranking]:
    write(folder / "data.jsonl", judgements(pooled(labels, how), how, [], "rules"))
    return [one for one in read(folder / "data.jsonl").judgements if isinstance(one, Ranking)]


def of_first(one: Ranking) -> float:
    """Log-odds of the first response, as training reads them."""
    assert one.p is not None
    return logit_of(one.p) if one.tiers[0] == (0,) else -logit_of(one.p)


@pytest.mark.parametrize("taste", [0.0, 2.0, -5.0, 11.0])
def test_true_log_odds_come_back_whatever_the_taste(tmp_path: Path, taste: float) -> None:
    rng = random.Random(0)
    odds = [rng.uniform(-8, 8) for _ in range(50)]
    labels = labelled(tmp_path, taste, odds, k=2)
    assert len(labels) == 100
    rankings = trained_on(tmp_path, labels, Pooling())
    assert [of_first(one) for one in rankings] == pytest.approx(odds, abs=1e-6)
    assert [one.verdict().taste for one in labels] == pytest.approx([taste] * 100, abs=1e-6)


def test_averaging_probabilities_shrinks(tmp_path: Path) -> None:
    labels = labelled(tmp_path, 2.0, [1.0, -1.0, 3.0])
    by = [of_first(one) for one in trained_on(tmp_path, labels, Pooling(by="probability"))]
    shares = [sigma(one) for one in by]
    assert shares == pytest.approx([0.6107, 0.3893, 0.8621], abs=1e-4)
    assert [sigma(t) for t in (1.0, -1.0, 3.0)] == pytest.approx([0.7311, 0.2689, 0.9526], abs=1e-4)
    clamped = Pooling(clamp=0.6, clamp_each=True)
    assert [one.p for one in pooled(labels, clamped)] == pytest.approx([0.5, 0.5, 0.6], abs=1e-6)


LOGS = st.floats(-750, 0)
READINGS = st.builds(Reading, LOGS, LOGS)
POOLINGS = st.builds(
    Pooling,
    by=st.sampled_from(["logodds", "probability"]),
    clamp=st.sampled_from([None, 0.6, 0.9]),
    clamp_each=st.booleans(),
    inconsistent=st.sampled_from(["keep", "drop", "weigh"]),
    temperature=st.floats(0.1, 10),
    bias=st.floats(-5, 5),
    principles=st.just({"two": 0.3}),
)
LABELS = st.lists(
    st.tuples(READINGS, READINGS, st.sampled_from(["one", "two"]), st.sampled_from(["m", "n"])),
    min_size=1,
    max_size=5,
)


@given(LABELS, POOLINGS)
def test_an_exchange_of_the_answers_negates_to_the_last_bit(
    drawn: list[tuple[Reading, Reading, str, str]], how: Pooling
) -> None:
    both = answer("x"), answer("y")
    labels = [Label((user("q"),), both, c, "", (one, two), m) for one, two, c, m in drawn]
    there = pooled(labels, how)
    back = pooled([one.turned() for one in labels], how)
    assert [one.logit for one in there] == [-one.logit for one in back]
    assert [one.answers for one in there] == [one.answers[::-1] for one in back]
    for one, other in zip(
        judgements(there, how, [], ""), judgements(back, how, [], ""), strict=True
    ):
        assert one.p == other.p and (one.tiers == ((0, 1),)) == (other.tiers == ((0, 1),))


def test_data_in_the_other_order_make_the_same_judgements(tmp_path: Path) -> None:
    odds = [0.3, -2.0, 5.0, 0.0]
    for how in (Pooling(), Pooling(by="probability"), Pooling(clamp=0.7, ties=0.05)):
        there = pooled(labelled(tmp_path / f"{id(how)}a", 1.7, odds), how)
        back = pooled(labelled(tmp_path / f"{id(how)}b", 1.7, odds, turned=True), how)
        assert [one.logit for one in there] == [-one.logit for one in back]
