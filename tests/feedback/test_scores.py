"""Running statistics of scores are those of all of them, whatever the batches."""

from __future__ import annotations

import numpy as np
import pytest

from plumbline.feedback.scores import Seen, scaled


def test_the_deviation_is_that_of_all_scores_so_far() -> None:
    scores = np.random.default_rng(0).normal(3.0, 2.0, 100)
    seen = Seen()
    for part in np.split(scores, [7, 40]):
        seen = Seen.of(seen.as_dict())
        seen.add(part)
    assert (seen.n, seen.mean) == (100, pytest.approx(scores.mean()))
    assert seen.deviation == pytest.approx(scores.std())


def test_running_keeps_zero_and_batch_keeps_none() -> None:
    seen = Seen()
    scores = np.array([-2.0, 0.0, 2.0, 4.0])
    seen.add(scores)
    assert scaled(scores, "none", seen) is scores
    assert scaled(scores, "running", seen)[1] == 0
    batch = scaled(scores, "batch", seen)
    assert batch.mean() == pytest.approx(0) and batch.std() == pytest.approx(1)
    assert np.isfinite(scaled(np.ones(3), "batch", seen)).all()
