"""The steps of a revision, and what is derived from them: judgements, data, what came of an answer.

A step is one round on one answer, kept whatever came of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from plumbline.core.types import (
    Conversation,
    Critique,
    Demonstration,
    Edit,
    Judge,
    Provenance,
    Ranking,
    Response,
    answer,
    text_of,
)
from plumbline.feedback.judging.parts import Marks

TAKEN, FINE, UNSURE, UNRULED = "taken", "nothing wrong", "not sure", "no principle"
SAME = "unchanged"
SILENT, WORSE = "no critique", "worse"
"""What comes of a step, beside the reasons of `caught`."""
State = Literal["revised", "fine", "faulty"]


@dataclass(frozen=True)
class Original:
    """A prompt and the answer that is revised; `where`: its place, "file:line"; `around`: what of
    the whole answer stands before and behind, where only a part of it is revised."""

    prompt: Conversation
    answer: Response
    where: str = ""
    around: tuple[str, str] = ("", "")

    @property
    def text(self) -> str:
        return text_of(self.answer)


@dataclass(frozen=True)
class Step:
    """One round on one answer. `answer`: its number; `outcome`: "taken", or why the answer before
    stays; `broken`: the probability that it breaks the principle, where it was graded; `p`: that
    the revision is better, where both were weighed."""

    answer: int
    round: int
    principle: str
    before: str
    critique: str = ""
    revision: str = ""
    outcome: str = ""
    broken: float | None = None
    p: float | None = None

    @property
    def after(self) -> str:
        """How the answer reads now."""
        return self.revision if self.outcome == TAKEN else self.before


def now(one: Original, steps: Sequence[Step]) -> str:
    """How an answer reads after these steps."""
    return steps[-1].after if steps else one.text


def state(steps: Sequence[Step]) -> State:
    """What came of an answer: revised; fine, where no principle found anything wrong with it; or
    faulty, where something was wrong and no revision was taken."""
    outcomes = {step.outcome for step in steps}
    if TAKEN in outcomes:
        return "revised"
    return "fine" if outcomes <= {FINE, UNSURE, UNRULED} else "faulty"


def response_of(one: Original, text: str) -> Response:
    """The answer that reads so: the first one turn by turn, a revision in one turn."""
    return one.answer if text == one.text else answer(text)


def whole(one: Original, text: str) -> Response:
    """The answer that reads so, with what stands around the part that is revised."""
    before, behind = one.around
    return answer(before + text + behind) if before or behind else response_of(one, text)


def span(one: Original, text: str) -> tuple[int, int] | None:
    """Where the part that is revised stands in the whole answer; None where it is all of it."""
    first = len(one.around[0])
    return (first, first + len(text)) if any(one.around) else None


@dataclass(frozen=True)
class By:
    """Who revised, under what: the provenance of all that is derived."""

    critic: str
    constitution: str

    def of(self, one: Original, source: str, principle: str = "") -> Provenance:
        """`rubric` is the principle at the constitution's id, or that id alone."""
        rubric = f"{principle}@{self.constitution}" if principle else self.constitution
        return Provenance(one.where, Judge("model", self.critic), rubric, source=source)


def judgements(one: Original, steps: Iterable[Step], by: By) -> list[Critique | Edit]:
    """Every critique, and every revision that was taken, as they were observed."""
    found: list[Critique | Edit] = []
    for step in steps:
        came = by.of(one, f"revise/{step.round}", step.principle)
        before = whole(one, step.before)
        if step.critique:
            at = span(one, step.before)
            found.append(Critique(one.prompt, before, step.critique, at, came))
        if step.outcome == TAKEN:
            found.append(Edit(one.prompt, before, whole(one, step.revision), came))
    return found


def demonstration(
    one: Original, steps: Sequence[Step], by: By, reasoned: Marks | None = None
) -> Demonstration:
    """The prompt with the answer as it reads now; `reasoned`: behind the critiques that led to it,
    between these marks, where it was revised."""
    said = whole(one, now(one, steps))
    why = " ".join(step.critique for step in steps if step.outcome == TAKEN and step.critique)
    if reasoned and why:
        said = answer(reasoned.joined(why, text_of(said)))
    return Demonstration((*one.prompt, *said), by.of(one, "revise"))


def preference(one: Original, steps: Sequence[Step], by: By) -> Ranking:
    """The last revision before the first answer."""
    pair = (whole(one, now(one, steps)), whole(one, one.text))
    return Ranking(one.prompt, pair, ((0,), (1,)), provenance=by.of(one, "revise"))
