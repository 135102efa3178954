"""From an answer's reward to an advantage for each of its tokens.

    shaped   r_t = -beta (log pi_old - log pi_ref)_t, plus the answer's reward at its last token
    GAE      delta_t = r_t + gamma V_{t+1} - V_t,  A_t = delta_t + gamma lambda A_{t+1},  R = A + V
    group    A = R - mean of the prompt's answers, over their standard deviation if asked for
    left out A_i = R_i - mean of the others
    mean     A = R - mean of the batch

Schulman et al. 2016, arXiv:1506.02438, eq. 11 to 16 (GAE); Shao et al. 2024, arXiv:2402.03300
(group); Kool et al. 2019 (left out). V after the last token is 0 where the answer ended and the
critic's value where it was cut off: a truncated answer is not a terminated one. Everything is numpy
on the answers as they are, one array [T_i] an answer, so no padding can leak into a mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Arrays = Sequence[np.ndarray]


def shaped(rewards: np.ndarray, apart: Arrays, beta: float) -> list[np.ndarray]:
    """Rewards a token: minus beta times the log-ratios `apart` (nats), the reward at the end."""
    made = []
    for reward, gap in zip(rewards, apart, strict=True):
        tokens = -beta * gap
        tokens[-1] += reward
        made.append(tokens)
    return made


def gae(
    rewards: Arrays, values: Arrays, after: np.ndarray, gamma: float = 1.0, lam: float = 0.95
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Advantages and returns by token; `after` [N] is the value behind the last token."""
    advantages = []
    for r, v, beyond in zip(rewards, values, after, strict=True):
        delta = r + gamma * np.append(v[1:], beyond) - v
        ahead = 0.0
        out = np.empty_like(delta)
        for t in range(len(delta) - 1, -1, -1):
            ahead = delta[t] + gamma * lam * ahead
            out[t] = ahead
        advantages.append(out)
    return advantages, [a + v for a, v in zip(advantages, values, strict=True)]


def grouped(rewards: np.ndarray, groups: np.ndarray, *, scale: bool = True) -> np.ndarray:
    """[N] rewards less the mean of their group, over its standard deviation (of the sample).

    A group whose rewards are all equal says nothing: 0.
    """
    mean, count = _means(rewards, groups)
    apart = rewards - mean
    if not scale:
        return apart
    spread = np.sqrt(_sums(apart**2, groups) / np.maximum(count - 1, 1))
    return np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 1e-8)


def left_out(rewards: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """[N] rewards less the mean of the others in their group; an answer alone keeps its reward."""
    mean, count = _means(rewards, groups)
    return np.where(count > 1, (rewards - mean) * count / np.maximum(count - 1, 1), rewards)


def whitened(advantages: Arrays, keep: np.ndarray, *, shift: bool = True) -> list[np.ndarray]:
    """Over the standard deviation of all tokens of the batch, and less their mean.

    `keep` [N]: answers that count. The whole batch at once, never a micro-batch.
    """
    counted = [a for a, k in zip(advantages, keep, strict=True) if k]
    if not counted:
        return [a.copy() for a in advantages]
    every = np.concatenate(counted)
    middle = every.mean() if shift else 0.0
    spread = every.std()
    return [(a - middle) / (spread + 1e-8) for a in advantages]


def _means(values: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = _sums(np.ones_like(values), groups)
    return _sums(values, groups) / count, count


def _sums(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Of each value's group [N]."""
    _, place = np.unique(groups, return_inverse=True)
    return np.bincount(place, weights=values)[place]
