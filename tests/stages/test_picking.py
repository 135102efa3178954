"""Best of n picks what the reward likes best; online training may be held near another model."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from test_online import trained
from transformers import AutoModelForCausalLM

from plumbline.core.errors import UserError
from plumbline.core.types import text_of, user
from plumbline.evals.tasks import Generation
from plumbline.feedback.rewards import Answered
from plumbline.stages.answering import Answerer
from plumbline.stages.picking import Picker

ASKED = [(user("Say one."),), (user("Say two, please."),), (user("Three."),)]
DRAW = Generation(2, 8, 1.0, seed=3)


@dataclass
class Letters:
    """Letters in an answer; remembers what it was shown."""

    name: str = "letters"
    shown: Sequence[Answered] = ()

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        self.shown = asked
        return np.array([sum(c.isalpha() for c in t) for one in asked for t in one.texts], float)


def test_each_answer_is_the_best_of_its_own_draws(tiny_model: Path) -> None:
    answerer, reward = Answerer(tiny_model), Letters()
    picked = Picker(tiny_model).by(reward, 4, print)(ASKED, DRAW)
    drawn = answerer(ASKED, Generation(8, 8, 1.0, seed=3))
    for own, all_of_them in zip(picked, drawn, strict=True):
        texts = [text_of(one) for one in all_of_them]
        best = [max(texts[i : i + 4], key=lambda t: sum(map(str.isalpha, t))) for i in (0, 4)]
        assert [text_of(one) for one in own] == best
    assert [one.prompt for one in reward.shown] == ASKED


def test_the_best_of_one_is_the_draw(tiny_model: Path) -> None:
    picker = Picker(tiny_model).by(Letters(), 1, print)
    assert picker(ASKED, DRAW) == Answerer(tiny_model)(ASKED, DRAW)


def test_the_best_of_none_is_refused(tiny_model: Path) -> None:
    with pytest.raises(UserError, match="best of 0 draws"):
        Picker(tiny_model).by(tiny_model, 0, print)


@pytest.mark.parametrize("adapter", ["full", "lora"])
def test_the_kl_is_to_the_reference_that_is_given(
    adapter: str, tiny_model: Path, tmp_path: Path
) -> None:
    """`before` measures the model as given: its KL is 0 to itself, and not to another."""
    moved = tmp_path / "moved"
    trained("rloo", tiny_model, moved, iterations=2, lr=2e-2)
    found = trained("rloo", moved, tmp_path / "on", adapter=adapter, reference=tiny_model)
    assert abs(found["before"]["kl"]["value"]) > 1e-3
    same = trained("rloo", moved, tmp_path / "same", adapter=adapter)
    assert abs(same["before"]["kl"]["value"]) < 1e-5


def test_a_reference_with_other_tokens_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "other")
    other = AutoModelForCausalLM.from_pretrained(tiny_model)
    other.resize_token_embeddings(300)
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(UserError, match="the reference has 300 tokens and the model 258"):
        trained("rloo", tiny_model, tmp_path / "out", reference=tmp_path / "other")
