"""A small subset that is good and covers what there is.

Why: a thousand carefully chosen demonstrations taught a 65 B model more than fifty times as many
unchosen ones (LIMA, Zhou et al. 2023, arXiv:2305.11206, section 5: quality and diversity matter,
quantity alone does not). S, with |S| = k out of a pool of N, is chosen to make large

    F(S) = (1 - w) 1/N sum_i max_{j in S} max(0, cos(v_i, v_j))  +  w 1/k sum_{j in S} q_j,

facility location (Lin & Bilmes 2011) plus quality: what stands near a chosen document is covered.
It is monotone submodular; stochastic greedy (Mirzasoleiman et al. 2015) looks at N/k log(1/eps)
random candidates a step and reaches (1 - 1/e - eps) of the best in expectation, here eps = 0.05.
q is the rank of a document's quality in the pool, 0 to 1. v counts its words and pairs of words in
`width` signed buckets (Weinberger et al. 2009), on a log scale, standardised over the pool, so that
words which stand everywhere count little.

The corpus streams by and the pool keeps its best `pool` documents, as vectors. Left out: k-center
(it takes the strangest documents first, which are mostly rubbish) and embeddings of a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plumbline.core.errors import UserError

from .ahead import Numbered, batched
from .corpus_settings import Diverse
from .shingles import I64, U64, grams, pieces, scrambled, words

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

EPS = 0.05
CHEAP = 1 << 21  # similarities a step that cost little: small pools are looked at whole


@dataclass(frozen=True, slots=True)
class Chosen:
    """A document of the subset, its quality, and the coverage of the pool once it is in."""

    index: int
    quality: float
    coverage: float


class Pool(NamedTuple):
    """Candidates: the caller's indices, qualities, random numbers that break ties, vectors."""

    number: I64
    quality: F64
    tie: U64
    vectors: F32


def diverse(
    texts: Iterable[Numbered],
    settings: Diverse,
    quality: Callable[[int, str], float] | None = None,
) -> list[Chosen]:
    """`settings.n` documents in the order in which they were chosen (all, where there are fewer).

    `quality` scores a document by index and text (a column, a model); None: all are equally good.
    """
    if not 0 < settings.n <= settings.pool:
        what = f"a subset of {settings.n} documents out of a pool of {settings.pool}"
        raise UserError(what, where="n", fix=f"n from 1 to {settings.pool}, or a larger pool")
    pool = _pooled(texts, settings, quality or (lambda index, text: 0.0))
    weight = settings.quality if quality else 0.0
    return _greedy(pool, min(settings.n, len(pool.number)), weight, settings)


def vectors(texts: list[str], width: int) -> F32:
    """Signed counts of words and pairs of words in hashed buckets, as (texts, width).

    Of a text of more than 2^18 characters the first so many count.
    """
    runs = words([next(iter(pieces(text, 2))) for text in texts])
    counts = np.zeros(len(texts) * width)
    for found in (runs, grams(runs, 2)):
        owner = np.repeat(np.arange(len(texts)), np.diff(found.starts))
        bucket = (found.hashes % np.uint64(width)).astype(np.int64)
        sign = np.where(found.hashes >> np.uint64(63), 1.0, -1.0)
        counts += np.bincount(owner * width + bucket, sign, len(counts))
    return (np.sign(counts) * np.log1p(np.abs(counts))).reshape(-1, width).astype(np.float32)


def _pooled(
    texts: Iterable[Numbered], settings: Diverse, quality: Callable[[int, str], float]
) -> Pool:
    none = np.zeros(0)
    empty = np.zeros((0, settings.width), np.float32)
    pool = Pool(none.astype(np.int64), none, none.astype(np.uint64), empty)
    salt = scrambled(np.array([settings.seed % 2**64], np.uint64) + np.uint64(1))
    for batch in batched(texts):
        index = np.array([number for number, _ in batch], np.int64)
        scores = np.array([_score(quality, *numbered) for numbered in batch])
        ties = scrambled(index.astype(np.uint64) + salt)
        enters = np.ones(len(batch), np.bool_)
        if len(pool.number) == settings.pool:  # it stands in order: the last is the worst
            enters = scores > pool.quality[-1]
            enters |= (scores == pool.quality[-1]) & (ties < pool.tie[-1])
        good = np.flatnonzero(enters)
        if len(good):
            made = vectors([batch[place][1] for place in good], settings.width)
            pool = _best(pool, Pool(index[good], scores[good], ties[good], made), settings.pool)
    return pool


def _best(pool: Pool, new: Pool, most: int) -> Pool:
    quality, tie = np.append(pool.quality, new.quality), np.append(pool.tie, new.tie)
    best = np.lexsort((tie, -quality))[:most]
    return Pool(
        np.append(pool.number, new.number)[best],
        quality[best],
        tie[best],
        np.concatenate([pool.vectors, new.vectors])[best],
    )


def _score(quality: Callable[[int, str], float], index: int, text: str) -> float:
    score = float(quality(index, text))
    if np.isnan(score):
        raise UserError(f"the quality of document {index} is not a number", fix="score it, or drop")
    return score


def _greedy(pool: Pool, count: int, weight: float, settings: Diverse) -> list[Chosen]:
    points = _standardised(pool.vectors)
    total = len(points)
    ranks = np.unique(pool.quality, return_inverse=True)[1]
    rank = ranks / max(ranks.max(initial=0), 1)
    rng = np.random.default_rng([settings.seed, 2])
    left, covered = np.arange(total), np.zeros(total, np.float32)
    enough = ceil(total / max(count, 1) * log(1 / EPS))
    looked = settings.candidates or max(enough, CHEAP // max(total, 1))
    chosen = []
    for _ in range(count):
        seen = rng.choice(len(left), min(looked, len(left)), replace=False)
        near = points @ points[left[seen]].T
        gains = np.maximum(near - covered[:, None], 0).mean(axis=0)
        best = int(np.argmax((1 - weight) * gains + weight * rank[left[seen]] / count))
        place = left[seen[best]]
        covered = np.maximum(covered, near[:, best])
        left = np.delete(left, seen[best])
        chosen.append(
            Chosen(int(pool.number[place]), float(pool.quality[place]), float(covered.mean()))
        )
    return chosen


def _standardised(counts: F32) -> F32:
    """Each bucket with mean 0 and deviation 1 over the pool, then each document of length 1."""
    if not len(counts):
        return counts
    spread = counts.std(axis=0)
    points = (counts - counts.mean(axis=0)) / np.where(spread > 0, spread, 1)
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return (points / np.where(length > 0, length, 1)).astype(np.float32)
