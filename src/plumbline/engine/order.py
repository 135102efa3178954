"""Which examples stand in which optimizer step: a function of the seed alone, so it needs no state.

Every epoch is a permutation drawn from (seed, epoch). KTO's mismatched completions come from a
derangement of prompts drawn once an epoch, independent of batch size and shuffling.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np


def steps_in(count: int, batch: int, epochs: float, steps: int | None) -> int:
    """Optimizer steps: `steps` where given, else `epochs` passes (the last batch may be short)."""
    if steps is not None:
        return steps
    per_epoch = ceil(count / batch)
    return max(1, round(per_epoch * epochs))


def members(step: int, count: int, batch: int, seed: int) -> tuple[int, np.ndarray]:
    """The epoch of a step (both from 0) and the indices of its examples."""
    per_epoch = ceil(count / batch)
    epoch, place = divmod(step, per_epoch)
    order = permutation(count, seed, epoch)
    return epoch, order[place * batch : (place + 1) * batch]


def permutation(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch, 1]).permutation(count)


def derangement(groups: Sequence[object], seed: int, epoch: int) -> np.ndarray:
    """For each example the index of one with another prompt (`groups` names the prompts).

    Examples are laid out by group in a random order and each takes the one half the list further
    (or, where that is of the same group, the next of another): with at least two prompts none gets
    its own.
    """
    rng = np.random.default_rng([seed, epoch, 2])
    names = sorted(set(map(str, groups)))
    assert len(names) > 1, "a derangement needs two different prompts"
    rank = dict(zip(names, rng.permutation(len(names)), strict=True))
    shuffled = rng.permutation(len(groups))
    order = np.array(sorted(shuffled, key=lambda i: rank[str(groups[i])]), np.int64)
    partner = np.empty(len(groups), np.int64)
    for place, i in enumerate(order):
        partner[i] = _first_other(order, groups, place)
    return partner


def _first_other(order: np.ndarray, groups: Sequence[object], place: int) -> int:
    """The first example from half the list further on whose group differs."""
    count, own = len(order), str(groups[order[place]])
    for ahead in range(count):
        candidate = order[(place + count // 2 + ahead) % count]
        if str(groups[candidate]) != own:
            return int(candidate)
    raise AssertionError("unreachable: at least two groups")
