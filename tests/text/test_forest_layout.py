"""The forest's three rules, against the plain rows that every completion stands for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.text.forest import ATTENTION, TokenTree, bins, grow, layout, split_rows


@st.composite
def trees(draw: st.DrawFn) -> list[TokenTree]:
    """Trees of one to four completions; prompts may be empty, then no first token is trained."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        prompt = draw(st.lists(st.integers(0, 99), max_size=6))
        rows = draw(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=6), min_size=1,
                             max_size=4))  # fmt: skip
        marks = [
            np.array(draw(st.lists(st.booleans(), min_size=len(r), max_size=len(r)))) for r in rows
        ]
        if not prompt:
            for mark in marks:
                mark[0] = False
        found.append(TokenTree(np.array(prompt, int), tuple(map(np.array, rows)), tuple(marks)))
    return found


def paths(tree: TokenTree) -> list[tuple[list[int], list[bool]]]:
    """Each completion as a plain row: its tokens and which are trained."""
    prompt = tree.prompt.tolist()
    return [
        (prompt + c.tolist(), [False] * len(prompt) + t.tolist())
        for c, t in zip(tree.completions, tree.trained, strict=True)
    ]


@given(trees(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_row_is_what_its_last_token_sees(some, share):
    forest = grow(some, share=share)
    rows = [path for tree in some for path in paths(tree)]
    assert forest.rows == len(rows)
    width = forest.tokens.shape[1]
    for (ids, _), last in zip(rows, forest.last, strict=True):
        b, q = divmod(int(last), width)
        seen = [k for k in range(width) if k <= q < forest.end[b, k]]
        assert forest.tokens[b, seen].tolist() == ids
        assert forest.depth[b, seen].tolist() == list(range(len(ids)))
        assert forest.parent[b, seen].tolist() == [-1, *seen[:-1]]


@given(trees(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_trained_tokens_are_read_at_their_parents(some, share):
    forest = grow(some, share=share)
    expected = [
        (row, ids[:i], ids[i])
        for row, (ids, marks) in enumerate(path for tree in some for path in paths(tree))
        for i, marked in enumerate(marks)
        if marked
    ]
    width = forest.tokens.shape[1]
    found = []
    for at, target, row in zip(forest.at, forest.target, forest.row, strict=True):
        b, q = divmod(int(at), width)
        before = [int(forest.tokens[b, k]) for k in range(width) if k <= q < forest.end[b, k]]
        found.append((int(row), before, int(target)))
    assert found == expected


@given(trees())
@settings(max_examples=100, deadline=None)
def test_sharing_saves_exactly_the_repeated_prompts(some):
    assert grow(some).size == sum(tree.size() for tree in some)
    assert grow(some, share=False).size == sum(tree.size(share=False) for tree in some)
    assert all(t.size() == t.longest() for tree in some for t in split_rows(tree))


SIZES = st.lists(st.integers(1, 300), min_size=1, max_size=12)


@given(SIZES, st.integers(1, 12))
def test_bins_hold_everything_once_and_are_balanced(sizes, rows):
    groups = bins(sizes, rows)
    assert len(groups) == rows
    assert sorted(i for group in groups for i in group) == list(range(len(sizes)))
    sums = [sum(sizes[i] for i in group) for group in groups]
    assert max(sums) - min(sums) <= max(sizes)


@given(SIZES)
def test_the_layout_holds_every_tree_and_is_no_dearer_than_one_row_or_one_each(sizes):
    groups, width = layout(sizes)
    assert sorted(i for group in groups for i in group) == list(range(len(sizes)))
    assert max(sum(sizes[i] for i in group) for group in groups) == width
    cost = len(groups) * width * (1 + width / ATTENTION)
    assert cost <= sum(sizes) * (1 + sum(sizes) / ATTENTION)
    assert cost <= len(sizes) * max(sizes) * (1 + max(sizes) / ATTENTION)


def test_pads_see_only_themselves():
    tree = TokenTree(np.array([1]), (np.array([2]),), (np.array([True]),))
    longer = TokenTree(np.array([1, 2]), (np.array([3]),), (np.array([True]),))
    forest = grow([tree, longer], share=False)
    (b,), (k,) = np.nonzero(~forest.real)
    assert forest.end[b, k] == k + 1
    assert forest.end[b, :k].max() <= k


@pytest.mark.parametrize("share", [True, False])
def test_order_of_rows_is_the_order_given(share):
    short = TokenTree(np.array([1]), (np.array([2]),), (np.array([True]),))
    long = TokenTree(np.array([1] * 5), (np.array([3] * 5),), (np.ones(5, bool),))
    forest = grow([short, long, short], share=share)
    assert forest.row.tolist() == [0, 1, 1, 1, 1, 1, 2]
    assert forest.target.tolist() == [2, 3, 3, 3, 3, 3, 2]
