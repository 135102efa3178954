"""A network that writes the layer: from the manifesto, read once by the base, to its factors.

A small encoder mixes the base's states over a manifesto's tokens (`hyper_read`), and each token t
writes an outer product into each projection, as fast weights do (Schmidhuber 1992; Schlag et al.
2021, arXiv:2102.11174):

    z = encoder(streams),   Delta = sum_t u_t v_t^T P,   u_t = s U z_t,   v_t = V z_t / sqrt(F)

Rules add up nearly, so tokens are summed and not averaged. Into the attention's projection a token
writes as well what each head h would write of it, u_th = W_o^h value_h(x_t): the network has to say
only when, v_th. P = (S + lambda I)^(-1/2) whitens what the projection reads, s is the size of
what the stream lacks there; both are measured once (`hyper_sweep.calibrate`). With features that
are white, the best factors of a lower rank are a truncated singular value decomposition, without a
look at any text.

U and the v_th begin at zero, and so does the layer. A network belongs to one base; its file keeps
the digest. Networks that write adapters: Phang et al. 2022 (arXiv:2211.12485), Charakorn et al.
2025 (arXiv:2506.06105).

Shapes: n tokens, S streams, V = blocks x heads, D width, F a projection's inputs, K products a
token, Z the encoder's width.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from plumbline.core.errors import UserError
from plumbline.identity.blocks import blocks_of
from plumbline.identity.hyper_read import states_of, values_of
from plumbline.identity.layer import Layer
from plumbline.identity.ridge import Factors, narrowed, penalty
from plumbline.models.policy import Policy

FILE = "hyper.safetensors"
FEW = 64
"""Tokens whose outer products add up to about one stream's length when U is of size 1."""


@dataclass(frozen=True)
class Shape:
    """What a network is made for: projections with their inputs and outputs, `streams` (S), heads
    whose values stand by themselves (`values`: H or 0), and the width; and the encoder's size."""

    sites: Mapping[str, tuple[int, int]]
    streams: int
    values: int
    width: int
    inner: int = 384
    layers: int = 2
    heads: int = 6


