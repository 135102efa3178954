"""The thin layer: LoRA on some projections of a model, to be set, scaled and switched off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from plumbline.identity.ridge import Factors
from plumbline.models import adapters
from plumbline.models.adapters import NEW, Lora
from plumbline.models.policy import Policy


class Layer:
    """LoRA of one rank on the named projections of `policy`, zero at first.

    strength: what multiplies all of it (1: as fitted).
    """

    def __init__(self, policy: Policy, names: Sequence[str], rank: int) -> None:
        self.policy, self.rank, self.names = policy, rank, list(names)
        adapters.add_new(policy.model, self.names, Lora(rank, rank), seed=0)
        policy.adapters = (*policy.adapters, NEW)
        self._lora = {
            name: module for name, module in adapters.layers_with_adapters(policy.model).items()
        }
        policy.model.requires_grad_(False)
        self.clear()

    def clear(self) -> None:
        """No change at all."""
        for name in self.names:
            self._lora[name].lora_B[NEW].weight.data.zero_()
        self.strength = 1.0

    def set(self, name: str, factors: Factors) -> None:
        """Give a projection its factors; a rank that is not used up is zero."""
        module, rank = self._lora[name], factors.up.shape[1]
        down, up = module.lora_A[NEW].weight.data, module.lora_B[NEW].weight.data
        down.zero_()[:rank] = factors.down
        up.zero_()[:, :rank] = factors.up

    def factors(self, name: str) -> Factors:
        """What a projection was given."""
        module = self._lora[name]
        return Factors(module.lora_B[NEW].weight.data, module.lora_A[NEW].weight.data)

    def adds(self, name: str, read: Tensor) -> Tensor:
        """What a projection's factors add to its output for what it reads, in fp32."""
        module = self._lora[name]
        down, up = module.lora_A[NEW].weight.float(), module.lora_B[NEW].weight.float()
        with torch.autocast(read.device.type, enabled=False):
            return (read.float() @ down.T) @ up.T * module.scaling[NEW]

    @property
    def strength(self) -> float:
        return self._strength

    @strength.setter
    def strength(self, value: float) -> None:
        self._strength = value
        for name in self.names:
            self._lora[name].scaling[NEW] = value

    def start(self, seed: int) -> None:
        """A layer to be trained from zero: A at random, B zero (Hu et al. 2021, section 4.1)."""
        random = torch.Generator().manual_seed(seed)
        for name in self.names:
            down = self._lora[name].lora_A[NEW].weight.data
            bound = down.shape[1] ** -0.5
            down.copy_(torch.empty(down.shape).uniform_(-bound, bound, generator=random))
        self.clear()

    @contextmanager
    def trained(self) -> Iterator[None]:
        """Inside, the layer asks for gradients, and nothing else does."""
        own = [p for name, p in self.policy.model.named_parameters() if f".{NEW}." in name]
        for parameter in own:
            parameter.requires_grad_(True)
        try:
            yield
        finally:
            for parameter in own:
                parameter.requires_grad_(False)

    @contextmanager
    def off(self) -> Iterator[None]:
        """Inside, the model is as it was given."""
        with switched_off(self.policy):
            yield


class Given:
    """The layer of an adapter folder that was loaded: it can only be switched off."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    @contextmanager
    def off(self) -> Iterator[None]:
        """Inside, the model is the base below the adapter."""
        with switched_off(self.policy):
            yield


Switch = Layer | Given


@contextmanager
def switched_off(policy: Policy) -> Iterator[None]:
    """Inside, no adapter of the policy does anything."""
    layers = list(adapters.layers_with_adapters(policy.model).values())
    flags = [(p, p.requires_grad) for p in policy.parameters()]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)
        for parameter, trained in flags:
            parameter.requires_grad_(trained)
