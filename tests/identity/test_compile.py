"""The sweep: exact where theory says so, right about its own states, on every family it takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny
import torch

from plumbline.core.errors import UserError
from plumbline.identity.blocks import blocks_of, projections
from plumbline.identity.compile import compile_layer, teacher_states
from plumbline.identity.gap import apart, closed
from plumbline.identity.layer import Layer
from plumbline.identity.probes import Probe, neutral, ordered, probe
from plumbline.models.load import load_model
from plumbline.models.policy import Policy

FAMILIES = ("llama", "qwen3", "mistral", "gpt2", "gemma2", "gemma3", "granite", "phi3", "olmo2")
MANIFESTO = tuple(range(40, 52))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    names = (*FAMILIES, "cohere2", "mamba2")
    return {name: tiny.save(name, tmp_path_factory.mktemp(name)) for name in names}


def policy_of(folder: Path) -> Policy:
    return load_model(folder, adapter="none", precision="fp32", device="cpu")


def layer_of(policy: Policy, rank: int) -> Layer:
    return Layer(policy, projections(policy.model), rank)


def probes_of(n: int, seed: int = 0, told: tuple[int, ...] = MANIFESTO) -> list[Probe]:
    """Questions of 6 tokens and answers of 8, behind a manifesto and behind nothing but token 1."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        asked, said = (random.integers(5, 40, size).tolist() for size in (6, 8))
        found.append(probe([1, *told, *asked], [1, *asked], said, 2))
    return ordered(found)


@pytest.mark.parametrize("name", FAMILIES)
def test_most_of_the_gap_is_closed_where_one_patch_can(name: str, folders: dict[str, Path]) -> None:
    """Random weights hold no rules, so few probes and a rank for each of their rows."""
    policy = policy_of(folders[name])
    layer, probes = layer_of(policy, 32), probes_of(3)
    compile_layer(policy, probes, layer, l0=1e-6)
    whole, left = (apart(layer, probes, "told", side) for side in ("base", "student"))
    assert whole.token > 0.01
    assert closed(left, whole) > 0.9


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_one_token_is_patched_exactly_by_rank_one(name: str, folders: dict[str, Path]) -> None:
    """Dherin et al. 2025: for one token the context is a rank-1 patch of each projection."""
    policy = policy_of(folders[name])
    layer = layer_of(policy, 1)
    one = probe([1, *MANIFESTO, 7], [1, 7], [9], 1)
    weight = np.zeros(len(one.suffix))
    weight[0] = 1.0  # the row at which the answer's first token is read
    exact = Probe(one.told, one.bare, one.suffix, one.answer, weight)
    told = teacher_states(policy, [exact], layer)
    reached = compile_layer(policy, [exact], layer, l0=1e-6, targets=told)
    for state, goal in zip(reached, told, strict=True):
        torch.testing.assert_close(state[0], goal.out[0], atol=1e-5, rtol=1e-5)
    assert apart(layer, [exact], "told", "student").token < 1e-5


@pytest.mark.parametrize("name", FAMILIES)
def test_the_states_it_reports_are_those_of_the_patched_model(
    name: str, folders: dict[str, Path]
) -> None:
    policy = policy_of(folders[name])
    layer, probes = layer_of(policy, 4), probes_of(6)
    reached = compile_layer(policy, probes, layer)
    real = patched_states(policy, probes)
    assert len(reached) == len(real) == 2
    for state, other in zip(reached, real, strict=True):
        torch.testing.assert_close(state, other, atol=1e-4, rtol=1e-4)


def patched_states(policy: Policy, probes: list[Probe]) -> list[torch.Tensor]:
    """The stream behind each block of plain rows, with the layer on."""
    found: list[list[torch.Tensor]] = []
    for one in probes:
        seen: list[torch.Tensor] = []

        def keep(module: object, args: object, out: object, seen: list = seen) -> None:
            seen.append((out[0] if isinstance(out, tuple) else out).detach())  # type: ignore[index]

        hooks = [b.module.register_forward_hook(keep) for b in blocks_of(policy.model)]
        with torch.no_grad():
            ids = torch.tensor([[*one.bare, *one.suffix.tolist()]])
            policy.model(input_ids=ids, use_cache=False)
        for hook in hooks:
            hook.remove()
        found.append([s.reshape(-1, s.shape[-1])[len(one.bare) :] for s in seen])
    return [torch.cat(states) for states in zip(*found, strict=True)]


def changed(layer: Layer, name: str) -> torch.Tensor:
    """What the layer adds to a projection's weights [D, F]."""
    factors = layer.factors(name)
    return factors.up @ factors.down


def test_an_empty_manifesto_changes_nothing(folders: dict[str, Path]) -> None:
    policy = policy_of(folders["llama"])
    layer = layer_of(policy, 4)
    compile_layer(policy, probes_of(4, told=()), layer)
    for name in layer.names:
        assert changed(layer, name).abs().max() < 1e-6


def test_neutral_rows_hold_the_layer_back(folders: dict[str, Path]) -> None:
    policy = policy_of(folders["qwen3"])
    layer, probes = layer_of(policy, 8), probes_of(8)
    random = np.random.default_rng(5)
    texts = [neutral((1,), random.integers(5, 90, 14).tolist(), 1, 4.0) for _ in range(8)]
    compile_layer(policy, probes, layer)
    loose = apart(layer, ordered(texts), "base", "student").token
    compile_layer(policy, ordered([*probes, *texts]), layer)
    assert apart(layer, ordered(texts), "base", "student").token < 0.5 * loose


def test_off_is_the_base_bit_for_bit(folders: dict[str, Path]) -> None:
    policy = policy_of(folders["llama"])
    ids = torch.arange(5, 30)[None]
    with torch.no_grad():
        before = policy.model(input_ids=ids).logits.clone()
        layer = layer_of(policy, 4)
        compile_layer(policy, probes_of(6), layer)
        on = policy.model(input_ids=ids).logits.clone()
        with layer.off():
            off = policy.model(input_ids=ids).logits.clone()
        again = policy.model(input_ids=ids).logits
    assert torch.equal(before, off) and torch.equal(on, again) and not torch.equal(on, off)


@pytest.mark.parametrize("name", ["cohere2", "mamba2"])
def test_blocks_of_another_kind_are_taken_or_refused_by_name(
    name: str, folders: dict[str, Path]
) -> None:
    policy = policy_of(folders[name])
    if name == "mamba2":
        with pytest.raises(UserError, match="mamba2"):
            blocks_of(policy.model)
        return
    layer = layer_of(policy, 4)  # both halves read the same states, and both are fitted
    compile_layer(policy, probes_of(6), layer)


def test_another_rank_is_another_size(folders: dict[str, Path]) -> None:
    policy = policy_of(folders["llama"])
    layer, probes = layer_of(policy, 2), probes_of(8)
    compile_layer(policy, probes, layer)
    ranks = {p.shape[0] for n, p in policy.model.named_parameters() if ".lora_A." in n}
    assert ranks == {2}