def shape_of(policy: Policy, **sizes: int) -> Shape:
    """The shape for a base: its two writing projections a block."""
    blocks = blocks_of(policy.model)
    width = policy.model.config.get_text_config().hidden_size
    sites = {}
    for name in (name for block in blocks for name in block.names):
        weight = policy.model.get_submodule(name).weight
        assert isinstance(weight, Tensor)
        sites[name] = (weight.numel() // width, width)
    config = policy.model.config.get_text_config()
    told = all(values_of(policy, block) is not None for block in blocks)
    values = config.num_attention_heads if told else 0
    return Shape(sites, len(blocks) + 1, values, width, **sizes)


class Hyper(nn.Module):
    """See the head of the file."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, z = shape, shape.inner
        self.enter = nn.Linear(shape.streams * shape.width, z)
        self.mix = nn.ModuleList(
            nn.TransformerEncoderLayer(
                z, shape.heads, 2 * z, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(shape.layers)
        )
        self.leave = nn.LayerNorm(z)
        pairs = shape.sites.values()
        reads = [nn.Linear(z, inputs, bias=False) for inputs, _ in pairs]
        writes = [nn.Linear(z, outputs, bias=False) for _, outputs in pairs]
        for i, (read, write) in enumerate(zip(reads, writes, strict=True)):
            nn.init.normal_(read.weight, std=z**-0.5)
            nn.init.zeros_(write.weight)
            self.register_buffer(f"whiten_{i}", torch.eye(read.out_features))
            self.register_buffer(f"scale_{i}", torch.ones(()))
            self.register_buffer(f"share_{i}", torch.ones(()))
        self.reads, self.writes = nn.ModuleList(reads), nn.ModuleList(writes)
        # The attention's projections are every second one: what its heads write is at hand.
        looks = [nn.Linear(z, shape.values * read.out_features) for read in reads[::2]]
        for look in looks:
            nn.init.zeros_(look.weight)
            nn.init.zeros_(look.bias)
        self.looks = nn.ModuleList(looks)

    def forward(self, states: Sequence[Tensor]) -> list[list[Factors]]:
        """Whitened factors, for each manifesto's states [n, S + V, D] those of each projection."""
        sizes = [len(one) for one in states]
        z = self._encoded([one[:, : self.shape.streams] for one in states])
        values = torch.cat([one[:, self.shape.streams :] for one in states])
        per_site = [self._site(i, z, values) for i in range(len(self.shape.sites))]
        return [list(own) for own in zip(*(_split(one, sizes) for one in per_site), strict=True)]

    def _encoded(self, streams: Sequence[Tensor]) -> Tensor:
        """z [sum n, Z]."""
        padded = nn.utils.rnn.pad_sequence(list(streams), batch_first=True)
        sizes = torch.tensor([len(one) for one in streams], device=padded.device)
        pads = torch.arange(padded.shape[1], device=padded.device)[None] >= sizes[:, None]
        x = self.enter(functional.layer_norm(padded, (self.shape.width,)).flatten(2))
        for layer in self.mix:
            x = layer(x, src_key_padding_mask=pads)
        left: Tensor = self.leave(x)[~pads]
        return left

    def _site(self, i: int, z: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """u [sum n, K, D] and v [sum n, K, F] of a projection."""
        up = self.writes[i](z)[:, None] * (self.get_buffer(f"scale_{i}") / FEW)
        down = self.reads[i](z)[:, None]
        heads = self.shape.values
        if heads and i % 2 == 0:
            own = values[:, i // 2 * heads : (i // 2 + 1) * heads]
            up = torch.cat([up, own * self.get_buffer(f"share_{i}")], 1)
            down = torch.cat([down, self.looks[i // 2](z).unflatten(1, (heads, -1)) / 4], 1)
        return up, down * down.shape[-1] ** -0.5

    def plain(self, site: int, factors: Factors) -> Factors:
        """Whitened factors as those of the projection's own features."""
        return Factors(factors.up, factors.down @ self.get_buffer(f"whiten_{site}"))

    def calibrate(
        self, site: int, read: Tensor, stream: Tensor, missing: Tensor, ridge: float
    ) -> None:
        """Whiten by features [N, F], and scale by what is missing behind the site: the stream's
        rows [N, D] and the share of their square that the base lacks."""
        s = (read.T @ read / len(read)).double()
        values, vectors = torch.linalg.eigh(s)
        root = (values.clamp(min=0) + penalty(s, ridge)).rsqrt()
        self.get_buffer(f"whiten_{site}").copy_(((vectors * root) @ vectors.T).float())
        self.get_buffer(f"scale_{site}").copy_((missing * stream.square().mean()).sqrt())
        self.get_buffer(f"share_{site}").copy_(missing.sqrt())


def _split(site: tuple[Tensor, Tensor], sizes: Sequence[int]) -> list[Factors]:
    """The factors of a projection, manifesto by manifesto."""
    pairs = zip(site[0].split(list(sizes)), site[1].split(list(sizes)), strict=True)
    return [Factors(up.flatten(0, 1).T, down.flatten(0, 1)) for up, down in pairs]


def patched(read: Tensor, factors: Sequence[Factors], sizes: Sequence[int]) -> Tensor:
    """What factors add [N, D] for what a projection reads, manifesto by manifesto."""
    parts = read.reshape(-1, read.shape[-1]).float().split(list(sizes))
    own = [(x @ f.down.T) @ f.up.T for x, f in zip(parts, factors, strict=True)]
    return torch.cat(own).float()


@contextmanager
def added(
    policy: Policy, network: Hyper, factors: Sequence[Sequence[Factors]], sizes: Sequence[int]
) -> Iterator[None]:
    """Inside, the grid's flat tokens, `sizes` of them for each manifesto, pass its factors too.

    Every projection has to see all of them: read states with `policy.hidden(forest)`.
    """

    def hook(site: int) -> Any:
        plain = [network.plain(site, own[site]) for own in factors]

        def add(module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> Tensor:
            return out + patched(args[0], plain, sizes).reshape(out.shape).to(out)

        return add

    with ExitStack() as hooks:
        for i, name in enumerate(network.shape.sites):
            module = policy.model.get_submodule(name)
            hooks.callback(module.register_forward_hook(hook(i)).remove)
        yield


def write_layer(network: Hyper, prefix: Sequence[int], layer: Layer) -> None:
    """Set the layer to what the network says to a manifesto's tokens, at the layer's rank."""
    layer.clear()
    with torch.no_grad(), layer.off():
        (own,) = network(states_of(layer.policy, [prefix]))
        for i, name in enumerate(network.shape.sites):
            ones = own[i].down.new_ones(own[i].down.shape[1])
            thin = narrowed(own[i], own[i].down.T, ones, layer.rank)
            layer.set(name, network.plain(i, thin))


def save(network: Hyper, folder: Path, base: str) -> None:
    """Write hyper.safetensors; `base` is the digest of the weights that it was trained for."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"base": base, "shape": json.dumps(asdict(network.shape))}
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, folder / FILE, metadata=told)


def load(folder: Path, base: str) -> Hyper:
    """The network in a folder. UserError where there is none, or one of other weights."""
    path = folder / FILE
    if not path.is_file():
        raise UserError("no hypernetwork here", where=str(folder), fix="train one first")
    with safe_open(path, "pt") as file:
        told = file.metadata()
        if told["base"] != base:
            raise UserError(
                "this hypernetwork was trained for other weights",
                where=str(folder),
                fix="train one on this base, or use --mode compile",
            )
        made = json.loads(told["shape"])
        made["sites"] = {name: tuple(pair) for name, pair in made["sites"].items()}
        network = Hyper(Shape(**made))
        network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    return network.eval()
