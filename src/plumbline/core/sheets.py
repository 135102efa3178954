"""From stored judgements to tables of values by item and judge, one sheet a form of judgement.

    rankings      an item is two answers to one prompt, whatever else was ranked with them:
                  1, 0 or -1 as the first is put above, level with or below the second
    thumbs        an item is an answer: 1 or 0
    ratings       an item is an answer, a sheet is an axis with its scale: the score
    corrections,  an item is the answer they are about; what is said of it is in words, so that
    critiques     only who judged what is known here

Items are equal where prompt and answers are, to the letter; the order in which answers were listed
or shown does not count. The first of two answers is the one whose text has the smaller
`heldout.position`, which depends on its words alone and knows nothing of quality. Of a judge's
several judgements on one item the latest counts (by `when` where two have one, else the last). A
soft ranking counts as what its p says is likelier. Judgements that name no judge cannot be
compared, and demonstrations judge nothing: both are counted and left out.

Judges are told apart by kind and name. Items of one opening are one cluster, as in the split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .comparing import likelier_first
from .heldout import opening, position
from .judged import Codes, Judged, a_row, codes, joined
from .pooling import latest
from .stats import Floats
from .tau import Ranked
from .types import (
    Choice,
    Conversation,
    Critique,
    Demonstration,
    Edit,
    Judge,
    Judgement,
    Ranking,
    Rating,
    Response,
    text_of,
)

_Asked = Ranking | Choice | Rating | Edit | Critique
FormKey = tuple[str, str, float | None, float | None]
"""Its name; of ratings also the axis and the ends of the scale."""
RANKINGS: FormKey = ("rankings", "", None, None)
THUMBS: FormKey = ("thumbs", "", None, None)
CORRECTIONS: FormKey = ("corrections", "", None, None)
CRITIQUES: FormKey = ("critiques", "", None, None)
WORDS = (CORRECTIONS, CRITIQUES)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The values of one form. Judges are indices of `Collected.judges`.

    Item u of `judged` is about the prompt prompts[u] and the answers answers[u] ([U, 2] for
    rankings, else [U, 1]), indices of `Collected`. `judgements` counts all there are, `repeats` the
    values that a later one of the same judge replaced. `ranked` is there for rankings.
    """

    form: FormKey
    judgements: int
    repeats: int
    judged: Judged
    prompts: Codes
    answers: Codes
    ranked: Ranked | None = None

    @property
    def name(self) -> str:
        """As people read it: "ratings of honesty, 1 to 5"."""
        name, axis, low, high = self.form
        scale = "" if low is None or high is None else f", {low:g} to {high:g}"
        return f"{name} of {axis}{scale}" if axis else name

    @property
    def middle(self) -> float:
        """What lies between for and against: of ratings the middle of their scale, or of the scores
        there are where no scale is given."""
        if self.form in (RANKINGS, THUMBS):
            return 0.5 if self.form == THUMBS else 0.0
        low, high = self.form[2:]
        seen = self.judged.levels
        ends = (seen[0] if low is None else low, seen[-1] if high is None else high)
        return float(sum(ends)) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """All sheets, in the order in which their forms first came, and who judged.

    Judge j is in the group groups[group_of[j]] ("" without one, the last named of several).
    `several` names judges of more than one group. `unnamed` judgements name no judge.
    """

    sheets: tuple[Sheet, ...]
    judges: tuple[Judge, ...]
    groups: tuple[str, ...]
    group_of: Codes
    several: tuple[str, ...]
    prompts: tuple[Conversation, ...]
    answers: tuple[Response, ...]
    unnamed: int
    demonstrations: int


def collect(judgements: Sequence[Judgement]) -> Collected:
    """The sheets of some judgements; see the module for what an item is."""
    rows: dict[FormKey, _Rows] = {}
    people, prompts, answers = _People(), dict[Conversation, int](), dict[Response, int]()
    unnamed = demonstrations = 0
    for place, judgement in enumerate(judgements):
        if isinstance(judgement, Demonstration):
            demonstrations += 1
            continue
        if not (by := judgement.provenance.judge).name:
            unnamed += 1
            continue
        form, about, values = _said(judgement)
        one = rows.setdefault(form, _Rows())
        one.places.append(place)
        one.prompts.append(prompts.setdefault(judgement.prompt, len(prompts)))
        one.judges.append(people.code(by))
        one.sizes.append(len(about))
        one.answers.extend([answers.setdefault(answer, len(answers)) for answer in about])
        one.values.extend(values)
    groups, group_of = np.unique([judge.group for judge in people.last], return_inverse=True)
    world = _World(judgements, list(prompts), list(answers))
    return Collected(
        sheets=tuple(world.sheet(form, one) for form, one in rows.items()),
        judges=tuple(people.last),
        groups=tuple(map(str, groups)),
        group_of=group_of,
        several=people.several(),
        prompts=tuple(prompts),
        answers=tuple(answers),
        unnamed=unnamed,
        demonstrations=demonstrations,
    )


@dataclass(slots=True)
class _Rows:
    """One form's judgements as they come: `sizes` answers each, and a value for each answer."""

    places: list[int] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)
    judges: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _People:
    """The judges met so far, and the groups that each of them named."""

    codes: dict[tuple[str, str], int] = field(default_factory=dict)
    last: list[Judge] = field(default_factory=list)
    named: list[set[str]] = field(default_factory=list)

    def code(self, judge: Judge) -> int:
        code = self.codes.setdefault((judge.kind, judge.name), len(self.last))
        if code == len(self.last):
            self.last.append(judge)
            self.named.append({judge.group})
        elif judge.group and judge != self.last[code]:
            self.last[code] = judge
            self.named[code].add(judge.group)
        return code

    def several(self) -> tuple[str, ...]:
        both = zip(self.last, self.named, strict=True)
        return tuple(judge.name for judge, groups in both if len(groups - {""}) > 1)


