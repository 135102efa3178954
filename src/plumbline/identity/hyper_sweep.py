"""First lessons of the network that writes layers: the closed form's own loss.

Block by block, on the student's stream as earlier patches left it, what of the teacher's stream is
still missing (see `compile`), where the patch is the network's:

    L = mean over projections of sum_i w_i |t_i - Delta f_i|^2 / |x_teacher,i|^2

(w_i adds up to 1), in units of what it is without a patch.
Each projection's gradient stays there: f, t and the earlier patches count as given. So nothing goes
backward through the base, and every projection has an aim of its own from the first step on. What
is left to `hyper_learn.loss` is which errors matter to the words.

Left out: norms behind the projections, and blocks that scale what they add.
Shapes: N the suffixes' tokens, D width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from plumbline.core.errors import UserError
from plumbline.identity.blocks import Block, blocks_of, projections
from plumbline.identity.hyper import Hyper, patched
from plumbline.identity.hyper_learn import Lessons
from plumbline.identity.hyper_read import watched
from plumbline.identity.ridge import Factors
from plumbline.models.policy import Policy

Goal = tuple[Tensor, Tensor]
"""The teacher's stream [N, D] behind a block's attention, and behind the block."""


def sweep(network: Hyper, lessons: Lessons) -> Tensor:
    """The loss: over projections, the mean of what is missing in units of what the base lacks."""
    missing = _missing(network, lessons)
    lacked = torch.stack([network.get_buffer(f"share_{i}") for i in range(len(missing))]).square()
    return (missing / lacked).mean()


def _missing(network: Hyper, lessons: Lessons) -> Tensor:
    """The share of the teacher's stream behind each projection. UserError for blocks of another
    form."""
    policy = lessons.policy
    goals, states = _goals(lessons)
    factors = network(states)
    losses: list[Tensor] = []
    with torch.no_grad(), ExitStack() as hooks:
        for i, block in enumerate(blocks_of(policy.model)):
            site = _Site(network, lessons, factors, i, goals[i])
            hooks.enter_context(site.swept(block, losses))
        policy.hidden(lessons.bare)
    return torch.stack(losses)


def calibrate(network: Hyper, some: Sequence[Lessons], ridge: float) -> None:
    """Measure, for a network that writes nothing yet, what the projections read, the streams behind
    them, and what the base lacks there."""
    policy = some[0].policy
    with torch.no_grad(), _read(policy, list(network.shape.sites)) as read:
        streams = []
        for lessons in some:
            with watched(policy) as found:
                policy.hidden(lessons.told)
            streams.append(found.streams)
        missing = torch.stack([_missing(network, lessons) for lessons in some]).mean(0)
    for site, name in enumerate(network.shape.sites):
        behind = torch.cat([found[1 + site // 2][:, 0] for found in streams])
        network.calibrate(site, torch.cat(read[name]), behind, missing[site], ridge)


def _goals(lessons: Lessons) -> tuple[list[Goal], list[Tensor]]:
    """The goals of each block, and the teacher's states over each manifesto."""
    policy, rows = lessons.policy, lessons.told_rows
    added: list[Tensor] = []

    def keep(module: nn.Module, args: Any, out: Tensor) -> None:
        added.append(out.reshape(-1, out.shape[-1])[rows].float())

    with torch.no_grad(), watched(policy) as seen, ExitStack() as hooks:
        for name in projections(policy.model):
            module = policy.model.get_submodule(name)
            hooks.callback(module.register_forward_hook(keep).remove)
        policy.hidden(lessons.told)
    streams = [one[rows, 0] for one in seen.streams]
    goals = []
    for x, end, first, second in zip(streams, streams[1:], added[::2], added[1::2], strict=False):
        if (end - x - first - second).norm() > 0.02 * (end - x).norm():
            raise UserError(
                f"a block of {policy.model.config.model_type!r} does not plainly add what its"
                " projections give",
                fix="use --mode compile",
            )
        goals.append((x + first, end))
    return goals, lessons.states(seen.joined)


@contextmanager
def _read(policy: Policy, names: Sequence[str]) -> Iterator[dict[str, list[Tensor]]]:
    """Inside, what the projections read is kept here, in rows."""
    found: dict[str, list[Tensor]] = {name: [] for name in names}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
            found[name].append(args[0].detach().reshape(-1, args[0].shape[-1]).float())

        return hook

    with ExitStack() as hooks:
        for name in names:
            module = policy.model.get_submodule(name)
            hooks.callback(module.register_forward_hook(keep(name)).remove)
        yield found


class _Site:
    """A block of the student: where its stream is, and what it should be."""

    def __init__(
        self,
        network: Hyper,
        lessons: Lessons,
        factors: Sequence[Sequence[Factors]],
        place: int,
        goal: Goal,
    ) -> None:
        self.network, self.lessons, self.factors = network, lessons, factors
        self.place, self.goal = place, goal
        self.now = torch.zeros(0)

    @contextmanager
    def swept(self, block: Block, losses: list[Tensor]) -> Iterator[None]:
        """Inside, the block's projections are patched, and what they miss joins `losses`."""

        def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            x = args[0] if args else kwargs["hidden_states"]
            self.now = x.reshape(-1, x.shape[-1]).float()

        def patch(half: int) -> Any:
            def hook(module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> Tensor:
                self.now = self.now + out.reshape(self.now.shape).float()
                with torch.enable_grad():
                    more = self._more(half, args[0])
                    losses.append(self._missing(half, more))
                self.now = self.now + more.detach()
                return out + more.detach().reshape(out.shape).to(out)

            return hook

        names = [self.lessons.policy.model.get_submodule(name) for name in block.names]
        with ExitStack() as hooks:
            handle = block.module.register_forward_pre_hook(before, with_kwargs=True)
            hooks.callback(handle.remove)
            for half, module in enumerate(names):
                hooks.callback(module.register_forward_hook(patch(half)).remove)
            yield

    def _more(self, half: int, read: Tensor) -> Tensor:
        """What the network's factors add [B * L, D]."""
        site = 2 * self.place + half
        plain = [self.network.plain(site, own[site]) for own in self.factors]
        return patched(read, plain, self.lessons.sizes)

    def _missing(self, half: int, more: Tensor) -> Tensor:
        """The weighted share of the goal that is not reached."""
        rows, goal, weights = self.lessons.bare_rows, self.goal[half], self.lessons.weights
        missing = (goal - self.now[rows] - more[rows]).square().sum(1)
        return (weights * missing / goal.square().sum(1)).sum() / weights.sum()
