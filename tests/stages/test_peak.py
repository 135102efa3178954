"""An online training ends at the peak of what it watches, and gives the weights of then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_online import Letters, lines, trained

from plumbline.core.errors import UserError
from plumbline.feedback.rewards import Answered, Ensemble
from plumbline.stages.online_settings import Rewarding, Stop
from plumbline.stages.peak import highest, passed


def test_the_highest_mean_in_a_row() -> None:
    assert highest([], 3) == highest([1.0, 2.0], 3) == -1
    assert highest([0.0, 5.0, 0.0, 3.0, 3.0, 0.0], 2) == 4, "one high value is not a row"
    assert not passed([3.0, 3.0, 0.0], 2) and passed([3.0, 3.0, 0.0, 0.0], 2)
    assert not passed([float(i) for i in range(50)], 5)


def test_it_ends_at_the_peak_of_a_watched_reward_with_the_weights_of_then(
    tiny_model: Path, tmp_path: Path
) -> None:
    """Letters are optimised; what is watched likes them for six iterations and then no more."""
    watched = Rewarding(weights=(1.0, 0.0))
    how = {"reward": watched, "stop": Stop(watch=2, patience=2), "iterations": 20}
    whole = trained("rloo", tiny_model, tmp_path / "a", rewards=[Letters(), Turning(6)], **how)
    assert whole["steps"] == 8 and "reward 2 has not risen for 2 iterations" in whole["ended"]
    said = [line["reward.turning"] for line in lines(tmp_path / "a")]
    assert np.argmax(said) == 5 and len(said) == 8
    until = trained("rloo", tiny_model, tmp_path / "b", iterations=5, warmup=0.05 * 20 / 5)
    assert whole["metrics"]["kl"] == until["metrics"]["kl"], "the weights that drew the sixth"
    assert until["metrics"]["kl"]["value"] != 0


def test_a_watched_run_that_was_stopped_goes_on_to_the_same_bits(
    tiny_model: Path, tmp_path: Path
) -> None:
    how = {"reward": Rewarding(weights=(1.0, 0.0)), "stop": Stop(watch=2, patience=2)}
    how |= {"iterations": 20, "save_seconds": 0.0}
    whole = trained("rloo", tiny_model, tmp_path / "a", rewards=[Letters(), Turning(6)], **how)
    with pytest.raises(UserError, match="too late"):
        trained("rloo", tiny_model, tmp_path / "b", rewards=[Letters(), Turning(6, fails=6)], **how)
    again = trained(
        "rloo", tiny_model, tmp_path / "b", rewards=[Letters(), Turning(6, calls=5)], **how
    )
    assert again["metrics"] == whole["metrics"] and again["ended"] == whole["ended"]
    model = "model.safetensors"
    assert (tmp_path / "a" / model).read_bytes() == (tmp_path / "b" / model).read_bytes()


def test_it_ends_where_an_ensemble_no_longer_agrees(tiny_model: Path, tmp_path: Path) -> None:
    reward = Ensemble("two", (Turning(20), Turning(3, calls=0)))
    found = trained("rloo", tiny_model, tmp_path, rewards=[reward], stop=Stop(disagreement=2.0))
    assert found["ended"] == "the ensemble disagrees by 1.5, at first by 0.5"
    assert [line["reward.disagreement"] for line in lines(tmp_path)] == [0.5, 0.5, 0.5, 1.5]


class Turning:
    """The number of calls until `peak`, falling after it; a failure at call `fails`. The first
    call is the measurement before training."""

    name = "turning"

    def __init__(self, peak: int, fails: int = 0, calls: int = -1) -> None:
        self.peak, self.fails, self.calls = peak, fails, calls

    def __call__(self, asked: list[Answered]) -> np.ndarray:
        self.calls += 1
        if self.fails and self.calls == self.fails:
            raise UserError("too late")
        count = sum(len(one.texts) for one in asked)
        return np.full(count, float(min(self.calls, 2 * self.peak - self.calls)))


def test_there_must_be_something_to_watch(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no reward 2 among 1"):
        trained("rloo", tiny_model, tmp_path, stop=Stop(watch=2))
    with pytest.raises(UserError, match="no ensemble"):
        trained("rloo", tiny_model, tmp_path, stop=Stop(disagreement=2.0))
