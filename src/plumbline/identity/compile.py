"""An adapter in closed form: the model with the manifesto read, written into its projections.

The teacher reads a manifesto before each probe, the student does not. Block by block, the student's
states coming from blocks that are patched already, the *total* remaining error of the stream

    t = x_teacher - x_student

is fitted on what the projection there reads: first the attention's last projection (on the heads'
outputs z), then the feed-forward layer's (on its hidden values h), each by reduced-rank ridge
regression (`ridge`). So every later fit also mends what the earlier ones left. All of it is one
forward pass of each side: the student's fits its own patches as it goes.

That a context acts on a block like a patch of low rank of its weights: Dherin et al. 2025,
arXiv:2507.16003. There it is exact for one token; here one patch has to serve all tokens.

Rows count as `probes` says, divided by |x_teacher|^2, so that a late block's long vectors count no
more than an early one's. Behind a norm (`blocks`) the error is carried back through it,

    y = g o / rms(o):   tau = rms(o) t / g  less its part along o, which no norm lets through,

to first order. Shapes: N rows (the suffixes' tokens), D width, F a projection's inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from plumbline.core.errors import UserError
from plumbline.identity import ridge
from plumbline.identity.blocks import Block, blocks_of
from plumbline.identity.layer import Layer
from plumbline.identity.probes import Probe, trees
from plumbline.identity.ridge import Factors
from plumbline.models.policy import Policy
from plumbline.text.forest import Forest

Hook = Any


@dataclass
class _Site:
    """What passes a projection: where the stream was before, and the scale of what is added."""

    x: Tensor = field(default_factory=lambda: torch.zeros(0))
    added: list[Tensor] = field(default_factory=list)


@dataclass(frozen=True)
class States:
    """The teacher's stream [N, D] behind a block's attention and behind the block; and c."""

    mid: Tensor
    out: Tensor
    scale: float


def rows_of(forest: Forest, probes: Sequence[Probe]) -> Tensor:
    """Flat indices [N] of the suffixes' tokens, probe by probe, where all that can is trained."""
    found = []
    for row, one in enumerate(probes):
        # `at` are parents of trained tokens: of the second token on they are the suffix itself.
        parents = forest.at[forest.row == row]
        found += [parents[len(parents) + 1 - len(one.suffix) :], forest.last[row : row + 1]]
    return torch.from_numpy(np.concatenate(found))


def teacher_states(policy: Policy, probes: Sequence[Probe], layer: Layer) -> list[States]:
    """The streams of the model that reads the manifesto, its own layer off."""
    forest = policy.grow(trees(probes, told=True, answers=False))
    rows = rows_of(forest, probes).to(policy.device)
    found: list[States] = []
    with layer.off(), torch.no_grad(), ExitStack() as hooks:
        for block in blocks_of(policy.model):
            hooks.enter_context(_watched(policy, block, rows, found))
        policy.hidden(forest)
    return found


@contextmanager
def _watched(policy: Policy, block: Block, rows: Tensor, found: list[States]) -> Iterator[None]:
    site = _Site()

    def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        site.x, site.added = _rows(_stream(args, kwargs), rows), []

    def adds(module: nn.Module, args: tuple[Any, ...], out: Tensor) -> None:
        site.added.append(_rows(out, rows))

    def after(module: nn.Module, args: tuple[Any, ...], out: Any) -> None:
        end = _rows(out[0] if isinstance(out, tuple) else out, rows)
        found.append(_states(policy, site, end))

    writers = block.norms or tuple(policy.model.get_submodule(name) for name in block.names)
    with _hooks(
        block.module.register_forward_pre_hook(before, with_kwargs=True),
        *(writer.register_forward_hook(adds) for writer in writers),
        block.module.register_forward_hook(after),
    ):
        yield


def _states(policy: Policy, site: _Site, end: Tensor) -> States:
    """Read the scale off, and check that the block adds these two things and no other."""
    first, second = site.added
    both, moved = first + second, end - site.x
    scale = float((both * moved).sum() / both.square().sum().clamp(min=1e-30))
    left = float((moved - scale * both).norm() / moved.norm().clamp(min=1e-30))
    if left > 0.02:
        raise UserError(
            f"a block of {policy.model.config.model_type!r} adds more to its stream than its two"
            f" projections ({left:.0%} is left)",
            fix="use --mode prompt, or --mode distill",
        )
    return States(site.x + scale * first, end, scale)


