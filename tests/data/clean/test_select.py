"""Selection: topics covered, rubbish avoided, and near the best subset that there is."""

from __future__ import annotations

import random
import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from copies import WORDS

from plumbline.core.errors import UserError
from plumbline.core.settings import overlay
from plumbline.data.clean import select
from plumbline.data.clean.corpus_settings import Diverse
from plumbline.data.clean.select import Chosen, diverse, vectors


def topical(sizes: list[int], seed: int = 0) -> list[tuple[int, str]]:
    """(topic, text): each topic has 30 words of its own, and all share 40 frequent ones."""
    rng = random.Random(seed)
    found = []
    for topic, size in enumerate(sizes):
        own = WORDS[100 + 30 * topic :][:30]
        for _ in range(size):
            said = rng.choices(own, k=20) + rng.choices(WORDS[:40], k=20)
            found.append((topic, " ".join(rng.sample(said, 40))))
    rng.shuffle(found)
    return found


def numbers(chosen: list[Chosen]) -> list[int]:
    return [one.index for one in chosen]


def test_few_documents_cover_topics_that_chance_misses() -> None:
    corpus = topical([900] + [12] * 9)
    texts = [(i, text) for i, (_, text) in enumerate(corpus)]
    chosen = diverse(texts, Diverse(n=20, seed=1))
    topics = {corpus[i][0] for i in numbers(chosen)}
    rng = random.Random(0)
    chance = [len({corpus[i][0] for i in rng.sample(range(1008), 20)}) for _ in range(50)]
    assert len(topics) >= 9 and np.mean(chance) < 4
    coverage = [one.coverage for one in chosen]
    assert coverage == sorted(coverage) and coverage[-1] > coverage[0]


def test_quality_is_weighed_against_coverage() -> None:
    corpus = topical([60] * 5)
    good = {i for i in range(300) if i % 3 == 0}

    def quality(index: int, text: str) -> float:
        assert text == corpus[index][1]
        return float(index in good)

    texts = [(i, text) for i, (_, text) in enumerate(corpus)]
    both = numbers(diverse(texts, Diverse(n=15), quality))
    assert len(good & set(both)) == 15 and len({corpus[i][0] for i in both}) == 5
    blind = numbers(diverse(texts, Diverse(n=15, quality=0), quality))
    assert len(good & set(blind)) < 13


def test_rubbish_that_is_like_nothing_else_is_not_taken_first() -> None:
    corpus = [text for _, text in topical([100] * 4)]
    rng = random.Random(3)
    noise = ["".join(rng.choices("qxzjv", k=6)) for _ in range(600)]
    corpus += [" ".join(noise[20 * i : 20 * i + 20]) for i in range(30)]
    chosen = numbers(diverse(enumerate(corpus), Diverse(n=12)))
    assert sum(i >= 400 for i in chosen) <= 1


def objective(points: np.ndarray, subset: tuple[int, ...]) -> float:
    return float(np.maximum(points @ points[list(subset)].T, 0).max(axis=1).mean())


def test_greedy_is_within_its_bound_of_the_best() -> None:
    texts = [text for _, text in topical([4, 3, 3, 2], seed=5)]
    points = select._standardised(vectors(texts, 256))
    best = max(objective(points, subset) for subset in combinations(range(12), 3))
    options = Diverse(n=3, width=256, candidates=12)
    chosen = diverse(enumerate(texts), options)
    reached = objective(points, tuple(numbers(chosen)))
    assert reached == pytest.approx(chosen[-1].coverage, abs=1e-5)
    assert (1 - 1 / np.e) * best <= reached <= best + 1e-6


def test_the_same_subset_whatever_the_order_and_the_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [(i, text) for i, (_, text) in enumerate(topical([40] * 4))]

    def quality(index: int, text: str) -> float:
        return float(index % 7)

    options = Diverse(n=10, pool=100, seed=3)
    whole = diverse(texts, options, quality)
    monkeypatch.setattr("plumbline.data.clean.ahead.BATCH", 2000)
    assert numbers(diverse(texts[::-1], options, quality)) == numbers(whole)
    assert all(one.quality >= 2 for one in whole)  # the pool is the better part of 160
    assert numbers(diverse(texts, Diverse(n=10, pool=100, seed=4), quality)) != numbers(whole)


def test_memory_is_the_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plumbline.data.clean.ahead.BATCH", 1 << 14)

    def peak(count: int) -> int:
        rng = random.Random(0)
        texts = ((i, f"{rng.random()} {rng.random()}") for i in range(count))
        tracemalloc.start()
        diverse(texts, Diverse(n=5, pool=200, width=64))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(300)
    assert peak(6000) < 1.2 * peak(1000)


def test_edges() -> None:
    assert diverse([], Diverse(n=3)) == []
    two = diverse([(7, "a b"), (9, "")], Diverse(n=3))
    assert sorted(numbers(two)) == [7, 9]
    with pytest.raises(UserError, match="subset of 0"):
        diverse([], Diverse())
    with pytest.raises(UserError, match="out of a pool of 10"):
        diverse([], Diverse(n=11, pool=10))
    with pytest.raises(UserError, match="document 4 is not a number"):
        diverse([(4, "a")], Diverse(n=1), lambda index, text: float("nan"))
    with pytest.raises(UserError, match="quality is 2"):
        overlay(Diverse(), {"quality": "2"})
