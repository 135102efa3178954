"""What revising did, round by round: how many answers changed, what was caught, what it is worth.

Round 0 are the first answers. Each round is summed up over all answers, those included whose rounds
had ended: what counts is how the whole set reads after it. Intervals are of 95 %, with answers to
one prompt drawn together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plumbline.core.stats import Interval, mean_interval, proportion_interval
from plumbline.core.types import Conversation, Response
from plumbline.feedback.judging.steps import Original, Step, response_of

Scorer = Callable[[Conversation, Response], Mapping[str, float]]
"""What answers are worth, by name, for those who know; a name that does not apply is left out."""


@dataclass(frozen=True)
class Round:
    """outcomes: what came of its steps, how often; changed: share of all answers that read
    differently from the first; length: characters; scores: what the scorer says, by name."""

    number: int
    outcomes: Mapping[str, int]
    changed: Interval
    length: Interval
    scores: Mapping[str, Interval]

    def as_dict(self) -> dict[str, Any]:
        """The form of `results.json`."""
        return {
            "round": self.number,
            "outcomes": dict(self.outcomes),
            "changed": self.changed.as_dict(),
            "length": self.length.as_dict(),
            "scores": {name: one.as_dict() for name, one in self.scores.items()},
        }


def by_round(
    answers: Sequence[Original], steps: Sequence[Step], rounds: int, scorer: Scorer | None = None
) -> list[Round]:
    """Round 0 to `rounds`, of steps in any order."""
    made = {(step.answer, step.round): step for step in steps}
    texts, found = [one.text for one in answers], []
    for number in range(rounds + 1):
        mine = [made.get((place, number)) for place in range(len(answers))]
        texts = [step.after if step else text for step, text in zip(mine, texts, strict=True)]
        outcomes = Counter(step.outcome for step in mine if step)
        found.append(_summed(number, answers, texts, dict(outcomes.most_common()), scorer))
    return found


def _summed(
    number: int,
    answers: Sequence[Original],
    texts: Sequence[str],
    outcomes: Mapping[str, int],
    scorer: Scorer | None,
) -> Round:
    prompts = [one.prompt for one in answers]
    changed = [text != one.text for one, text in zip(answers, texts, strict=True)]
    lengths = [len(text) for text in texts]
    return Round(
        number, outcomes, proportion_interval(changed, prompts), mean_interval(lengths, prompts),
        _scores(answers, texts, scorer) if scorer else {},
    )  # fmt: skip


def _scores(
    answers: Sequence[Original], texts: Sequence[str], scorer: Scorer
) -> dict[str, Interval]:
    told: dict[str, list[tuple[float, Conversation]]] = {}
    for one, text in zip(answers, texts, strict=True):
        for name, value in scorer(one.prompt, response_of(one, text)).items():
            told.setdefault(name, []).append((value, one.prompt))
    return {name: _interval(*zip(*rows, strict=True)) for name, rows in told.items()}


def _interval(values: Sequence[float], prompts: Sequence[Conversation]) -> Interval:
    """A share's where all values are 0 or 1, else a mean's."""
    summed = proportion_interval if set(values) <= {0, 1} else mean_interval
    return summed(values, prompts)