def compile_layer(
    policy: Policy,
    probes: Sequence[Probe],
    layer: Layer,
    *,
    l0: float = ridge.RIDGE,
    targets: Sequence[States] | None = None,
    before: Mapping[str, Factors] | None = None,
) -> list[Tensor]:
    """Fit the layer, in place; `probes` in the order of `probes.ordered`; `before`: the factors of
    an identity that is refined, by projection.

    Comes back: the student's stream [N, D] behind each block, as the sweep left it.
    """
    told = targets or teacher_states(policy, probes, layer)
    forest = policy.grow(trees(probes, told=False, answers=False))
    rows = rows_of(forest, probes).to(policy.device)
    counts = torch.cat([torch.from_numpy(one.weight) for one in probes]).float().to(policy.device)
    given = before or {}

    def solve(name: str, read: Tensor, error: Tensor, weights: Tensor) -> Factors:
        return ridge.fitted(read, error, weights, layer.rank, l0, given.get(name))

    layer.clear()
    reached: list[Tensor] = []
    with torch.no_grad(), ExitStack() as hooks:
        for block, goal in zip(blocks_of(policy.model), told, strict=True):
            fitting = _fitted(policy, block, goal, rows, counts, layer, solve, reached)
            hooks.enter_context(fitting)
        policy.hidden(forest)
    return reached


@contextmanager
def _fitted(
    policy: Policy,
    block: Block,
    goal: States,
    rows: Tensor,
    counts: Tensor,
    layer: Layer,
    solve: Callable[[str, Tensor, Tensor, Tensor], Factors],
    reached: list[Tensor],
) -> Iterator[None]:
    """Inside, the block's projections fit themselves when they are first passed."""
    now = torch.zeros(0)

    def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        nonlocal now
        now = _rows(_stream(args, kwargs), rows)

    def fit(index: int) -> Hook:
        norm = block.norms[index] if block.norms else None
        name, wanted = block.names[index], (goal.mid, goal.out)[index]

        def hook(module: nn.Module, args: tuple[Any, ...], out: Tensor) -> Tensor:
            nonlocal now
            read, said = _rows(args[0], rows), _rows(out, rows)
            weights = counts / wanted.square().sum(1).clamp(min=1e-12)
            error = (wanted - now) / goal.scale - (said if norm is None else norm(said))
            if norm is not None:
                error, weights = _through(norm, said, error, weights)
            layer.set(name, solve(name, read, error, weights))
            patched = out + layer.adds(name, args[0]).to(out)
            last = _rows(patched, rows)
            now = now + goal.scale * (last if norm is None else norm(last))
            if index == 1:
                reached.append(now)
            return patched

        return hook

    modules = [policy.model.get_submodule(name) for name in block.names]
    with _hooks(
        block.module.register_forward_pre_hook(before, with_kwargs=True),
        *(module.register_forward_hook(fit(i)) for i, module in enumerate(modules)),
    ):
        yield


def _through(
    norm: nn.Module, said: Tensor, error: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """An error behind a norm as one before it, and the rows' weights in its units."""
    gain = norm(torch.ones_like(said[:1]))
    size = said.square().mean(1, keepdim=True).sqrt()
    back = size * error * gain / (gain.square() + 1e-2 * gain.square().mean())
    along = (said * back).sum(1, keepdim=True) / said.square().sum(1, keepdim=True).clamp(min=1e-30)
    return back - along * said, weights / size[:, 0].square().clamp(min=1e-12)


def _stream(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    stream = args[0] if args else kwargs["hidden_states"]
    assert isinstance(stream, Tensor)
    return stream


def _rows(states: Tensor, rows: Tensor) -> Tensor:
    """The rows [N, D] of a grid's states, in fp32."""
    return states.detach().reshape(-1, states.shape[-1]).index_select(0, rows).float()


@contextmanager
def _hooks(*handles: Any) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
