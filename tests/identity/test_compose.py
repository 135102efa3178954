"""Adapters added up: exact at the ranks' sum, and the best there is at a lower rank."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
import torch
from test_compile import layer_of, policy_of, probes_of

from plumbline.identity.compile import compile_layer
from plumbline.identity.compose import added, factors_of, narrow
from plumbline.identity.gap import apart
from plumbline.identity.layer import Layer
from plumbline.models.load import load_model
from plumbline.models.save import save_policy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save("llama", tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def parts(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two identities of rank 3, saved."""
    found = []
    for told in (tuple(range(40, 52)), tuple(range(60, 66))):
        layer = layer_of(policy_of(folder), 3)
        compile_layer(layer.policy, probes_of(6, told=told), layer)
        out = tmp_path_factory.mktemp("part")
        found.append(save_policy(layer.policy, out, folder))
    return found[0], found[1]


def loaded(part: Path) -> dict:
    return factors_of(load_model(part, adapter="none", precision="fp32"))


def logits(layer: Layer) -> torch.Tensor:
    layer.policy.model.eval()
    with torch.no_grad():
        return layer.policy.model(input_ids=torch.arange(5, 30)[None]).logits


def deltas(layer: Layer) -> list[torch.Tensor]:
    return [layer.factors(name).up @ layer.factors(name).down for name in layer.names]


def set_all(layer: Layer, factors: dict) -> Layer:
    for name, one in factors.items():
        layer.set(name, one)
    return layer


def test_the_sum_is_exact(folder: Path, parts: tuple[Path, Path]) -> None:
    a, b = (loaded(part) for part in parts)
    whole = set_all(layer_of(policy_of(folder), 6), added([(a, 1.0), (b, 0.5)]))
    for name, delta in zip(whole.names, deltas(whole), strict=True):
        wanted = a[name].up @ a[name].down + 0.5 * b[name].up @ b[name].down
        torch.testing.assert_close(delta, wanted, atol=1e-6, rtol=1e-5)


def test_nothing_is_lost_where_the_rank_suffices(folder: Path, parts: tuple[Path, Path]) -> None:
    wide = set_all(layer_of(policy_of(folder), 6), added([(loaded(part), 1.0) for part in parts]))
    layer = layer_of(policy_of(folder), 6)
    narrow(wide, layer, probes_of(6))
    torch.testing.assert_close(logits(layer), logits(wide), atol=1e-5, rtol=1e-5)


def test_a_lower_rank_stays_near(folder: Path, parts: tuple[Path, Path]) -> None:
    """Nearer to the sum than either part is, on the probes."""
    whole = added([(loaded(part), 1.0) for part in parts])
    wide = set_all(layer_of(policy_of(folder), 6), whole)
    probes = probes_of(6)
    moved = apart(wide, probes, "base", "student").token

    def far(layer: Layer) -> float:
        return float((logits(layer) - logits(wide)).square().mean())

    layer = layer_of(policy_of(folder), 4)
    narrow(wide, layer, probes)
    others = [set_all(layer_of(policy_of(folder), 4), loaded(part)) for part in parts]
    assert moved > 0
    assert far(layer) < min(map(far, others)) / 2
