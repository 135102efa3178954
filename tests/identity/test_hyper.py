"""The network that writes layers: nothing at first, the same from a file, and it learns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch

from plumbline.core.errors import UserError
from plumbline.identity import hyper, hyper_learn, hyper_read, hyper_sweep
from plumbline.identity.blocks import projections
from plumbline.identity.gap import apart
from plumbline.identity.layer import Layer
from plumbline.identity.probes import Probe, ordered, probe
from plumbline.models.load import load_model
from plumbline.models.policy import Policy

RANK = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save("qwen3", tmp_path_factory.mktemp("qwen3"))


def policy_of(folder: Path) -> Policy:
    policy = load_model(folder, adapter="none", precision="fp32", device="cpu")
    policy.model.requires_grad_(False)
    return policy


def layer_of(policy: Policy) -> Layer:
    return Layer(policy, projections(policy.model), RANK)


def network_of(policy: Policy) -> hyper.Hyper:
    torch.manual_seed(0)
    return hyper.Hyper(hyper.shape_of(policy, inner=24, layers=1, heads=2))


def group(seed: int, n: int = 4) -> list[Probe]:
    """A manifesto of 12 tokens with questions of 6 tokens and answers of 8."""
    random = np.random.default_rng(seed)
    told = random.integers(40, 90, 12).tolist()
    found = []
    for _ in range(n):
        asked, said = (random.integers(5, 40, size).tolist() for size in (6, 8))
        found.append(probe([1, *told, *asked], [1, *asked], said, 2))
    return ordered(found)


def learnt(
    policy: Policy,
    network: hyper.Hyper,
    lessons: hyper_learn.Lessons,
    steps: int,
    loss: Callable[[hyper.Hyper, hyper_learn.Lessons], torch.Tensor] = hyper_learn.loss,
) -> None:
    hyper_sweep.calibrate(network, [lessons], 1e-2)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(network, lessons).backward()
        optimizer.step()


def changed(layer: Layer, name: str) -> torch.Tensor:
    """What the layer adds to a projection's weights [D, F]."""
    factors = layer.factors(name)
    return factors.up @ factors.down


def test_an_untrained_network_writes_nothing(folder: Path) -> None:
    policy = policy_of(folder)
    layer, network = layer_of(policy), network_of(policy)
    hyper.write_layer(network, range(40, 60), layer)
    for name in layer.names:
        assert changed(layer, name).abs().max() == 0


def test_a_saved_network_writes_the_same_layer(folder: Path, tmp_path: Path) -> None:
    policy = policy_of(folder)
    network = network_of(policy)
    learnt(policy, network, hyper_learn.Lessons(policy, [group(0)]), 2)
    hyper.save(network, tmp_path, policy.source.digest)
    layer = layer_of(policy)
    written = []
    for one in (network, hyper.load(tmp_path, policy.source.digest)):
        hyper.write_layer(one, range(40, 60), layer)
        written.append([changed(layer, n) for n in layer.names])
    for own, again in zip(*written, strict=True):
        assert own.abs().max() > 1e-3
        torch.testing.assert_close(own, again, atol=1e-6, rtol=1e-4)


def test_other_weights_and_empty_folders_are_refused(folder: Path, tmp_path: Path) -> None:
    hyper.save(network_of(policy_of(folder)), tmp_path, "one")
    with pytest.raises(UserError, match="other weights"):
        hyper.load(tmp_path, "another")
    with pytest.raises(UserError, match="no hypernetwork"):
        hyper.load(tmp_path / "none", "one")


def test_learning_lowers_the_divergence_and_the_layer_does_what_was_learnt(folder: Path) -> None:
    policy = policy_of(folder)
    network, groups = network_of(policy), [group(seed) for seed in range(3)]
    lessons = hyper_learn.Lessons(policy, groups)
    before = hyper_learn.loss(network, lessons).item()
    learnt(policy, network, lessons, 60)
    after = hyper_learn.loss(network, lessons).item()
    assert after < 0.5 * before
    # The layer at its rank, on one manifesto that is read alone, is the student of the lessons.
    layer = layer_of(policy)
    left = []
    for own in groups:
        hyper.write_layer(network, own[0].told, layer)
        left.append(apart(layer, own, "told", "student").token)
    assert np.mean(left) == pytest.approx(after, rel=0.02)


def test_what_is_read_is_the_teachers_own_pass(folder: Path) -> None:
    policy = policy_of(folder)
    groups = [group(seed, n) for seed, n in ((0, 2), (1, 3))]
    _, read = hyper_learn.Lessons(policy, groups).teacher()
    alone = hyper_read.states_of(policy, [one[0].told for one in groups])
    for own, other in zip(read, alone, strict=True):
        torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-5)


def test_factors_of_a_lower_rank_are_the_best_for_what_is_read(folder: Path) -> None:
    policy = policy_of(folder)
    network = network_of(policy)
    read = torch.randn(400, 48) @ torch.randn(48, 48)
    site = next(i for i, (f, _) in enumerate(network.shape.sites.values()) if f == 48)
    network.calibrate(site, read, torch.randn(400, 32), torch.tensor(0.5), 1e-6)
    white = read @ network.get_buffer(f"whiten_{site}")
    gram = white.T @ white / len(white)
    torch.testing.assert_close(gram, torch.eye(48), atol=0.02, rtol=0)


def test_the_sweep_lowers_the_divergence_without_a_look_at_it(folder: Path) -> None:
    policy = policy_of(folder)
    network, lessons = network_of(policy), hyper_learn.Lessons(policy, [group(s) for s in range(3)])
    before = hyper_learn.loss(network, lessons).item()
    learnt(policy, network, lessons, 60, hyper_sweep.sweep)
    assert hyper_learn.loss(network, lessons).item() < 0.5 * before


def test_the_sweep_refuses_norms_behind_projections(tmp_path: Path) -> None:
    policy = policy_of(tiny.save("olmo2", tmp_path))
    with pytest.raises(UserError, match="plainly"):
        hyper_sweep.sweep(network_of(policy), hyper_learn.Lessons(policy, [group(0)]))
