"""Identities added up: the exact sum of their adapters, and the best adapter of a lower rank.

    s_a B_a A_a + s_b B_b A_b = [s_a B_a, s_b B_b] [A_a; A_b]                     (exact)

A_s and B_s themselves are never averaged: B A is what an adapter does, and the mean of the factors
is no mean of the products. The sum has the ranks' sum; what it is narrowed to loses least on what
the projections read (S, in `ridge`):

    argmin over Delta' of rank r of  sum_i w_i |(Delta - Delta') f_i|^2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from plumbline.identity import ridge
from plumbline.identity.compile import rows_of
from plumbline.identity.layer import Layer
from plumbline.identity.probes import Probe, trees
from plumbline.identity.ridge import Factors
from plumbline.models import adapters
from plumbline.models.policy import Policy

Parts = Mapping[str, Factors]
"""Factors by projection."""


def factors_of(policy: Policy) -> dict[str, Factors]:
    """What the adapters of a loaded model add, by projection, scales in the factors."""
    whole = adapters.as_one(policy.model)
    found = {}
    for name, rank in whole.ranks.items():
        down, up = (whole.state[f"{adapters.PREFIX}{name}.lora_{side}.weight"] for side in "AB")
        found[name] = Factors(up * (whole.alphas[name] / rank), down)
    return found


def added(parts: Sequence[tuple[Parts, float]]) -> dict[str, Factors]:
    """The sum of adapters, each multiplied by its number; ranks add up."""
    found: dict[str, Factors] = {}
    for factors, strength in parts:
        for name, one in factors.items():
            scaled = Factors(one.up * strength, one.down)
            found[name] = _beside(found[name], scaled) if name in found else scaled
    return found


def laid(policy: Policy, factors: Parts) -> Layer:
    """A layer on the model with these factors."""
    layer = Layer(policy, list(factors), max(one.down.shape[0] for one in factors.values()))
    for name, one in factors.items():
        layer.set(name, one)
    return layer


def narrow(wide: Layer, layer: Layer, probes: Sequence[Probe]) -> None:
    """Give `layer` the best factors of its rank for what `wide` does on the suffixes' tokens."""
    policy = wide.policy
    forest = policy.grow(trees(probes, told=False, answers=False))
    rows = rows_of(forest, probes).to(policy.device)
    counts = torch.cat([torch.from_numpy(one.weight) for one in probes]).float().to(policy.device)

    def fit(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], out: Tensor) -> None:
            read = args[0].detach().reshape(-1, args[0].shape[-1]).index_select(0, rows).float()
            one = wide.factors(name)
            # Rows seen through A alone decide: S enters only as A S A^T, which is small.
            layer.set(name, ridge.narrowed(one, read @ one.down.T, counts, layer.rank))

        return hook

    with torch.no_grad(), ExitStack() as hooks:
        for name in wide.names:
            handle = policy.model.get_submodule(name).register_forward_hook(fit(name))
            hooks.callback(handle.remove)
        policy.hidden(forest)


def _beside(one: Factors, other: Factors) -> Factors:
    return Factors(torch.cat([one.up, other.up], 1), torch.cat([one.down, other.down], 0))
