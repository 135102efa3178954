"""How far the judges of some judgements agree: every number of it, for each form, in one summary.

    everyone    alpha and the share of equal judgements, from all pairs of judges of an item
    within      the same from pairs of judges of one group; `groups`, of each group alone
    between     the same from pairs of judges of different groups. Where it is below `within` by
                more than their intervals, groups differ in what they hold: one truth is not to be
                had, and a mean over groups would be nobody's
    means       alpha of the groups' mean values: whether groups judge alike once the noise of each
                judge is averaged out, so not to be compared with the others. A mean keeps how
                divided a group is; a majority of 3 to 2 would count as one of 5 to 0
    annotators  each judge with the own group, with all, and how reliable (`core.annotators`)
    divided     items whose groups' majorities are opposed (`core.divided`)

Alpha is ordinal for rankings (pairs of answers, both ways round), nominal for thumbs, interval and
ordinal for ratings. Corrections and critiques are words: they are counted and not compared.
What an item is, and which judgements count, is said in `core.sheets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from . import tau
from .agreement import agreed, coincidences
from .annotators import Annotator, annotators
from .cells import Metric
from .divided import Divided, Side, divided
from .judged import Codes, Judged, a_row, codes, known, several
from .resampling import DRAWS, Measured
from .sheets import RANKINGS, WORDS, Collected, Sheet, collect
from .types import Conversation, Judgement, Response

METRICS: dict[str, tuple[Metric, ...]] = {
    "rankings": ("ordinal",),
    "thumbs": ("nominal",),
    "ratings": ("interval", "ordinal"),
}


@dataclass(frozen=True, slots=True)
class Among:
    """How far some judges agree; `items` are those that two of them (or two groups) judged."""

    judges: int
    items: int
    same: Measured
    alphas: dict[Metric, Measured]


@dataclass(frozen=True, slots=True)
class Conflict:
    """An item that divides groups: what it is, and (group, mean value, people) of each.

    Of two answers a positive mean is for the first.
    """

    prompt: Conversation
    answers: tuple[Response, ...]
    sides: tuple[tuple[str, float, int], ...]


@dataclass(frozen=True, slots=True)
class FormAgreement:
    """One form. `items` counts pairs of answers for rankings, else answers; `repeats`, the values
    that a later one of the same judge replaced.

    For words nothing below `items` is there. `within` to `means` need two groups.
    """

    name: str
    judgements: int
    repeats: int
    judges: int
    prompts: int
    items: int
    everyone: Among | None = None
    tau: Measured | None = None
    annotators: tuple[Annotator, ...] = ()
    within: Among | None = None
    groups: dict[str, Among] = field(default_factory=dict)
    between: Among | None = None
    means: Measured | None = None
    divided: Divided | None = None
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """All forms. `unnamed` judgements name no judge and `demonstrations` judge nothing, so they
    take no part. `several` names judges of more than one group; the last named counts."""

    judgements: int
    judges: int
    groups: tuple[str, ...]
    unnamed: int
    demonstrations: int
    several: tuple[str, ...]
    forms: tuple[FormAgreement, ...]


def agreement(judgements: Sequence[Judgement], *, draws: int = DRAWS, seed: int = 0) -> Summary:
    """The summary of some judgements; with draws=0 alphas and kappas have no intervals."""
    found = collect(judgements)
    return Summary(
        judgements=len(judgements),
        judges=len(found.judges),
        groups=tuple(group for group in found.groups if group),
        unnamed=found.unnamed,
        demonstrations=found.demonstrations,
        several=found.several,
        forms=tuple(_Form(found, sheet, draws, seed).agreement() for sheet in found.sheets),
    )


class _Form:
    """One sheet with its groups, ready to be asked."""

    def __init__(self, found: Collected, sheet: Sheet, draws: int, seed: int) -> None:
        self.found, self.sheet, self.draws, self.seed = found, sheet, draws, seed
        self.mirrored = sheet.form == RANKINGS

    def agreement(self) -> FormAgreement:
        """Everything there is to say of the sheet."""
        sheet, judged = self.sheet, self.sheet.judged
        bare = FormAgreement(
            sheet.name,
            sheet.judgements,
            sheet.repeats,
            judges=len(known(judged.judges)),
            prompts=len(known(sheet.prompts)),
            items=len(sheet.prompts),
        )
        if sheet.form in WORDS:
            return bare
        mean = None
        if sheet.ranked is not None:
            mean = tau.mean_tau(sheet.ranked, draws=self.draws, seed=self.seed)
        people = annotators(self.found, sheet, draws=self.draws, seed=self.seed)
        whole = replace(bare, everyone=self.among(judged), tau=mean, annotators=people)
        group = self.found.group_of[judged.judges]
        named = np.array([bool(name) for name in self.found.groups])[group]
        return self.by_group(whole, judged.where(named), group[named])

    def by_group(self, whole: FormAgreement, judged: Judged, group: Codes) -> FormAgreement:
        """The same with what two groups or more can say; `group` has a code for each row."""
        there = known(group).tolist()
        if len(there) < 2:
            return whole
        parts = divided(judged, group, self.sheet.middle, self.seed)
        return replace(
            whole,
            within=self.among(judged, within=group),
            groups={self.found.groups[g]: self.among(judged.where(group == g)) for g in there},
            between=self.among(judged, between=group),
            means=self.means(judged, group),
            divided=parts,
            conflicts=tuple(self.conflict(item, sides) for item, sides in parts.items),
        )

    def among(
        self, judged: Judged, *, within: Codes | None = None, between: Codes | None = None
    ) -> Among:
        """Alpha of some rows, from pairs of one group or of two only where those are given."""
        units = judged if within is None else judged.apart(within)
        both = several(units.items, between)
        units, between = units.where(both), None if between is None else between[both]
        cells = coincidences(units, between=between, mirrored=self.mirrored)
        metrics = METRICS[self.sheet.form[0]]
        found = agreed(cells, metrics, draws=self.draws, seed=self.seed)
        judges, items = len(known(units.judges)), len(known(judged.items[both]))
        return Among(judges, items, found.same, found.alphas)

    def means(self, judged: Judged, group: Codes) -> Measured:
        """Interval alpha of the groups' means, each group a judge."""
        part = codes(judged.items, group)
        first = a_row(part)
        values = np.bincount(part, judged.values) / np.bincount(part)
        table = Judged.of(judged.items[first], group[first], values, judged.clusters[first])
        cells = coincidences(table, mirrored=self.mirrored)
        return agreed(cells, ["interval"], draws=self.draws, seed=self.seed).alphas["interval"]

    def conflict(self, item: int, sides: tuple[Side, ...]) -> Conflict:
        """A divided item in words."""
        answers = tuple(self.found.answers[a] for a in self.sheet.answers[item])
        named = tuple((self.found.groups[s.group], s.mean, s.people) for s in sides)
        return Conflict(self.found.prompts[self.sheet.prompts[item]], answers, named)
