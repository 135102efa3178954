"""Every way in which some options may be written in tokens, as one tree.

A form ("10") may be one token or several ("1", "0"); each cutting into the vocabulary's pieces is a
path of the tree, and a model that reads along the tree gives each step's log-probability. An option
owns the ends of its forms' paths:

    mass(option) = sum over ends it owns of P(path) - sum over the ends of others right below

so a path that goes on from another one of the same option counts once, and what is written as "10"
is no "1". Only places where something follows are fed to the model; what follows them is read
there, all of it at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np

from plumbline.core.errors import UserError
from plumbline.feedback.judging.judge import Forms
from plumbline.feedback.judging.weighing import NEVER
from plumbline.stages.serving.words import BYTE, Spelling
from plumbline.text.tokenizer import Tok

MOST = 4096
"""Ways of writing one form beyond which it is too long for an option."""
MARK = 2
"""Characters by which vocabularies mark a piece as the beginning or the middle of a word."""

Path = tuple[int, ...]
Pieces = Mapping[bytes, Sequence[int]]


class Ways:
    """The tree of some options.

    branches: paths to be fed behind a text. asked[b][t]: the ids whose log-probability is read in
    the place of token t of branch b. `masses` turns what was read into probabilities.
    """

    def __init__(self, options: Sequence[Forms], pieces: Pieces) -> None:
        owner = _owners(options, pieces)
        nodes = {path[:n] for path in owner for n in range(1, len(path) + 1)}
        below: dict[Path, list[int]] = {}
        for path in sorted(nodes):
            below.setdefault(path[:-1], []).append(path[-1])
        ends = [at for at in below if not any((*at, i) in below for i in below[at])]
        self.branches = tuple((*at, below[at][0]) for at in ends)
        self.asked = tuple(
            tuple(tuple(below[branch[:t]]) for t in range(len(branch))) for branch in self.branches
        )
        self.longest = max(map(len, self.branches))
        self.width = max(len(ids) for branch in self.asked for ids in branch)
        self._steps, self._signs = self._sums(options, owner)

    def ids(self, width: int) -> list[np.ndarray]:
        """For each branch [T, width] the ids that are asked for; unused places hold 0."""
        found = []
        for branch in self.asked:
            table = np.zeros((len(branch), width), np.int64)
            for t, ids in enumerate(branch):
                table[t, : len(ids)] = ids
            found.append(table)
        return found

    def masses(self, read: np.ndarray) -> np.ndarray:
        """Probabilities of the options [Q, O] from log-probabilities [Q, tokens of all branches,
        width], in nats."""
        steps = read.reshape(len(read), -1)[:, self._places(read.shape[-1])].astype(np.float64)
        masses = np.exp(np.maximum(steps, NEVER) @ self._steps.T) @ self._signs.T
        return np.maximum(masses, 0.0)

    def _places(self, width: int) -> list[int]:
        """Where each step of the tree stands in a flat row of what was read."""
        tokens = [ids for branch in self.asked for ids in branch]
        return [t * width + k for t, ids in enumerate(tokens) for k in range(len(ids))]

    def _sums(
        self, options: Sequence[Forms], owner: Mapping[Path, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which steps each path adds up [E, steps], and its sign for each option [O, E]."""
        step: dict[Path, int] = {}
        number = 0
        for branch, asked in zip(self.branches, self.asked, strict=True):
            for t, ids in enumerate(asked):
                for i in ids:
                    step[(*branch[:t], i)] = number
                    number += 1
        steps = np.zeros((len(owner), number))
        signs = np.zeros((len(options), len(owner)))
        for row, (path, own) in enumerate(owner.items()):
            steps[row, [step[path[:n]] for n in range(1, len(path) + 1)]] = 1
            above = _above(path, owner)
            if above != own:
                signs[own, row] = 1
                if above is not None:
                    signs[above, row] = -1
        return steps, signs


def _above(path: Path, owner: Mapping[Path, int]) -> int | None:
    """Whose form a path goes on from."""
    shorter = (path[:n] for n in range(len(path) - 1, 0, -1))
    return next((owner[one] for one in shorter if one in owner), None)


def _owners(options: Sequence[Forms], pieces: Pieces) -> dict[Path, int]:
    """The option that each written form belongs to."""
    found: dict[Path, int] = {}
    for number, forms in enumerate(options):
        if not forms or not all(forms):
            raise UserError("an option without words", fix="give each option its spellings")
        for form in forms:
            for path in written(form, pieces):
                if found.setdefault(path, number) != number:
                    fix = "give each option spellings of its own"
                    raise UserError(f"two options are written {form!r}", fix=fix)
    return found


def written(form: str, pieces: Pieces) -> list[Path]:
    """All sequences of pieces that spell a form. UserError where there is none, or too many."""
    text = form.encode()
    counts = [1] + [0] * len(text)
    for end in range(1, len(text) + 1):
        counts[end] = sum(
            counts[at] * len(pieces.get(text[at:end], ())) for at in range(end)
        )  # fmt: skip
    if not counts[-1]:
        raise UserError(f"the judge's tokenizer cannot write {form!r}", fix="give another option")
    if counts[-1] > MOST:
        what = f"{form!r} can be written in {counts[-1]} ways"
        raise UserError(what, fix="give a shorter option: a letter, a digit, a short word")
    return list(_cut(text, pieces))


def _cut(text: bytes, pieces: Pieces) -> Iterator[Path]:
    if not text:
        yield ()
    for n in range(1, len(text) + 1):
        for i in pieces.get(text[:n], ()):
            yield from ((i, *rest) for rest in _cut(text[n:], pieces))


class Alphabet:
    """A tokenizer's pieces, looked up by what they add to a text that they continue."""

    def __init__(self, tok: Tok) -> None:
        special = set(tok.special.values())
        self._spelling = Spelling(tok)
        known: dict[str, int] = tok.tokenizer.get_vocab()
        self._known = {raw: i for raw, i in known.items() if i not in special}
        self.ways = lru_cache(maxsize=100)(self._ways)

    def _ways(self, options: tuple[Forms, ...]) -> Ways:
        longest = max((len(form.encode()) for forms in options for form in forms), default=0)
        return Ways(options, self._pieces(longest))

    def _pieces(self, longest: int) -> Pieces:
        """Pieces of at most so many bytes."""
        found: dict[bytes, list[int]] = {}
        for written, i in sorted(self._known.items()):
            if len(written) <= longest + MARK or BYTE.fullmatch(written):
                raw = self._spelling(i).raw
                if raw:
                    found.setdefault(raw, []).append(i)
        return found
