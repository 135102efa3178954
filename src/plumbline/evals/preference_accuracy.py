"""Preference accuracy: how often a scorer puts the answer people preferred first.

A pair counts 1 where score(preferred) > score(other), 1/2 at equality, else 0, so a scorer that
says the same of everything gets 0.5. Pairs of one prompt are one cluster. Soft preferences are
turned to the side of p; pairs at p = 0.5 have no right answer: left out, and counted in the notes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from plumbline.core.errors import UserError
from plumbline.core.stats import mean_interval, proportion_interval
from plumbline.core.types import Conversation, Example, Response
from plumbline.evals.runner import Evaluated
from plumbline.evals.tasks import Item, Sample

VERSION = 1
Values = Callable[[Sequence[tuple[Conversation, Response]]], Sequence[float]]
"""(prompt, response) pairs in, one number each out: a reward, or an implicit one."""


def preference_accuracy(
    examples: Sequence[Example], values: Values, *, model: str = ""
) -> Evaluated:
    """`preference_accuracy` and the mean `preference_margin` of `values` over examples' pairs."""
    start = time.perf_counter()
    rows = [(e.prompt, response) for e in examples for response in e.responses]
    said = [float(v) for v in values(rows)]
    assert len(said) == len(rows), f"{len(rows)} answers but {len(said)} values"
    samples, undecided, offset = [], 0, 0
    for example in examples:
        mine = said[offset : offset + len(example.responses)]
        offset += len(example.responses)
        item = Item(example.prompt, id=example.where)
        for pair in example.pairs:
            if pair.p == 0.5:
                undecided += 1
                continue
            best, rest = (pair.winner, pair.loser)[:: 1 if pair.p > 0.5 else -1]
            margin = mine[best] - mine[rest]
            right = 0.5 if margin == 0 else float(margin > 0)
            scores = {"preference_accuracy": right, "preference_margin": margin}
            samples.append(Sample(item, example.responses[best], scores, (), 0, model))
    if not samples:
        raise UserError(
            "no pairs with a preference",
            where="task preference_accuracy",
            fix="give it comparisons (prompt, chosen, rejected)",
        )
    groups = [s.item.group for s in samples]
    metrics = {
        "preference_accuracy": proportion_interval(
            [s.scores["preference_accuracy"] for s in samples], groups
        ),
        "preference_margin": mean_interval(
            [s.scores["preference_margin"] for s in samples], groups
        ),
    }
    notes = (f"{undecided} with p = 0.5 left out",) if undecided else ()
    seconds = {"score": time.perf_counter() - start}
    return Evaluated(
        "preference_accuracy", VERSION, metrics, samples, seconds, {"pairs": len(samples)}, notes
    )
