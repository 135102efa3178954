"""Dawid and Skene: the paper's data, judges of known reliability, and the law of EM."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.core.judged import Judged
from plumbline.core.reliability import fit

# Dawid and Skene 1979, table 1: 45 patients, observer 1 three times, then observers 2 to 5.
TABLE = """1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223
4444444 2223343 1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221
2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222
2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222"""


def paper() -> Judged:
    said = np.array([[int(v) for v in patient] for patient in TABLE.split()])
    items = np.repeat(np.arange(45), 7)
    judges = np.tile([1, 1, 1, 2, 3, 4, 5], 45)
    return Judged.of(items, judges, said.reshape(-1).astype(float), items)


def test_the_papers_example() -> None:
    """Shares of the four classes 0.40, 0.42, 0.11, 0.07, without smoothing as there."""
    found = fit(paper(), smoothing=0.0, tolerance=1e-9)
    assert found.settled and found.levels.tolist() == [1, 2, 3, 4]
    assert found.shares == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=5e-3)
    assert found.confusion.sum(axis=2) == pytest.approx(1.0)


def simulated(seed: int, right: list[float], items: int = 600) -> tuple[np.ndarray, Judged]:
    """Judges who say the true class of three with these probabilities; a third is missing."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, items, p=[0.5, 0.3, 0.2])
    wrong = (truth[:, None] + rng.integers(1, 3, size=(items, len(right)))) % 3
    said = np.where(rng.random((items, len(right))) < right, truth[:, None], wrong)
    rows = np.where(rng.random(said.shape) < 0.33, np.nan, said)
    return truth, Judged.table(rows.tolist())


RIGHT = [0.95, 0.9, 0.85, 0.6, 0.5, 0.45]


@pytest.mark.parametrize("seed", range(3))
def test_accuracies_of_known_judges_are_found_and_the_vote_is_beaten(seed: int) -> None:
    truth, judged = simulated(seed, RIGHT)
    found = fit(judged)
    assert found.settled and found.accuracy == pytest.approx(RIGHT, abs=0.07)
    votes = np.zeros((len(truth), 3))
    np.add.at(votes, (judged.items, judged.values.astype(int)), 1)
    own = truth[found.items]
    by_vote = (votes[found.items].argmax(axis=1) == own).mean()
    by_fit = (found.posterior.argmax(axis=1) == own).mean()
    assert by_fit > by_vote + 0.02
    assert found.posterior.sum(axis=1) == pytest.approx(1.0)


def test_a_judge_who_means_the_opposite_is_found_out() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, size=(300, 1))
    said = np.where(rng.random((300, 5)) < [0.9, 0.9, 0.8, 0.8, 0.1], truth, 1 - truth)
    found = fit(Judged.table(said.tolist()))
    assert found.accuracy[4] < 0.2 and found.accuracy[:4].min() > 0.7


@given(
    st.lists(
        st.lists(st.sampled_from([None, 0, 1, 2]), min_size=4, max_size=4).filter(any),
        min_size=1,
        max_size=15,
    ),
    st.sampled_from([0.0, 0.1, 2.0]),
)
def test_the_likelihood_never_falls(rows: list, smoothing: float) -> None:
    found = fit(Judged.table(rows), smoothing=smoothing, steps=30, tolerance=-1.0)
    assert len(found.trace) == 30
    assert (np.diff(found.trace) > -1e-9).all()


def test_the_order_of_rows_does_not_matter() -> None:
    _, judged = simulated(4, RIGHT, items=80)
    order = np.random.default_rng(0).permutation(len(judged.items))
    columns = (judged.items, judged.judges, judged.values, judged.clusters)
    turned = fit(Judged.of(*(column[order] for column in columns)))
    assert turned.posterior == pytest.approx(fit(judged).posterior)
