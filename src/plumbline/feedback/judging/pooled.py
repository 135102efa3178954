"""From labels to judgements: a soft preference a pair, of several principles and several judges.

Each label's log-odds (`verdicts.combined`) are averaged, first over the principles of one judge and
then over the judges, both with weights. What comes out is a `Ranking` of two with the probability
that its first tier is better. An exchange of the answers negates a label's log-odds, and those of
the pair, to the last bit, in every way of pooling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from plumbline.core.errors import UserError
from plumbline.core.settings import option
from plumbline.core.types import Conversation, Judge, Provenance, Ranking, Response
from plumbline.feedback.judging.label import Label, Made
from plumbline.feedback.judging.verdicts import By, Clamp, Reading, Verdict, combined, sigma
from plumbline.feedback.judging.weighing import NEVER


@dataclass(frozen=True)
class Pooling:
    """How labels become judgements."""

    by: By = option("logodds", help="both orders averaged in log-odds, or in probability")
    clamp: float | None = option(
        None, help="no probability beyond this and 1 less it, say 0.6 (none: as they are)"
    )
    clamp_each: bool = option(False, help="each order is clamped, not what both come to")
    ties: float = option(0.0, help="so near to 0.5 a probability is a tie, and no pair")
    inconsistent: Literal["keep", "drop", "weigh"] = option(
        "keep", help="labels whose orders name different answers; weigh: their log-odds count less"
    )
    scale: float = option(0.5, help="weigh: what their log-odds are multiplied by")
    hard: bool = option(False, help="the likelier answer wins, with no probability")
    temperature: float = option(1.0, help="log-odds are divided by it (calibrated on people)")
    bias: float = option(0.0, help="nats taken off every reading: the taste for what stands first")
    principles: dict[str, float] = option(factory=dict, help="weights by principle (1 else)")
    judges: dict[str, float] = option(factory=dict, help="weights by judge's name (1 else)")

    def __post_init__(self) -> None:
        if self.clamp is not None and not 0.5 < self.clamp < 1:
            raise UserError(f"clamp is {self.clamp:g}", fix="give one above 0.5 and below 1")
        if not 0 <= self.ties < 0.5:
            raise UserError(f"ties is {self.ties:g}", fix="give one from 0 on and below 0.5")
        if not self.temperature > 0 or not 0 <= self.scale <= 1:
            raise UserError("temperature is above 0, and scale from 0 to 1")
        if any(not w >= 0 for w in (*self.principles.values(), *self.judges.values())):
            raise UserError("a weight is not less than 0")

    def verdict(self, label: Label) -> Verdict:
        """What a label's readings come to, without bias and clamped."""
        one, other = (_shifted(reading, self.bias) for reading in label.readings)
        clamp = Clamp(self.clamp, self.clamp_each) if self.clamp is not None else None
        return combined(one, other, self.by, clamp)


class Pooled(NamedTuple):
    """A pair with the log-odds (nats) of its first answer, of so many labels."""

    prompt: Conversation
    answers: tuple[Response, Response]
    logit: float
    labels: tuple[Label, ...]

    @property
    def p(self) -> float:
        return sigma(self.logit)


@dataclass(frozen=True)
class Counts:
    """What became of the pairs: judgements, ties among them; pairs left out because no label of
    theirs says anything, or because their labels are inconsistent and dropped."""

    pairs: int
    judgements: int
    ties: int
    silent: int
    inconsistent: int


def pooled(labels: Iterable[Label], how: Pooling, made: Iterable[Made] = ()) -> list[Pooled]:
    """One a pair, in the order of the pairs' first labels and with that label's first answer first;
    pairs of which nothing is left are left out. `made`: by what the labels were made, for weights
    by judge."""
    weights = {one.id: how.judges.get(one.judge, 1.0) for one in made}
    groups: dict[str, list[Label]] = {}
    for label in labels:
        groups.setdefault(label.pair, []).append(label)
    found = []
    for group in groups.values():
        first = group[0]
        along = [x if x.answers == first.answers else x.turned() for x in group]
        logit = _averaged(along, how, weights)
        if logit is not None:
            found.append(Pooled(first.prompt, first.answers, logit, tuple(along)))
    return found


def _averaged(labels: Sequence[Label], how: Pooling, weights: Mapping[str, float]) -> float | None:
    """Over the principles of each judge, then over judges; None where nothing counts."""
    by_judge: dict[str, list[tuple[float, float]]] = {}
    for label in labels:
        logit = _logit(label, how)
        if logit is not None:
            weight = how.principles.get(label.principle, 1.0)
            by_judge.setdefault(label.made, []).append((logit, weight))
    told = [(_mean(said), weights.get(made, 1.0)) for made, said in by_judge.items()]
    mean = _mean([(logit, weight) for logit, weight in told if logit is not None])
    return None if mean is None else mean / how.temperature


def _logit(label: Label, how: Pooling) -> float | None:
    """A label's log-odds; None where it says nothing or is dropped."""
    if silent(label):
        return None
    verdict = how.verdict(label)
    if verdict.consistent or how.inconsistent == "keep":
        return verdict.logit
    return None if how.inconsistent == "drop" else how.scale * verdict.logit


def _mean(said: Sequence[tuple[float | None, float]]) -> float | None:
    total = sum(weight for _, weight in said)
    if not total:
        return None
    return sum(logit * weight for logit, weight in said if logit is not None) / total


def silent(label: Label) -> bool:
    """Whether a reading of it found no probability at all on either answer."""
    return any(max(reading.first, reading.second) <= NEVER for reading in label.readings)


def _shifted(reading: Reading, bias: float) -> Reading:
    if not bias or reading.first == reading.second:
        return reading
    return replace(reading, first=reading.first - bias)


def judgements(
    found: Sequence[Pooled], how: Pooling, made: Sequence[Made], rubric: str
) -> list[Ranking]:
    """Rankings of two, better first, ties in one tier; judged by the models that `made` names."""
    names = {one.id: one.judge for one in made}
    return [_ranking(one, how, names, rubric) for one in found]


def _ranking(one: Pooled, how: Pooling, names: Mapping[str, str], rubric: str) -> Ranking:
    who = dict.fromkeys(label.made for label in one.labels)
    judge = Judge("model", " + ".join(names.get(made, made) for made in who))
    source = "+".join(["judged", *who])
    seen = Provenance(where=one.labels[0].where, judge=judge, rubric=rubric, source=source)
    if one.logit == 0 or abs(one.p - 0.5) <= how.ties:
        return Ranking(one.prompt, one.answers, ((0, 1),), provenance=seen)
    tiers = ((0,), (1,)) if one.logit > 0 else ((1,), (0,))
    p = None if how.hard else sigma(abs(one.logit))
    return Ranking(one.prompt, one.answers, tiers, p, provenance=seen)


def counted(
    labels: Sequence[Label], found: Sequence[Pooled], rankings: Sequence[Ranking]
) -> Counts:
    """What became of the labels' pairs."""
    pairs: dict[str, bool] = {}
    for label in labels:
        pairs[label.pair] = pairs.get(label.pair, True) and silent(label)
    unheard = sum(pairs.values())
    ties = sum(len(one.tiers) < 2 for one in rankings)
    left = len(pairs) - len(found)
    return Counts(len(pairs), len(rankings), ties, unheard, left - unheard)
