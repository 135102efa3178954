"""What an audit asks for. All of it is fixed when the sample is drawn: a bar that is set once the
answers are known is no bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plumbline.core.errors import UserError
from plumbline.core.settings import option, runtime
from plumbline.evals.audit.alternative import NORMAL
from plumbline.feedback.judging.verdicts import By

Kind = Literal["crowd", "skilled", "expert"]
EPSILON: dict[Kind, float] = {"crowd": 0.1, "skilled": 0.15, "expert": 0.2}
"""By kind of people (`alternative`)."""


@dataclass(frozen=True)
class Auditing:
    """The sample, the bar, and how labels are read."""

    items: int = option(100, help="labels that people are asked about")
    quota: int = option(3, help="people an item; as many as there are, where groups are compared")
    seed: int = option(0, help="draws the sample and the intervals")
    kind: Kind = option("crowd", help="of people: crowd, skilled or expert; sets epsilon")
    epsilon: float | None = option(None, help="0.1, 0.15 or 0.2 by kind where it is not given")
    winning: float = option(0.5, help="least share of people that the judge wins against")
    floor: float = option(0.2, help="least alpha of the judge with people")
    position: float = option(0.05, help="most by which it may prefer a place in the question")
    least_items: int = option(100, help="least items that two people or more judged")
    least_people: int = option(3, help="least people; groups of as many have to pass, too")
    least_each: int = option(NORMAL, help="least items of a person who is tested against")
    by: By = option("logodds", help="how both orders of a label are combined")
    ties: float = option(0.0, help="a probability this close to 1/2 is a tie")
    kin: tuple[str, ...] = option((), help="authors of the judge's family; else those of its name")
    project: str = runtime("", help="its name in the studio; else one is made")
    constitution: str = runtime("", help="what people are told; else the one beside the labels")

    def __post_init__(self) -> None:
        shares = self.allowed, self.winning, 2 * self.position, 2 * self.ties
        if not (min(shares) >= 0 and max(*shares, self.floor) <= 1):
            raise UserError(
                "epsilon, winning and floor are shares, position and ties at most one half",
                fix="take epsilon from 0.1 (crowd workers) to 0.2 (experts)",
            )
        counts = (self.items, self.quota, self.least_items, self.least_people, self.least_each)
        if min(counts) < 1:
            raise UserError("items, quota and what is asked at least are 1 or more")

    @property
    def allowed(self) -> float:
        """Epsilon: how much better a person may be, for what a person costs more."""
        return EPSILON[self.kind] if self.epsilon is None else self.epsilon


def bar(s: Auditing) -> dict[str, float]:
    """What decides whether a judge passes."""
    names = "winning", "floor", "position", "least_items", "least_people", "least_each"
    values = s.winning, s.floor, s.position, s.least_items, s.least_people, s.least_each
    return {"epsilon": s.allowed, **dict(zip(names, values, strict=True))}
