"""What a judge's probabilities are worth, where it is known."""

from __future__ import annotations

import numpy as np
import pytest

from plumbline.evals.audit.calibration import Calibration, calibration


def planted(n: int, gap: float, seed: int, people: int = 3) -> Calibration:
    """A judge that is surer by `gap` than people agree with it, in pairs of either order."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.5 + gap, 1.0, n)
    first = rng.random(n) < 0.5
    agree = rng.random((n, people)) < (sure - gap)[:, None]
    answers = np.where(agree, 1.0, -1.0) * np.where(first, 1, -1)[:, None]
    return calibration(np.where(first, sure, 1 - sure), answers, np.arange(n), seed)


@pytest.mark.parametrize("gap", [0.0, 0.15])
def test_the_interval_holds_the_true_error(gap: float) -> None:
    found = [planted(200, gap, seed).ece for seed in range(40)]
    held = [one.low <= gap + 1e-9 <= one.high + 1e-9 for one in found]
    assert np.mean(held) >= 0.9
    assert np.mean([one.value for one in found]) == pytest.approx(gap, abs=0.05)


def test_an_error_is_told_from_none() -> None:
    assert min(planted(200, 0.25, seed).ece.low for seed in range(20)) > 0.05


def test_by_hand() -> None:
    # c = 0.8 and 0.6; of two people both, then one agree: r = 1 and 0.5; one bin.
    answers = np.array([[1.0, 1.0], [1.0, -1.0]])
    found = calibration(np.array([0.8, 0.4]), answers, np.arange(2))
    (only,) = found.bins
    assert only.sure == pytest.approx(0.7) and only.agree.value == pytest.approx(0.75)
    assert found.ece.value == pytest.approx(0.05)
    # (0.2^2 + 0.2^2) / 2 and (0.6^2 + 0.4^2) / 2
    assert found.brier.value == pytest.approx((0.04 + 0.26) / 2)


def test_the_order_of_answers_does_not_count() -> None:
    rng = np.random.default_rng(1)
    p, answers = rng.random(80), rng.choice([-1.0, 0.0, 1.0, np.nan], (80, 3))
    answers[:, 0] = 1.0
    one = calibration(p, answers, np.arange(80))
    other = calibration(1 - p, -answers, np.arange(80))
    assert one.ece.value == pytest.approx(other.ece.value)
    assert one.brier.value == pytest.approx(other.brier.value)
    assert [b.sure for b in one.bins] == pytest.approx([b.sure for b in other.bins])
    assert len(one.bins) == 4 and sum(b.agree.n for b in one.bins) == 80


def test_equal_probabilities_share_a_bin() -> None:
    p = np.repeat([0.9, 1 - 0.9, 0.6], 40)
    found = calibration(p, np.ones((120, 2)), np.arange(120))
    assert [round(b.sure, 6) for b in found.bins] == [0.6, 0.9]
