"""What a model said to the same prompts as its training went on."""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.evals.folders import Run, number


@dataclass(frozen=True)
class Said:
    """An answer before iteration `step`, and what it was worth to the reward trained on."""

    step: int
    answer: str
    reward: float


def over_time(run: Run) -> list[tuple[str, list[Said]]]:
    """By prompt, the answers in order; [] for a training that kept none."""
    found: dict[str, list[Said]] = {}
    for one in run.results.get("shown") or ():
        said = Said(int(number(one.get("step"))), str(one.get("answer")), number(one.get("reward")))
        found.setdefault(str(one.get("prompt")), []).append(said)
    return list(found.items())
