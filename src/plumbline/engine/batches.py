"""From rendered examples to micro-batches: a forest of tokens and the columns an objective reads.

An optimizer step is a list of items. It is cut into micro-batches by a budget of grid tokens, items
of like size together; since objectives return sums and counts, the cut never changes the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import torch

from plumbline.core.types import Example
from plumbline.objectives.base import Batch
from plumbline.text.forest import Forest, TokenTree, grow

T = TypeVar("T")

Grow = Callable[[Sequence[TokenTree]], Forest]
"""How trees become a forest: `Policy.grow` knows which layout a model takes."""


@dataclass(frozen=True)
class Item:
    """An example in tokens. `extra` holds columns by row that a pass without gradient made.

    extra["ref_logp"][k] is an array [T_k] for completion k; the same for any other token column.
    """

    tree: TokenTree
    example: Example
    extra: Mapping[str, tuple[np.ndarray, ...]] = field(default_factory=dict)

    def with_extra(self, name: str, rows: tuple[np.ndarray, ...]) -> Item:
        return replace(self, extra={**self.extra, name: rows})


@dataclass(frozen=True)
class Micro:
    """What one forward pass takes: a forest and its columns."""

    forest: Forest
    batch: Batch

    def with_columns(self, **columns: torch.Tensor) -> Micro:
        return Micro(self.forest, replace(self.batch, columns={**self.batch.columns, **columns}))


def cut(items: Sequence[Item], budget: int, *, share: bool = True) -> list[list[Item]]:
    """Group items so that each group's grid stays within about `budget` tokens, longest first.

    A forest's grid is nearly full, so its trees' sizes add up; rows are padded to the longest. An
    item over the budget stands alone.
    """
    order = sorted(range(len(items)), key=lambda i: (-_width(items[i].tree, share), i))
    groups: list[list[Item]] = []
    used, width = 0, 0
    for i in order:
        tree = items[i].tree
        own = tree.size() if share else len(tree.completions) * width
        if not groups or used + own > budget:
            groups.append([])
            used, width = 0, _width(tree, share)
            own = tree.size() if share else len(tree.completions) * width
        groups[-1].append(items[i])
        used += own
    return groups


def _width(tree: TokenTree, share: bool) -> int:
    """Length of the grid row that a tree asks for."""
    return tree.size() if share else tree.longest()


def collate(items: Sequence[Item], grow: Grow = grow, *, device: str = "cpu") -> Micro:
    """One micro-batch of `items`; rows are numbered through the items' completions in order."""
    forest = grow([item.tree for item in items])
    row = torch.from_numpy(forest.row).to(device)
    columns = {**_row_columns(items), **_pair_columns(items)}
    tensors = {name: torch.from_numpy(value).to(device) for name, value in columns.items()}
    tensors["token_weight"] = tensors["row_weight"][row]
    tensors["target"] = torch.from_numpy(forest.target).to(device)
    tensors.update(_extra_columns(items, device))
    return Micro(forest, Batch(forest.rows, row, tensors))


def _row_columns(items: Sequence[Item]) -> dict[str, np.ndarray]:
    weight, sets, tier, label = [], [], [], []
    for number, item in enumerate(items):
        example = item.example
        count = len(item.tree.completions)
        weight += [example.weight] * count
        sets += [number] * count
        tier += _tiers(example, count)
        label += [float(good) for good in example.labels] or [1.0] * count
    return {
        "row_weight": np.array(weight, np.float32),
        "set": np.array(sets, np.int64),
        "tier": np.array(tier, np.int64),
        "label": np.array(label, np.float32),
    }


def _tiers(example: Example, count: int) -> list[int]:
    """Tier number of each completion (0 best); 0 throughout where there is no ranking."""
    tiers = [0] * count
    for number, members in enumerate(example.tiers):
        for k in members:
            tiers[k] = number
    return tiers


def _pair_columns(items: Sequence[Item]) -> dict[str, np.ndarray]:
    pairs, p, margin, weight = [], [], [], []
    first = 0
    for item in items:
        for pair in item.example.pairs:
            pairs.append((first + pair.winner, first + pair.loser))
            p.append(pair.p)
            margin.append(pair.margin)
            weight.append(pair.weight * item.example.weight)
        first += len(item.tree.completions)
    return {
        "pair": np.array(pairs, np.int64).reshape(-1, 2),
        "p": np.array(p, np.float32),
        "margin": np.array(margin, np.float32),
        "pair_weight": np.array(weight, np.float32),
    }


def _extra_columns(items: Sequence[Item], device: str) -> dict[str, torch.Tensor]:
    names = {name for item in items for name in item.extra}
    made = {}
    for name in names:
        assert all(name in item.extra for item in items), f"column {name} is missing on some items"
        parts = [rows for item in items for rows in item.extra[name]]
        made[name] = torch.from_numpy(np.concatenate(parts)).to(device)
    return made


def in_order(items: Sequence[Item], parts: Iterable[tuple[Sequence[Item], Iterable[T]]]) -> list[T]:
    """What was found for each completion, in the order of `items`: `parts` are micro-batches, which
    hold them in another order, with one thing a completion."""
    place = {id(item): i for i, item in enumerate(items)}
    found: list[list[T]] = [[] for _ in items]
    for group, rows in parts:
        left = iter(rows)
        for item in group:
            found[place[id(item)]] = [next(left) for _ in item.tree.completions]
    return [row for own in found for row in own]
