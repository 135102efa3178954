"""What a judge's log-odds are worth, from pairs that people judged: temperature and bias.

    P(people prefer x) = sigma(logit(x) / temperature)
    P(the answer shown first is preferred) = sigma((l - bias) / s),    l one reading's log-odds

The bias is the judge's taste for what stands first; it is taken off every reading and matters
where orders are averaged in probability or clamped one by one (in log-odds it cancels). There is no
intercept in the first: which answer is x is chance. Clamping (Bai et al. 2022, arXiv:2212.08073,
section 4.1) holds an overconfident judge by a rule of thumb, this by what people say. Platt 1999
has the fit; left out: his corrected targets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from plumbline.core.errors import UserError
from plumbline.core.stats import Floats
from plumbline.core.types import Conversation, Ranking, Response
from plumbline.feedback.judging.label import Label, pair_of
from plumbline.feedback.judging.pooled import Pooling, pooled, silent

ENOUGH = 20
"""Pairs that people judged without which nothing is fitted."""
ROUNDS, SETTLED = 100, 1e-10
FLAT = 1e-3
"""Weight of a normal prior on slope and intercept: where all agree, the fit still ends."""


def calibrated(labels: Sequence[Label], people: Iterable[Ranking], how: Pooling) -> Pooling:
    """`how` with the temperature and the bias under which the labels say best what people said of
    the same pairs (the same whichever answer people were shown first). UserError for fewer than
    ENOUGH pairs."""
    choices: dict[str, list[tuple[Ranking, float]]] = {}
    for one in people:
        if len(one.responses) == 2:
            choices.setdefault(_pair(one), []).append((one, _share(one)))
    labels = [label for label in labels if label.pair in choices and not silent(label)]
    bias = _bias(labels, choices)
    found = pooled(labels, replace(how, temperature=1.0, bias=bias))
    if len(found) < ENOUGH:
        what = f"people judged {len(found)} of these pairs, which is too few to calibrate on"
        raise UserError(what, fix=f"have at least {ENOUGH} pairs judged (plumbline audit)")
    said = [_chosen(one.prompt, one.answers, choices[one.labels[0].pair]) for one in found]
    slope, _ = logistic([one.logit for one in found], said, intercept=False)
    if slope <= 0:
        what = "the judge's labels say nothing of what people prefer, or the opposite"
        raise UserError(what, fix="take another judge, template or constitution")
    return replace(how, temperature=1 / slope, bias=bias)


def _bias(labels: Sequence[Label], choices: Mapping[str, Sequence[tuple[Ranking, float]]]) -> float:
    """The log-odds of a reading at which people prefer either answer: both orders of each label."""
    logits: list[float] = []
    shares: list[float] = []
    for label in labels:
        share = _chosen(label.prompt, label.answers, choices[label.pair])
        logits += [reading.logit for reading in label.readings]
        shares += [share, 1 - share]
    slope, intercept = logistic(logits, shares)
    return -intercept / slope if slope > 0 else 0.0


def _pair(one: Ranking) -> str:
    return pair_of(one.prompt, (one.responses[0], one.responses[1]))


def _share(one: Ranking) -> float:
    """The probability that the first response is better."""
    if len(one.tiers) < 2:
        return 0.5
    p = 1.0 if one.p is None else one.p
    return p if one.tiers[0] == (0,) else 1 - p


def _chosen(
    prompt: Conversation,
    answers: tuple[Response, Response],
    said: Sequence[tuple[Ranking, float]],
) -> float:
    """How many of these people prefer the first answer, each as heavy as those they are of."""
    total = math.fsum(one.n for one, _ in said)
    shares = [
        (share if one.responses[0] == answers[0] else 1 - share, one.n) for one, share in said
    ]
    return math.fsum(share * n for share, n in shares) / total


def logistic(
    x: Sequence[float], share: Sequence[float], *, intercept: bool = True
) -> tuple[float, float]:
    """(slope, intercept) of the sigma(slope x + intercept) under which shares in [0, 1] are
    likeliest, by Newton's steps, halved where they would overshoot."""
    size = float(np.sqrt(np.mean(np.square(x)))) or 1.0  # the prior is of their own scale
    rows = np.stack([np.asarray(x) / size, np.full(len(x), float(intercept))], 1)
    y, best = np.asarray(share, np.float64), np.zeros(2)
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-rows @ best))
        slope = rows.T @ (p - y) + FLAT * best
        bend = (rows * (p * (1 - p))[:, None]).T @ rows + FLAT * np.eye(2)
        step = np.linalg.solve(bend, slope)
        while _cost(rows, y, best - step) > _cost(rows, y, best) and np.abs(step).max() > SETTLED:
            step = step / 2
        best = best - step
        if np.abs(step).max() <= SETTLED:
            break
    return float(best[0]) / size, float(best[1])


def _cost(rows: Floats, y: Floats, at: Floats) -> float:
    """Nats that shares cost, and the prior."""
    z = rows @ at
    return float((np.logaddexp(0, z) - y * z).sum() + FLAT / 2 * at @ at)
