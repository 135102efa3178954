"""What an objective reads and returns: sums and counts, never means.

The engine divides once, by the count of the whole optimizer step, so gradients do not depend on
micro-batch size, packing, order or number of processes. What couples examples (reference
log-probabilities, KTO's z0) is a column made before the step.

Shape suffixes: T trained tokens, R rows (completions), P pairs, S sets (trees), K top-k.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from torch import Tensor


@dataclass(frozen=True)
class Outputs:
    """What the model said of a micro-batch. `logp` [T] in nats; `value` [R] from a scalar head;
    `token_value` [T] what a critic expects before each trained token.

    entropy [T] in nats, top_logp and top_ids [T, K] (the model's own top-k, or the
    log-probabilities of the teacher's ids) where an objective asks for them.
    """

    logp: Tensor | None = None
    value: Tensor | None = None
    entropy: Tensor | None = None
    top_logp: Tensor | None = None
    top_ids: Tensor | None = None
    token_value: Tensor | None = None


@dataclass(frozen=True)
class Batch:
    """What is known of a micro-batch beside the tokens: `row` [T] maps trained tokens to rows.

    Columns made by every plan: token_weight, target [T]; row_weight, set (tree of each row) [R];
    pair [P, 2] (winner, loser rows), p [P], margin [P], pair_weight [P]; tier [R] (0 best);
    label [R] (1 good, 0 bad). Made on demand by a pass without gradient: ref_logp [T],
    z0 [] (mean log-ratio of mismatched answers over the whole optimizer step, in nats and not yet
    clamped at 0: the objective clamps it and says so), teacher_logp and teacher_ids [T, K]. Of
    answers that the policy drew: old_logp, advantage, old_value, returns [T].
    """

    rows: int
    row: Tensor
    columns: Mapping[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        assert name in self.columns, f"column {name!r} was not made; have {sorted(self.columns)}"
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def per_row(self, token_values: Tensor) -> Tensor:
        """Sum a [T] tensor over the tokens of each row -> [R] (float32 or wider)."""
        out = token_values.new_zeros(self.rows)
        return out.index_add(0, self.row, token_values)

    def row_lengths(self) -> Tensor:
        """Trained tokens of each row [R], as floats."""
        return self.per_row(self.row.new_ones(len(self.row)).float())


@dataclass(frozen=True)
class Term:
    """A sum over this micro-batch and how much it counts; means are taken over the whole step.

    With `fold`, `sum` is what is folded: its largest or smallest over the step, counted once.
    """

    sum: Tensor
    count: Tensor | float
    fold: Literal["mean", "max", "min"] = "mean"


class Objective(Protocol):
    """A frozen dataclass of hyper-parameters whose `__call__` is the formula.

    `needs` names the columns it reads beyond those every plan makes. `counts` gives, from columns
    alone, the count of each loss term, so that the engine knows the divisor of the whole step
    before the first backward. Of the terms `__call__` returns, those named in `counts` are added
    (each divided by its step count) to the loss; the others are metrics.
    """

    needs: ClassVar[tuple[str, ...]]

    def counts(self, batch: Batch) -> dict[str, Tensor]: ...

    def __call__(self, out: Outputs, batch: Batch) -> dict[str, Term]: ...
