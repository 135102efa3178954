"""The sampler: equal to generate, to the scorer, and to itself in any company."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch

from plumbline.core.errors import UserError
from plumbline.models import branches, sampler
from plumbline.models.draw import Draw
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.models.sampler import Sample, sample
from plumbline.text.forest import TokenTree, grow

PROMPTS = [[5, 6, 7, 8, 9, 10], [11, 12], [20, 21, 22, 23]]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    names = ("llama", "gemma3", "gpt2", "rwkv")
    return {name: tiny.save(name, tmp_path_factory.mktemp(name)) for name in names}


def policy_of(folder: Path, adapter: str = "none") -> Policy:
    return load_model(folder, adapter=adapter, precision="fp32", device="cpu")


def scored(policy: Policy, prompts: list[list[int]], answers: list[list[int]]) -> list[np.ndarray]:
    trees = [
        TokenTree(np.array(p), (np.array(a),), (np.ones(len(a), bool),))
        for p, a in zip(prompts, answers, strict=True)
    ]
    forest = grow(trees, share=policy.share)
    with torch.no_grad():
        logp = policy.logprobs(forest).logp.numpy()
    return [logp[forest.row == r] for r in range(forest.rows)]


@pytest.mark.parametrize("name", ["llama", "gemma3", "gpt2"])
def test_greedy_equals_generate(folders, name) -> None:
    policy = policy_of(folders[name])
    got = sample(policy, PROMPTS, max_new=12, draw=Draw(0.0))
    policy.model.eval()
    for prompt, one in zip(PROMPTS, got, strict=True):
        want = policy.model.generate(
            torch.tensor([prompt]), max_new_tokens=12, do_sample=False, eos_token_id=None
        )
        assert one.ids == want[0, len(prompt) :].tolist()


@pytest.mark.parametrize("name", ["llama", "gemma3", "gpt2", "rwkv"])
def test_logprobs_equal_the_scorers(folders, name) -> None:
    policy = policy_of(folders[name])
    got = sample(policy, PROMPTS, n=2, max_new=10, seeds=3, stop_ids=[1, 2, 3])
    prompts = [p for p in PROMPTS for _ in range(2)]
    for one, want in zip(got, scored(policy, prompts, [s.ids for s in got]), strict=True):
        np.testing.assert_allclose(one.logprobs, want, atol=1e-4)


def test_company_does_not_change_what_is_sampled(folders) -> None:
    policy = policy_of(folders["llama"])
    together = sample(policy, PROMPTS, n=2, max_new=10, seeds=[1, 2, 3, 4, 5, 6], stop_ids=[4, 9])
    for k, prompt in enumerate(PROMPTS):
        alone = sample(policy, [prompt], max_new=10, seeds=[2 * k + 2], stop_ids=[4, 9])
        assert alone[0].ids == together[2 * k + 1].ids
    small = sample(
        policy, PROMPTS, n=2, max_new=10, seeds=[1, 2, 3, 4, 5, 6], stop_ids=[4, 9], rows=1
    )
    assert [s.ids for s in small] == [s.ids for s in together]


def test_stops_at_an_end_id_and_keeps_it(folders) -> None:
    policy = policy_of(folders["llama"])
    free = sample(policy, PROMPTS, max_new=12, seeds=0)
    end = free[0].ids[4]
    stopped = sample(policy, PROMPTS, max_new=12, seeds=0, stop_ids=[end])
    assert stopped[0].ids == free[0].ids[: free[0].ids.index(end) + 1]
    assert len(stopped[0].logprobs) == len(stopped[0].ids)


def test_samples_with_the_adapter_on(folders) -> None:
    policy = policy_of(folders["llama"], "lora")
    before = sample(policy, PROMPTS, max_new=8, draw=Draw(0.0))
    with torch.no_grad():
        for parameter in policy.trained_state().values():
            parameter.normal_(0.0, 0.5)
    after = sample(policy, PROMPTS, max_new=8, draw=Draw(0.0))
    assert [s.ids for s in before] != [s.ids for s in after]
    assert policy.model.training


def test_frequencies_are_those_of_the_distribution() -> None:
    """20,000 draws at stratified uniform numbers against the cut and tempered softmax."""
    torch.manual_seed(0)
    logits = torch.randn(1, 12) * 2
    draw = Draw(temperature=0.7, top_k=6, top_p=0.9)
    n = 20_000
    ids, logp = draw.choose(logits.expand(n, -1), (torch.arange(n) + 0.5) / n)
    p = draw.logprobs(logits)[0].exp()
    counts = torch.bincount(ids, minlength=12) / n
    torch.testing.assert_close(counts, p, atol=2 / n, rtol=0)
    assert (p == 0).sum() >= 6
    torch.testing.assert_close(p.sum(), torch.tensor(1.0))
    torch.testing.assert_close(logp.exp(), p[ids])


def test_top_p_keeps_the_smallest_set_of_that_mass() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.2]]).log()
    kept = Draw(top_p=0.8).logprobs(logits)[0].exp()
    torch.testing.assert_close(kept, torch.tensor([0.625, 0.375, 0.0]))
    assert Draw(top_p=0.1).logprobs(logits)[0].exp()[0] == 1.0


def test_positions_end(folders) -> None:
    policy = policy_of(folders["gpt2"])
    got = sample(policy, [list(range(1, 90)) + list(range(1, 37))], max_new=50)
    assert len(got[0].ids) == 128 - 125
    with pytest.raises(UserError, match="128 positions"):
        sample(policy, [[1] * 128], max_new=5)
    with pytest.raises(UserError, match="top_p"):
        sample(policy, PROMPTS, max_new=5, draw=Draw(top_p=0.0))


RAGGED = [[(7 * i + j) % 90 + 5 for j in range(3 + 5 * i % 17)] for i in range(12)]


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma3", "rwkv"])
def test_prompts_that_wait_enter_as_answers_leave(folders, name) -> None:
    """Twelve prompts of other lengths in a batch of 5 rows, two answers each, that end anywhere."""
    policy = policy_of(folders[name])
    seeds = list(range(24))
    ends = list(range(1, 30))
    steps: list[int] = []
    few = sample(
        policy, RAGGED, n=2, max_new=9, seeds=seeds, stop_ids=ends, rows=5, tick=steps.append
    )
    assert len({len(one.ids) for one in few}) > 4
    assert sum(steps) == sum(len(one.ids) for one in few) and max(steps) <= 5
    for k, one in enumerate(few):
        prompt = RAGGED[k // 2]
        alone = sample(policy, [prompt], max_new=9, seeds=[k], stop_ids=ends)[0]
        assert alone.ids == one.ids and alone.ended == one.ended == (one.ids[-1] in ends)
        np.testing.assert_allclose(one.logprobs, alone.logprobs, atol=1e-5)


@pytest.mark.parametrize("tokens", [1, 12, 40])
def test_prompts_are_read_in_portions(folders, monkeypatch, tokens: int) -> None:
    """The same answers whether prompts enter in one pass or in many, rows going on or not."""
    policy = policy_of(folders["llama"])

    def drawn() -> list[Sample]:
        ends = range(1, 30)
        return sample(policy, RAGGED, n=2, max_new=9, seeds=3, stop_ids=ends, rows=14)

    whole = drawn()
    monkeypatch.setitem(branches.PORTION, "cpu", tokens)
    passes = []
    body = branches.Branches._pass
    monkeypatch.setattr(
        branches.Branches, "_pass", lambda *told: passes.append(told[1:]) or body(*told)
    )
    parted = drawn()
    assert [one.ids for one in parted] == [one.ids for one in whole]
    for one, other in zip(parted, whole, strict=True):
        np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-5)
    read = [sum(len(prompt) for prompt in entering) for _, _, entering in passes if entering]
    assert len(read) > 2 and max(read) <= max(tokens, max(map(len, RAGGED)))
    assert any(old and entering for old, _, entering in passes)


def test_a_batch_stays_full_along_paths_and_runs_empty_otherwise(folders) -> None:
    def busy(name: str) -> float:
        made: list[int] = []
        policy = policy_of(folders[name])
        sample(policy, RAGGED, max_new=9, stop_ids=range(1, 30), rows=4, tick=made.append)
        return sum(made) / len(made)

    assert policy_of(folders["llama"]).route.paths and not policy_of(folders["gemma3"]).route.paths
    assert busy("llama") > busy("gemma3") + 0.5


def test_answers_that_are_too_short_do_not_end(folders) -> None:
    policy = policy_of(folders["llama"])
    ends = list(range(1, 60))
    got = sample(policy, PROMPTS, n=3, max_new=9, min_new=4, seeds=1, stop_ids=ends)
    assert all(len(one.ids) >= 4 and not set(one.ids[:3]) & set(ends) for one in got)
    assert any(len(one.ids) == 4 for one in got)
    said = sample(policy, PROMPTS, n=3, max_new=9, min_new=4, seeds=1, stop=lambda ids: True)
    assert {len(one.ids) for one in said} == {4}


def test_min_p_keeps_what_is_near_the_likeliest() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    kept = Draw(min_p=0.3).logprobs(logits)[0].exp()
    torch.testing.assert_close(kept, torch.tensor([0.5, 0.3, 0.15, 0.0]) / 0.95)


def test_a_flat_nucleus_is_found_beyond_the_likely_tokens() -> None:
    logits = torch.zeros(2, 4000)
    logits[1, 7] = 20.0
    kept = Draw(top_p=0.9).logprobs(logits).exp() > 0
    assert kept[0].sum() == pytest.approx(3600, abs=2) and kept[1].sum() == 1


@pytest.mark.parametrize("uniform", [0.0, 1e-12, 0.5, 1 - 1e-16])
def test_no_uniform_number_draws_what_has_no_probability(uniform: float) -> None:
    torch.manual_seed(1)
    logits = torch.randn(50, 1000).masked_fill(torch.rand(50, 1000) < 0.9, -torch.inf)
    ids, logp = Draw().choose(logits, torch.full((50,), uniform, dtype=torch.float64))
    assert torch.isfinite(logp).all()
    torch.testing.assert_close(logp, logits.log_softmax(-1).gather(1, ids[:, None])[:, 0])


@pytest.mark.parametrize("adapter", ["none", "lora", "full"])
def test_weights_cast_once_draw_the_same_and_are_left_as_they_were(
    folders: dict[str, Path], adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_model(folders["llama"], adapter=adapter, precision="bf16", device="cpu")
    before = [p.requires_grad for p in policy.parameters()]
    got = sample(policy, PROMPTS, n=2, max_new=8, seeds=4)
    assert [p.requires_grad for p in policy.parameters()] == before
    monkeypatch.setattr(Policy, "cast_once", lambda policy: nullcontext())
    want = sample(policy, PROMPTS, n=2, max_new=8, seeds=4)
    assert [(a.ids, a.logprobs) for a in got] == [(a.ids, a.logprobs) for a in want]


def test_weights_are_left_as_they_were_by_a_sampling_that_fails(folders: dict[str, Path]) -> None:
    policy = load_model(folders["llama"], adapter="none", precision="bf16", device="cpu")

    def fail(tokens: int) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        sample(policy, PROMPTS, max_new=8, tick=fail)
    assert not any(p.requires_grad for p in policy.parameters())


def test_a_newcomer_takes_the_place_of_one_that_ends_in_the_same_step(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are not written yet, and the buffers may not reach so far."""
    policy = policy_of(folders["llama"])
    monkeypatch.setattr(sampler, "READ", 24)
    rng = np.random.default_rng(0)
    prompts = [rng.integers(4, 60, 8).tolist() for _ in range(24)]
    how = {"n": 2, "max_new": 12, "stop_ids": list(range(4, 12))}
    want = sample(policy, prompts, seeds=list(range(48)), rows=2, **how)
    for rows in range(8, 48, 2):
        got = sample(policy, prompts, seeds=list(range(48)), rows=rows, **how)
        assert [one.ids for one in got] == [one.ids for one in want]
