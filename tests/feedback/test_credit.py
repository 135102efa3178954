"""Advantages: held against loops that follow the definitions, whatever the lengths and groups."""

from __future__ import annotations

import numpy as np
import pytest

from plumbline.feedback import credit


def answers(seed: int, count: int = 7) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=rng.integers(1, 9)) for _ in range(count)]


def double_loop(
    r: np.ndarray, v: np.ndarray, after: float, gamma: float, lam: float
) -> list[float]:
    """A_t = sum over k of (gamma lambda)^k delta_{t+k}, as it is written."""
    values = [*v, after]
    made = []
    for t in range(len(r)):
        total = 0.0
        for k in range(len(r) - t):
            delta = r[t + k] + gamma * values[t + k + 1] - values[t + k]
            total += (gamma * lam) ** k * delta
        made.append(total)
    return made


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (1.0, 1.0), (0.97, 0.0)])
def test_gae_is_the_sum_it_is_defined_as(gamma: float, lam: float) -> None:
    rewards = answers(1)
    values = [np.random.default_rng(2).normal(size=len(r)) for r in rewards]
    after = np.where(np.arange(len(rewards)) % 2, 0.0, 1.5)
    found, returns = credit.gae(rewards, values, after, gamma, lam)
    for i, (r, v) in enumerate(zip(rewards, values, strict=True)):
        np.testing.assert_allclose(found[i], double_loop(r, v, after[i], gamma, lam), atol=1e-12)
        np.testing.assert_allclose(returns[i], found[i] + v)


def test_without_a_critic_gae_with_lambda_1_is_the_reward_to_come() -> None:
    rewards = answers(3)
    none = [np.zeros_like(r) for r in rewards]
    found, _ = credit.gae(rewards, none, np.zeros(len(rewards)), 1.0, 1.0)
    for r, a in zip(rewards, found, strict=True):
        np.testing.assert_allclose(a, [r[t:].sum() for t in range(len(r))])


def test_an_answer_that_was_cut_off_is_worth_what_the_critic_expects_behind_it() -> None:
    r, v = [np.zeros(3)], [np.zeros(3)]
    ended, _ = credit.gae(r, v, np.array([0.0]), 1.0, 1.0)
    cut, _ = credit.gae(r, v, np.array([2.0]), 1.0, 1.0)
    assert ended[0].tolist() == [0, 0, 0] and cut[0].tolist() == [2, 2, 2]


def test_the_reward_stands_at_the_last_token_and_the_kl_at_each() -> None:
    apart = [np.array([0.1, -0.2, 0.3]), np.array([0.5])]
    first, second = credit.shaped(np.array([2.0, -1.0]), apart, 0.5)
    np.testing.assert_allclose(first, [-0.05, 0.1, 1.85])
    np.testing.assert_allclose(second, [-1.25])
    assert apart[0].tolist() == [0.1, -0.2, 0.3], "the log-ratios are left as they were"


def test_groups_are_compared_within_themselves() -> None:
    rewards = np.array([1.0, 3.0, 10.0, 10.0, 10.0, 7.0, 2.0])
    groups = np.array([0, 0, 1, 1, 1, 2, 0])
    found = credit.grouped(rewards, groups)
    own = rewards[groups == 0]
    np.testing.assert_allclose(found[groups == 0], (own - own.mean()) / own.std(ddof=1))
    assert found[groups == 1].tolist() == [0, 0, 0], "equal rewards say nothing"
    assert found[5] == 0, "nor does an answer alone"
    plain = credit.grouped(rewards, groups, scale=False)
    np.testing.assert_allclose(plain[groups == 0], own - own.mean())


def test_left_out_is_the_mean_of_the_others() -> None:
    rng = np.random.default_rng(4)
    rewards, groups = rng.normal(size=12), rng.integers(0, 4, size=12)
    found = credit.left_out(rewards, groups)
    for i in range(12):
        others = [rewards[j] for j in range(12) if j != i and groups[j] == groups[i]]
        assert found[i] == pytest.approx(rewards[i] - (np.mean(others) if others else 0.0))


def test_whitening_is_over_all_tokens_that_count() -> None:
    given = answers(5)
    keep = np.array([True, False, True, True, True, False, True])
    found = credit.whitened(given, keep)
    every = np.concatenate([a for a, k in zip(found, keep, strict=True) if k])
    assert every.mean() == pytest.approx(0, abs=1e-9) and every.std() == pytest.approx(1, abs=1e-6)
    only = credit.whitened(given, keep, shift=False)
    np.testing.assert_allclose(np.sign(only[1]), np.sign(given[1]))
    none = credit.whitened(given, np.zeros(7, bool))
    assert all((a == b).all() for a, b in zip(none, given, strict=True))
