"""Win rate: the share of prompts on which one model's answers are worth more than another's.

    win = 1[v(a) > v(b)] + 1/2 1[v(a) = v(b)],      difference = v(a) - v(b)

Both are paired: answer i of a prompt meets answer i of the other model to the same prompt, and
prompts are the clusters. An answer with no counterpart is left out, and counted in the notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plumbline.core.errors import UserError
from plumbline.core.stats import mean_interval, proportion_interval
from plumbline.evals.runner import Evaluated
from plumbline.evals.tasks import Sample

VERSION = 1


def win_rate(ours: Sequence[Sample], theirs: Sequence[Sample], axis: str = "gold") -> Evaluated:
    """`win_rate` (0.5 is a draw) and `AXIS_difference` of scored answers, ours against theirs."""
    a, b = _by_place(ours, axis), _by_place(theirs, axis)
    both = [place for place in a if place in b]
    if not both:
        raise UserError(
            f"no prompt that both sides answered with a score on {axis!r}",
            where="task win_rate",
            fix="evaluate both models on the same prompts and with the same scorer",
        )
    margins = [a[place] - b[place] for place in both]
    groups = [group for group, _ in both]
    wins = [0.5 if m == 0 else float(m > 0) for m in margins]
    metrics = {
        "win_rate": proportion_interval(wins, groups),
        f"{axis}_difference": mean_interval(margins, groups),
    }
    alone = len(a) + len(b) - 2 * len(both)
    notes = (f"{alone} answers had no counterpart and were left out",) if alone else ()
    return Evaluated("win_rate", VERSION, metrics, settings={"axis": axis}, notes=notes)


def _by_place(samples: Iterable[Sample], axis: str) -> dict[tuple[str, int], float]:
    """Values by (prompt, index of the answer); a repeated place is a bug of the caller."""
    found: dict[tuple[str, int], float] = {}
    for sample in samples:
        if axis in sample.scores:
            place = (sample.item.group, sample.index)
            assert place not in found, f"two answers at index {sample.index} of one prompt"
            found[place] = float(sample.scores[axis])
    return found
