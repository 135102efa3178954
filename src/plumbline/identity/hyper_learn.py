"""Training the network that writes layers: distillation over many manifestos.

    L = mean over answer tokens of KL(teacher || student)

The teacher is the base with a manifesto in its prompt, the student the base with the layer that the
network writes for it. One pass of the teacher gives both its distributions and the states that the
network reads, so a step costs little more than one of `distill`, and no manifesto has to be seen
twice. Only the network is trained.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from plumbline.core.errors import UserError
from plumbline.identity.hyper import Hyper, added
from plumbline.identity.hyper_read import watched
from plumbline.identity.probes import Probe, trees
from plumbline.models.policy import Policy
from plumbline.objectives.distill import divergence
from plumbline.text.forest import Forest


class Lessons:
    """The probes of some manifestos, a tree each, on both sides.

    groups: one manifesto's probes each, which all have its tokens before them. UserError for a
    model whose forest is no line.
    """

    def __init__(self, policy: Policy, groups: Sequence[Sequence[Probe]]) -> None:
        if not policy.route.paths:
            raise UserError(
                f"a hypernetwork is trained on one row of tokens: {policy.path_note}",
                fix="use --mode compile",
            )
        self.policy = policy
        told, bare = (
            [trees(one, told=side, answers=True) for one in groups] for side in (True, False)
        )
        assert all(len(one) == 1 for one in [*told, *bare]), "one tree a manifesto"
        self.told, self.bare = (policy.grow([t for (t,) in side]) for side in (told, bare))
        self.prefixes = [one[0].told for one in groups]
        self.sizes = [tree.size() for (tree,) in bare]
        self._starts = np.cumsum([0, *(tree.size() for (tree,) in told)])
        self.told_rows = _suffixes(self.told, [len(one[0].told) for one in groups])
        self.bare_rows = _suffixes(self.bare, [len(one[0].bare) for one in groups])
        found = [probe.weight for one in groups for probe in one]
        self.weights = torch.from_numpy(np.concatenate(found)).float()

    def teacher(self) -> tuple[Tensor, list[Tensor]]:
        """Log-probabilities [T, V] of the base that reads the manifestos, and its states over
        each [n, S + V, D]."""
        with torch.no_grad(), watched(self.policy) as seen:
            logp = _said(self.policy, self.told)
        return logp, self.states(seen.joined)

    def states(self, joined: Tensor) -> list[Tensor]:
        """Of all the told tokens' states those over each manifesto [n, S + V, D]."""
        pairs = zip(self._starts, self.prefixes, strict=False)
        return [joined[start : start + len(ids)] for start, ids in pairs]

    def base(self) -> Tensor:
        """Log-probabilities [T, V] without manifestos."""
        with torch.no_grad():
            return _said(self.policy, self.bare)

    def student(self, network: Hyper, states: Sequence[Tensor]) -> Tensor:
        """Log-probabilities [T, V] with the layers that the network writes."""
        with added(self.policy, network, network(states), self.sizes):
            return _said(self.policy, self.bare)


def loss(network: Hyper, lessons: Lessons) -> Tensor:
    """KL(teacher || student) in nats a token; its gradient reaches the network."""
    logp, states = lessons.teacher()
    return divergence(logp, lessons.student(network, states)).mean()


def _said(policy: Policy, forest: Forest) -> Tensor:
    """Log-probabilities [T, V]. `policy.distributions` would leave tokens out in the last block,
    and factors go by their places."""
    at = torch.from_numpy(forest.at).to(policy.device)
    with policy.autocast():
        states = policy.hidden(forest).index_select(0, at)
        return policy.read_out(states).log_softmax(-1)


def _suffixes(forest: Forest, before: Sequence[int]) -> Tensor:
    """Flat indices of the tokens behind what each tree begins with."""
    kept, start = [], 0
    for (prompt, own), first in zip(forest.trees, before, strict=True):
        stop = start + prompt + sum(own)
        kept.append(np.arange(start + first, stop))
        start = stop
    return torch.from_numpy(np.concatenate(kept))
