"""A warmed-up state: the same answers as the whole prompt, on any number of rows."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
import torch

from plumbline.core.errors import UserError
from plumbline.models import state as states
from plumbline.models.decode import Recomputed, Steps, steps_of
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.models.recurrent import Recurrent
from plumbline.models.sampler import sample

BEFORE = [1, *range(40, 57)]
PROMPTS = [[*BEFORE, 5, 6, 7], [*BEFORE, 8], [*BEFORE, 9, 10, 11, 12], [5, 6, 7, 8]]


def policy_of(name: str, folder: Path, precision: str = "fp32") -> Policy:
    return load_model(tiny.save(name, folder), adapter="none", precision=precision, device="cpu")


@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt2", "granite", "cohere2"])
def test_logits_are_those_of_the_whole_prompt(name: str, tmp_path: Path) -> None:
    policy = policy_of(name, tmp_path)
    policy.model.eval()
    try:
        state = states.warmed(policy, BEFORE)
    except UserError as error:
        assert name == "cohere2" and "window" in error.what
        return
    with torch.no_grad():
        warm = steps_of(policy, 2, state).step([], torch.zeros(0, dtype=torch.long), PROMPTS[:3])
        cold = steps_of(policy, 2).step([], torch.zeros(0, dtype=torch.long), PROMPTS[:3])
    torch.testing.assert_close(warm, cold, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_answers_are_the_same_also_beside_prompts_without_it(name: str, tmp_path: Path) -> None:
    policy = policy_of(name, tmp_path)
    state = states.warmed(policy, BEFORE)
    told = sample(policy, PROMPTS, n=3, max_new=12, seeds=4, rows=6, state=state)
    whole = sample(policy, PROMPTS, n=3, max_new=12, seeds=4, rows=6)
    assert [one.ids for one in told] == [one.ids for one in whole]


def test_a_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    policy = policy_of("qwen3", tmp_path / "model")
    state = states.warmed(policy, BEFORE)
    states.write(state, tmp_path, "weights")
    again = states.read(tmp_path, "weights")
    assert again.ids == state.ids
    assert all(torch.equal(a, b) for a, b in zip(again.tensors, state.tensors, strict=True))
    with pytest.raises(UserError, match="other weights"):
        states.read(tmp_path, "others")


@pytest.mark.parametrize("name", ["rwkv", "mamba2"])
def test_what_a_recurrent_model_carries(name: str, tmp_path: Path) -> None:
    """The same logits and answers as from the whole prompt, and as the whole text read anew."""
    policy = policy_of(name, tmp_path)
    policy.model.eval()
    state = states.warmed(policy, BEFORE)
    states.write(state, tmp_path, "weights")
    state = states.read(tmp_path, "weights")
    none = torch.zeros(0, dtype=torch.long)
    policy.model.eval()
    ways: list[Steps] = [Recurrent(policy, 2, state), Recurrent(policy, 2), Recomputed(policy, 2)]
    with torch.no_grad():
        first = [way.step([], none, PROMPTS) for way in ways]
        token = torch.tensor([3, 4, 5])
        # Rows 1, 4 and 7 go on, and a prompt enters beside them.
        later = [way.step([1, 4, 7], token, PROMPTS[:1]) for way in ways]
    for found in (first, later):
        torch.testing.assert_close(found[0], found[1], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(found[1], found[2], atol=1e-4, rtol=1e-4)
    assert len(later[0]) == 3 + 2
    told = sample(policy, PROMPTS, n=2, max_new=9, seeds=4, rows=6, state=state)
    whole = sample(policy, PROMPTS, n=2, max_new=9, seeds=4, rows=6)
    assert [one.ids for one in told] == [one.ids for one in whole]
