"""The pairs of a data file that a judge is to compare, whatever people or models said of them.

A file of comparisons in any form that is understood gives all pairs of the answers that are ranked;
what the file says of them is not looked at. A file of answers (`plumbline sample`: prompt and
responses, with `models` where they are known) gives all pairs of its answers. Pairs of equal
answers, of empty ones, and those that came before are left out and counted; where a judge reads a
part of the answers only (their reasons), it is the parts that count.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from plumbline.core.errors import UserError
from plumbline.core.ids import digest
from plumbline.core.types import Conversation, Response
from plumbline.core.views import empty, left_out, rankings, same
from plumbline.data import fields, read
from plumbline.data.bad import Bad
from plumbline.data.load import OnBadRow, found
from plumbline.feedback.judging.label import pair_of
from plumbline.feedback.judging.parts import Marks, Part
from plumbline.stages.files import DATA, SAMPLES

MARKS = Marks()
"""What stands around reasons in answers that have some."""
OTHERS = ("ranking", "scores", "judgement", "fields")
"""Fields beside `responses` that make a row something else than answers to compare."""


class Group(NamedTuple):
    """Answers to one prompt, with the models that wrote them ("" where that is not known)."""

    prompt: Conversation
    answers: Sequence[Response]
    models: Sequence[str]
    where: str
    across: bool = False
    """Whether only answers of different models are compared."""


@dataclass(frozen=True)
class Pair:
    """Two answers that are to be compared."""

    prompt: Conversation
    answers: tuple[Response, Response]
    models: tuple[str, str]
    where: str

    @property
    def id(self) -> str:
        return pair_of(self.prompt, self.answers)


class Drawn(NamedTuple):
    """Pairs, and a line a reason about what was left out."""

    pairs: list[Pair]
    notes: list[str]


def data_in(path: Path) -> Path:
    """The data of a stage's folder, or the file itself."""
    if not path.is_dir():
        return path
    return next((path / name for name in (SAMPLES, DATA) if (path / name).is_file()), path / DATA)


def pairs_of(
    source: str | Path,
    *,
    most: int = 0,
    seed: int = 0,
    part: Part = "all",
    on_bad_row: OnBadRow = "stop",
) -> Drawn:
    """At most `most` pairs a prompt's row (0: all). UserError where the file has none."""
    groups, notes = _groups(source, on_bad_row)
    return paired(groups, notes, str(source), most, seed, part)


def paired(
    groups: Sequence[Group], notes: Sequence[str], source: str, most: int, seed: int, part: Part
) -> Drawn:
    """The pairs of groups that `source` gave; UserError where there are none."""
    home = f"{Path(source).parent}/"  # what is made of a file does not hang on where it lies
    left: Counter[str] = Counter()
    pairs: dict[str, Pair] = {}
    for group in groups:
        group = group._replace(where=group.where.removeprefix(home))
        for pair in _some(list(_pairs(group, part, left)), most, seed):
            if pairs.setdefault(pair.id, pair) is not pair:
                left["the same pair again"] += 1
    if not pairs:
        why = "; ".join([*notes, *(f"{why}: {n}" for why, n in left.items())])
        fix = "give comparisons, or answers as plumbline sample --n 2 draws them"
        raise UserError(f"no pair to label{f' ({why})' if why else ''}", where=source, fix=fix)
    return Drawn(list(pairs.values()), [*notes, *(f"left out {n}: {w}" for w, n in left.items())])


def _groups(source: str | Path, on_bad_row: OnBadRow) -> tuple[list[Group], list[str]]:
    first = next(iter(found(source)), None)
    row = first[1] if first else None
    if has_answers(row):
        return [answers_in(row, where) for where, row in found(source)], []
    loaded = read(source, on_bad_row=on_bad_row)
    views = rankings(loaded.judgements)
    notes = left_out(loaded.bad + loaded.dropped + loaded.left + views.dropped)
    groups = [
        Group(one.prompt, one.responses, [""] * len(one.responses), one.where)
        for one in views.examples
    ]
    return groups, [*notes, *views.notes]


def has_answers(row: Any) -> bool:
    """Whether a row of a file holds answers to compare, and nothing that was said of them."""
    return isinstance(row, dict) and "responses" in row and not any(name in row for name in OTHERS)


def answers_in(row: Any, where: str) -> Group:
    """A row of answers. UserError for one that is none."""
    try:
        if not isinstance(row, Mapping):
            raise Bad("a row is no object of fields", "give prompt and responses")
        said = [fields.response(one, "responses") for one in fields.listed(row, "responses")]
        models = row.get("models") or [""] * len(said)
        if not isinstance(models, list) or len(models) != len(said):
            raise Bad("'models' does not name one model an answer", "give as many as responses")
        return Group(fields.prompt(row), said, [str(name) for name in models], where)
    except Bad as bad:
        raise UserError(bad.what, where=where, fix=bad.fix) from None


def _pairs(group: Group, part: Part, left: Counter[str]) -> Iterator[Pair]:
    read = [MARKS.of(one, part) for one in group.answers]
    what = {"all": "answer", "answer": "answer", "reasons": "reasoning"}[part]
    for i, j in combinations(range(len(read)), 2):
        if group.across and group.models[i] == group.models[j]:
            continue
        if empty(read[i]) or empty(read[j]):
            left[f"an empty {what}"] += 1
        elif same(read[i], read[j]):
            left[f"equal {what}s"] += 1
        else:
            both = group.answers[i], group.answers[j]
            yield Pair(group.prompt, both, (group.models[i], group.models[j]), group.where)


def _some(pairs: list[Pair], most: int, seed: int) -> list[Pair]:
    """At most so many, in their order; the prompt and the seed draw them."""
    if not most or len(pairs) <= most:
        return pairs
    rng = random.Random(digest([seed, *(pair.id for pair in pairs)]))
    return [pairs[i] for i in sorted(rng.sample(range(len(pairs)), most))]
