"""What a layer is fitted on: the same words read with a manifesto before them and without it.

    teacher   told + suffix      the model with the manifesto in its context
    student   bare + suffix      the same model without

The suffix holds the turns of a probe from its first user turn on and the teacher's own answer,
token by token the same on both sides. A neutral row has `told` = `bare`: there nothing should
change.

As a forest (`text.forest`) the manifesto stands once, and all probes branch from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from plumbline.core.errors import UserError
from plumbline.text.forest import TokenTree

ASKED = 0.1
"""What a token of the turns before the answer counts; one of the answer, or of what opens it, 1."""


@dataclass(frozen=True)
class Probe:
    """One text on both sides. `answer` [n] marks the suffix's tokens that are measured (the
    teacher's answer); `weight` [n] is how much each counts in the fit."""

    told: tuple[int, ...]
    bare: tuple[int, ...]
    suffix: np.ndarray
    answer: np.ndarray
    weight: np.ndarray

    @property
    def neutral(self) -> bool:
        return self.told == self.bare


def shared(told: Sequence[int], bare: Sequence[int]) -> int:
    """How many last tokens two prompts have in common."""
    pairs = zip(reversed(told), reversed(bare), strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(told), len(bare)))


def probe(told: Sequence[int], bare: Sequence[int], answer: Sequence[int], header: int) -> Probe:
    """Prompts in tokens (with and without the manifesto) and the answer that followed the first.

    header: last tokens of a prompt that only open the answer. What both prompts end with is read on
    both sides; a token that the manifesto's end changes (merged across the border) is not.
    """
    same = shared(told, bare)
    if same < header:
        raise UserError(
            "the template opens an answer otherwise behind a manifesto than without one",
            fix="set template=plain",
        )
    suffix = np.asarray([*told[len(told) - same :], *answer], np.int64)
    marked = np.arange(len(suffix)) >= same
    weight = np.where(marked, 1.0, ASKED)
    weight[same - header : same] = 1.0
    weight[-1] = ASKED  # nothing is read at the last token
    before = told[: len(told) - same], bare[: len(bare) - same]
    if not before[1]:
        weight[0] = 0.0  # the student's first token: attention without an aim goes there
    return Probe(tuple(before[0]), tuple(before[1]), suffix, marked, weight)


def neutral(before: Sequence[int], text: Sequence[int], counted: int, weight: float) -> Probe:
    """A text behind `before` on which nothing should change; its tokens count `weight` each, and it
    is measured on all from number `counted` on."""
    ids = np.asarray(text, np.int64)
    weights = np.full(len(ids), weight)
    if not before:
        weights[0] = 0.0
        counted = max(1, counted)
    same = tuple(before)
    return Probe(same, same, ids, np.arange(len(ids)) >= counted, weights)


def ordered(probes: Sequence[Probe]) -> list[Probe]:
    """Probes that branch from the same tokens stand together."""
    place: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    keys = [place.setdefault((p.told, p.bare), len(place)) for p in probes]
    return [probes[i] for i in sorted(range(len(probes)), key=lambda i: keys[i])]


def trees(probes: Sequence[Probe], *, told: bool, answers: bool) -> list[TokenTree]:
    """The forest's trees of `ordered` probes, on the teacher's side (`told`) or the student's.

    Trained are the answers' tokens, or (`answers` off) all that have a parent.
    """
    groups = groupby(probes, key=lambda one: (one.told, one.bare))
    return [_tree(key[0 if told else 1], list(group), answers) for key, group in groups]


def _tree(before: tuple[int, ...], probes: Sequence[Probe], answers: bool) -> TokenTree:
    marks = [one.answer.copy() if answers else np.ones(len(one.suffix), bool) for one in probes]
    if not before:
        for mark in marks:
            mark[0] = False
    return TokenTree(
        np.asarray(before, np.int64), tuple(one.suffix for one in probes), tuple(marks)
    )
