"""The batch is a forest: a prompt stands once and its K completions branch from it.

Tokens stand in depth-first order with `parent`, `depth` and `end`. Three rules replace padding,
shifting and concatenated halves:

- query q sees key k iff k <= q < end[k] (in a windowed layer also depth[q] - depth[k] < window);
- a token's position is its depth;
- the log-probability of token j is read at parent[j].

Trees stand in one row without padding where attention runs tree by tree (`models.paths`). Where it
takes a mask (`models.masks`), they are laid into B rows of like length L: attention then costs
B L^2 instead of (B L)^2. B is the number that makes B L (1 + L / 2048) least: padding costs like
tokens, and at 2048 keys attention costs about as much as all else. Only numpy is used here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ATTENTION = 2048
"""Keys at which attention costs about what the rest of a layer does (4 D a key, 16 D^2 a token)."""


@dataclass(frozen=True)
class TokenTree:
    """One example in tokens. `completions[k]` follows `prompt`; `trained[k]` marks what counts.

    The first token of a tree has no parent and is never trained (mark it False or leave the prompt
    non-empty).
    """

    prompt: np.ndarray
    completions: tuple[np.ndarray, ...]
    trained: tuple[np.ndarray, ...]

    def size(self, share: bool = True) -> int:
        """Tokens this tree takes in a forest (shared prompt) or as separate rows."""
        own = sum(len(c) for c in self.completions)
        return own + len(self.prompt) * (1 if share else len(self.completions))

    def only(self, kept: Sequence[int]) -> TokenTree:
        """The same prompt with some of its completions."""
        trained = tuple(self.trained[k] for k in kept)
        return TokenTree(self.prompt, tuple(self.completions[k] for k in kept), trained)

    def shape(self) -> tuple[int, tuple[int, ...]]:
        """Lengths in tokens of the prompt and of each completion."""
        return len(self.prompt), tuple(len(c) for c in self.completions)

    def longest(self) -> int:
        """Length in tokens of the longest path (prompt and one completion)."""
        return len(self.prompt) + max(len(c) for c in self.completions)


@dataclass(frozen=True)
class Forest:
    """A packed micro-batch. Grid arrays are [B, L]; flat indices run over B * L.

    tokens, parent, depth, end: the grid (parent -1 at roots; pads see only themselves).
    at, target, row: for each of the T trained tokens the flat index of its parent, its token id,
    and its completion's index in the micro-batch (0..R-1, in the order trees were given).
    last: flat index of each completion's last token [R]. shared: whether prompts stand once.
    trees: lengths of the prompt and the completions of each tree, in the grid's order.
    """

    tokens: np.ndarray
    parent: np.ndarray
    depth: np.ndarray
    end: np.ndarray
    real: np.ndarray
    at: np.ndarray
    target: np.ndarray
    row: np.ndarray
    last: np.ndarray
    shared: bool
    trees: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @property
    def rows(self) -> int:
        return len(self.last)

    @property
    def size(self) -> int:
        """Tokens in the grid that are not padding."""
        return int(self.real.sum())


def split_rows(tree: TokenTree) -> list[TokenTree]:
    """The same completions as trees of one path each (the fallback where a forest is wrong)."""
    return [
        TokenTree(tree.prompt, (c,), (t,))
        for c, t in zip(tree.completions, tree.trained, strict=True)
    ]


def bins(sizes: Sequence[int], rows: int) -> list[list[int]]:
    """`rows` groups of indices of like total size: largest first, each to the emptiest group."""
    groups: list[list[int]] = [[] for _ in range(rows)]
    filled = [0] * rows
    for i in sorted(range(len(sizes)), key=lambda i: (-sizes[i], i)):
        g = filled.index(min(filled))
        groups[g].append(i)
        filled[g] += sizes[i]
    return groups


def grow(trees: Sequence[TokenTree], *, share: bool = True, line: bool = False) -> Forest:
    """Lay `trees` into one forest.

    share=False puts every completion on a row of its own, left-aligned, for plain causal models;
    line=True all trees into one row, for attention that runs tree by tree.
    Rows of the micro-batch count completions in the order given, whatever the layout.
    """
    pieces = [(tree, first) for tree, first in zip(trees, _first_rows(trees), strict=True)]
    if not share:
        pieces = [
            (single, first + k)
            for tree, first in pieces
            for k, single in enumerate(split_rows(tree))
        ]
    sizes = [tree.size() for tree, _ in pieces]
    if not share:
        return _lay(pieces, [[i] for i in range(len(pieces))], max(sizes), share)
    groups, width = ([list(range(len(sizes)))], sum(sizes)) if line else layout(sizes)
    return _lay(pieces, groups, width, share)


def layout(sizes: Sequence[int]) -> tuple[list[list[int]], int]:
    """The groups of trees that share a grid row, and the width of the grid, at least cost."""
    found = []
    for rows in range(1, len(sizes) + 1):
        groups = bins(sizes, rows)
        width = max(sum(sizes[i] for i in group) for group in groups)
        found.append((rows * width * (1 + width / ATTENTION), width, groups))
    _, width, groups = min(found, key=lambda one: one[:2])
    return groups, width


def _first_rows(trees: Sequence[TokenTree]) -> list[int]:
    counts = [len(tree.completions) for tree in trees]
    return [sum(counts[:i]) for i in range(len(counts))]


def _lay(
    pieces: list[tuple[TokenTree, int]], groups: list[list[int]], width: int, share: bool
) -> Forest:
    shape = (len(groups), width)
    tokens, depth = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    parent = np.full(shape, -1, np.int64)
    end = np.broadcast_to(np.arange(1, width + 1), shape).copy()
    real = np.zeros(shape, bool)
    at, target, row = [], [], []
    last = np.zeros(sum(len(tree.completions) for tree, _ in pieces), np.int64)
    laid = tuple(pieces[i][0].shape() for group in groups for i in group)
    for b, group in enumerate(groups):
        start = 0
        for i in group:
            tree, first = pieces[i]
            stop = start + tree.size()
            _write(tree, start, tokens[b], parent[b], depth[b], end[b])
            real[b, start:stop] = True
            head = start + len(tree.prompt)
            for k, (ids, mask) in enumerate(zip(tree.completions, tree.trained, strict=True)):
                where = head + np.flatnonzero(mask)
                at.append(b * width + parent[b, where])
                target.append(ids[np.flatnonzero(mask)])
                row.append(np.full(len(where), first + k))
                head += len(ids)
                last[first + k] = b * width + head - 1
            start = stop
    heads, targets, rows = (np.concatenate(part).astype(np.int64) for part in (at, target, row))
    by_row = np.argsort(rows, kind="stable")
    trained = heads[by_row], targets[by_row], rows[by_row]
    return Forest(tokens, parent, depth, end, real, *trained, last, share, laid)


def _write(
    tree: TokenTree,
    start: int,
    tokens: np.ndarray,
    parent: np.ndarray,
    depth: np.ndarray,
    end: np.ndarray,
) -> None:
    """One tree into one row of the grid, from `start`."""
    p, stop = len(tree.prompt), start + tree.size()
    trunk = slice(start, start + p)
    tokens[trunk], end[trunk] = tree.prompt, stop
    depth[trunk] = np.arange(p)
    parent[trunk] = np.arange(start - 1, start + p - 1)
    if p:
        parent[start] = -1
    head = start + p
    for ids in tree.completions:
        branch = slice(head, head + len(ids))
        tokens[branch], end[branch] = ids, head + len(ids)
        depth[branch] = p + np.arange(len(ids))
        parent[branch] = np.arange(head - 1, head + len(ids) - 1)
        parent[head] = start + p - 1 if p else -1
        head += len(ids)
