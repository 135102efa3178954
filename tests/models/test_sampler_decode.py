"""Decoding step by step: who comes later, is drawn otherwise or is let go changes nobody else."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch

from plumbline.models import adapters
from plumbline.models.decode import steps_of
from plumbline.models.draw import Draw
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.models.sampler import Asked, Ending, Growing, decode, sample, sampling
from plumbline.models.save import save_policy

PROMPTS = [[5, 6, 7, 8, 9, 10], [11, 12], [20, 21, 22, 23], [30], [7, 7, 7]]
DRAWS = [Draw(), Draw(0.0), Draw(0.7, top_p=0.9), Draw(1.5, top_k=9), Draw(0.7, top_p=0.9)]
ENDINGS = [
    Ending(frozenset({4, 9})),
    Ending(frozenset()),
    Ending(frozenset(range(4, 60)), min_new=5),
    Ending(frozenset({3}), lambda ids: len(ids) == 6),
    Ending(frozenset(), min_new=3),
]


def policy_of(name: str, folder: Path) -> Policy:
    return load_model(tiny.save(name, folder), adapter="none", precision="fp32", device="cpu")


def asked(i: int) -> Asked:
    row = Growing(7 + i, np.random.default_rng(i), DRAWS[i], ENDINGS[i])
    return Asked(PROMPTS[i], [row])


def alone(policy: Policy, i: int) -> list[int]:
    end = ENDINGS[i]
    return sample(
        policy, [PROMPTS[i]], max_new=7 + i, draw=DRAWS[i], seeds=[i], stop_ids=end.ids,
        stop=end.says, min_new=end.min_new,
    )[0].ids  # fmt: skip


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma3", "rwkv"])
def test_who_comes_later_and_how_others_are_drawn_changes_nothing(
    name: str, tmp_path: Path
) -> None:
    """Five that differ in all, of whom three come while the first two grow; one more is let go."""
    policy = policy_of(name, tmp_path)
    jobs = [asked(i) for i in range(5)]
    leaving = Growing(99, np.random.default_rng(9), Draw(), Ending(frozenset()))
    waiting = deque([*jobs[:2], Asked([8, 9], [leaving])])
    with sampling(policy):
        for step, (alive, scores) in enumerate(decode(waiting, steps_of(policy, 1), 8)):
            assert len(scores) == len(alive) and all(row.ids for row in alive)
            if step in (1, 2, 4):
                waiting.append(jobs[2 + (1, 2, 4).index(step)])
            if step == 3:
                leaving.room = 0
    assert [job.answers[0].ids for job in jobs] == [alone(policy, i) for i in range(5)]
    assert len(leaving.ids) == 4 and not leaving.ended


def test_scores_are_what_tokens_were_drawn_from(tmp_path: Path) -> None:
    policy = policy_of("llama", tmp_path)
    job = Asked([5, 6], [Growing(6, np.random.default_rng(0), Draw(), Ending(frozenset()))])
    row = job.answers[0]
    with sampling(policy):
        for alive, scores in decode(deque([job]), steps_of(policy, 1), 1):
            logp = scores.log_softmax(-1)[0, row.ids[-1]]
            assert alive == [row] and float(logp) == pytest.approx(row.logprobs[-1], abs=1e-5)


def test_adapters_under_names_of_their_own_act_one_at_a_time(tmp_path: Path) -> None:
    """Each as it does alone, and with none acting the base, bit for bit."""
    base = tiny.save("llama", tmp_path / "base")
    for seed in (1, 2):
        trained = load_model(base, adapter="lora", precision="fp32", device="cpu", seed=seed)
        with torch.no_grad():
            for parameter in trained.trained_state().values():
                parameter.normal_(0.0, 0.3)
        save_policy(trained, tmp_path / str(seed), base)
    policy = load_model(base, adapter="none", precision="fp32", device="cpu")
    bare = sample(policy, PROMPTS, max_new=8, seeds=1)
    for seed in (1, 2):
        adapters.add_given(policy.model, tmp_path / str(seed), f"own{seed}")
    folders = {"": base, "own1": tmp_path / "1", "own2": tmp_path / "2"}
    for name in ("", "own1", "own2", ""):
        adapters.switch(policy.model, name)
        one = load_model(folders[name], adapter="none", precision="fp32", device="cpu")
        got = sample(policy, PROMPTS, max_new=8, seeds=1)
        assert got == sample(one, PROMPTS, max_new=8, seeds=1)
        assert (got == bare) == (not name)
        assert not any(p.requires_grad for p in policy.parameters())
