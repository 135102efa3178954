"""Scores brought to one size before credit is made of them.

    batch     (r - mean) / deviation, of the iteration's answers
    running   r / deviation of all scores so far, which keeps their sign and their zero

Either makes the KL's weight relative: with deviation d the optimum is pi_ref exp(r / (d beta)), so
a beta that suits scaled scores suits any reward, and says nothing in the reward's own unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

Scale = Literal["none", "batch", "running"]
LEAST = 1e-8


@dataclass
class Seen:
    """Number, mean and summed squared deviation of the scores so far (Welford's recurrence)."""

    n: int = 0
    mean: float = 0.0
    apart: float = 0.0

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Seen:
        return cls(**state)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def add(self, scores: np.ndarray) -> None:
        for score in scores.tolist():
            self.n += 1
            before = score - self.mean
            self.mean += before / self.n
            self.apart += before * (score - self.mean)

    @property
    def deviation(self) -> float:
        return (self.apart / self.n) ** 0.5 if self.n else 0.0


def scaled(scores: np.ndarray, how: Scale, seen: Seen) -> np.ndarray:
    """Scores [N] as credit takes them; `seen` holds these already."""
    if how == "batch":
        return (scores - scores.mean()) / (scores.std() + LEAST)
    if how == "running":
        return scores / (seen.deviation + LEAST)
    return scores