def _said(judgement: _Asked) -> tuple[FormKey, Sequence[Response], Sequence[float]]:
    """The form, the answers it is about, and a value for each: of a ranking its tier."""
    match judgement:
        case Ranking():
            return RANKINGS, *_tiers(judgement)
        case Choice():
            return THUMBS, (judgement.response,), (judgement.good,)
        case Rating(axis=axis, low=low, high=high):
            return ("ratings", axis, low, high), (judgement.response,), (judgement.score,)
        case Edit():
            return CORRECTIONS, (judgement.original,), (0,)
        case Critique():
            return CRITIQUES, (judgement.response,), (0,)


def _tiers(ranking: Ranking) -> tuple[list[Response], list[int]]:
    tiers, responses = ranking.tiers, ranking.responses
    if ranking.p is not None:
        tiers = (sum(tiers, ()),) if ranking.p == 0.5 else likelier_first(ranking).tiers
    about = [responses[i] for tier in tiers for i in tier]
    return about, [t for t, tier in enumerate(tiers) for _ in tier]


class _World:
    """What rows of codes refer to, and how they become sheets."""

    def __init__(
        self,
        judgements: Sequence[Judgement],
        prompts: Sequence[Conversation],
        answers: Sequence[Response],
    ) -> None:
        self.judgements, self.answers = judgements, answers
        known: dict[str, int] = {}
        found = [known.setdefault(opening(prompt), len(known)) for prompt in prompts]
        self.clusters = np.array(found, np.intp)

    def sheet(self, form: FormKey, rows: _Rows) -> Sheet:
        """One form's rows as a table, with what its items are."""
        prompts, judges = np.array(rows.prompts), np.array(rows.judges)
        places, row = np.array(rows.places), np.arange(len(rows.places))
        values, about = np.array(rows.values, np.float64), [np.array(rows.answers, np.intp)]
        if form == RANKINGS:
            row, about, values = self._pairs(rows)
        item = codes(prompts[row], *about)
        first = a_row(item)
        whole = Judged.of(item, judges[row], values, self.clusters[prompts[row]])
        ranked, kept = None, np.ones(len(item), bool)
        if form == RANKINGS:
            ranked, kept = self._ranked(rows, row, whole)
        kept[kept] = self._latest(item[kept], whole.judges[kept], places[row][kept])
        return Sheet(
            form,
            len(places),
            int((~kept).sum()),
            whole.where(kept),
            prompts[row][first],
            np.stack([column[first] for column in about], axis=1),
            ranked,
        )

    def _pairs(self, rows: _Rows) -> tuple[Codes, list[Codes], Floats]:
        """(row, (first, second), sign) of every two different answers that were ranked together."""
        sizes, tiers = np.array(rows.sizes), np.array(rows.values)
        answers = np.array(rows.answers, np.intp)
        row, place = np.repeat(np.arange(len(sizes)), sizes), np.arange(len(answers))
        left, right = joined(place + 1, np.cumsum(sizes)[row] - place - 1)
        used, code = np.unique(answers, return_inverse=True)
        order = np.argsort([position(text_of(self.answers[a])) for a in used], kind="stable")
        rank = np.argsort(order)[code]
        turned = rank[left] > rank[right]
        one, other = np.where(turned, right, left), np.where(turned, left, right)
        different = answers[left] != answers[right]
        sign = np.sign(tiers[other] - tiers[one])
        about = [answers[one][different], answers[other][different]]
        return row[left][different], about, sign[different]

    def _ranked(self, rows: _Rows, row: Codes, pairs: Judged) -> tuple[Ranked, NDArray[np.bool_]]:
        """Whole rankings (of one item where prompt and answers are), and the pairs in them."""
        known: dict[tuple[int, ...], int] = {}
        answers, ends = rows.answers, np.cumsum(rows.sizes).tolist()
        found = [
            known.setdefault((prompt, *sorted(answers[end - size : end])), len(known))
            for prompt, size, end in zip(rows.prompts, rows.sizes, ends, strict=True)
        ]
        items, judges = np.array(found), np.array(rows.judges)
        clusters = self.clusters[np.array(rows.prompts)]
        kept = self._latest(items, judges, np.array(rows.places))
        live, number = kept[row], np.cumsum(kept) - 1
        pair = codes(items[row[live]], pairs.items[live])
        of = (items[kept], judges[kept], clusters[kept])
        return Ranked(number[row[live]], pair, pairs.values[live], *of), live

    def _latest(self, items: Codes, judges: Codes, places: Codes) -> NDArray[np.bool_]:
        """True for the one row of each item and judge that counts; rows are in order."""
        both = codes(items, judges)
        kept = np.bincount(both)[both] == 1
        again: dict[int, list[int]] = {}
        for row in np.flatnonzero(~kept).tolist():
            again.setdefault(int(both[row]), []).append(row)
        for rows in again.values():
            said = [self.judgements[places[row]] for row in rows]
            last = latest(said)[0]
            kept[next(row for row, one in zip(rows, said, strict=True) if one is last)] = True
        return kept
