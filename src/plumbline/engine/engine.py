"""The verbs: `forward_backward`, `optim_step`, `score`, `save_state`, `load_state`.

Loops are ordinary Python over them. A step's loss is

    sum over its loss terms of  (sum over micro-batches of term.sum) / (sum of term.count)

with the counts known from columns before the first backward, so that gradients do not depend on
how the step was cut. (`sample` lives in `models.sampler`: it needs no optimizer.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from plumbline.engine import checkpoint
from plumbline.engine.metrics import Sums
from plumbline.engine.optim import adamw, clip
from plumbline.models.policy import Policy
from plumbline.objectives.base import Batch, Objective, Outputs
from plumbline.text.forest import Forest

from .batches import Item, Micro, collate, cut


@dataclass(frozen=True)
class Optim:
    """AdamW's settings; `clip` is the largest global gradient norm (0: no clipping)."""

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float = 1.0


class Engine:
    """A policy, an objective and an optimizer."""

    def __init__(
        self,
        policy: Policy,
        objective: Objective,
        *,
        micro_tokens: int,
        optim: Optim | None = None,
        entropy: bool = False,
        weight: float = 1.0,
    ) -> None:
        """`entropy`: every forward pass also gives the entropy at each trained token. `weight`: of
        the loss, where gradients of several engines add up in one policy."""
        self.policy, self.objective, self.micro_tokens = policy, objective, micro_tokens
        self.entropy, self.weight = entropy, weight
        self.settings = optim or Optim()
        self.params = [p for p in policy.parameters() if p.requires_grad]
        self._optimizer: torch.optim.AdamW | None = None

    @property
    def optimizer(self) -> torch.optim.AdamW:
        """Made at first use, so that scoring alone holds no optimizer state."""
        if self._optimizer is None:
            s = self.settings
            self._optimizer = adamw(
                self.params, betas=s.betas, eps=s.eps, weight_decay=s.weight_decay
            )
        return self._optimizer

    def micros(self, items: Sequence[Item]) -> Iterator[tuple[list[Item], Micro]]:
        """The micro-batches of a step, made one at a time, with the items each one holds."""
        policy = self.policy
        for group in cut(items, self.micro_tokens, share=policy.share):
            yield group, collate(group, policy.grow, device=str(policy.device))

    def outputs(self, micro: Micro, *, top: int | None = None) -> Outputs:
        """One forward pass read as the objective wants it; `top` adds the K likeliest ids."""
        forest = micro.forest
        if self.policy.scalar_head:
            return Outputs(value=self.policy.values(forest))
        ids = micro.batch.columns.get("teacher_ids")
        if ids is not None:
            got = self.policy.logprobs(forest, ids=ids)
            return Outputs(logp=got.logp, top_logp=got.top_logp, top_ids=got.top_ids)
        hidden, values = self._criticised(forest)
        got = self.policy.logprobs(forest, hidden, entropy=self.entropy, top=top)
        return Outputs(got.logp, None, got.entropy, got.top_logp, got.top_ids, values)

    def _criticised(self, forest: Forest) -> tuple[Tensor | None, Tensor | None]:
        """Hidden states and the critic's values, read from one pass; nothing without a critic."""
        if self.policy.critic is None:
            return None, None
        hidden = self.policy.hidden(forest, torch.from_numpy(forest.at).to(self.policy.device))
        return hidden, self.policy.token_values(forest, hidden)

    def forward_backward(self, items: Sequence[Item], **step_columns: Tensor) -> Sums:
        """Add the step's gradients to the parameters; metrics come back as sums and counts."""
        micros = [micro.with_columns(**step_columns) for _, micro in self.micros(items)]
        totals = self.totals(micro.batch for micro in micros)
        sums = Sums()
        with self.policy.autocast():  # around them all: weights are cast once a step
            for micro in micros:
                terms = self.objective(self.outputs(micro), micro.batch)
                loss = self.weight * sum(terms[name].sum / totals[name] for name in totals)
                assert isinstance(loss, Tensor)
                with self.policy.as_held():
                    loss.backward()
                sums.add(terms)
        return sums

    def totals(self, batches: Iterator[Batch]) -> dict[str, float]:
        """The divisor of each loss term over the whole step (1 where nothing counts)."""
        found: dict[str, float] = {}
        for batch in batches:
            for name, count in self.objective.counts(batch).items():
                found[name] = found.get(name, 0.0) + float(count)
        return {name: count or 1.0 for name, count in found.items()}

    def optim_step(self, lr: float) -> float:
        """Clip, update, clear; the gradient's norm before clipping.

        Raises FloatingPointError where that norm is not finite.
        """
        norm = clip(self.params, self.settings.clip)
        if not torch.isfinite(torch.tensor(norm)):
            raise FloatingPointError(f"the gradient's norm is {norm}")
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return norm

    @torch.no_grad()
    def score(
        self, items: Sequence[Item], *, top: int | None = None
    ) -> Iterator[tuple[list[Item], Micro, Outputs]]:
        """Forward without gradient, micro-batch by micro-batch, with the items each one holds."""
        for group, micro in self.micros(items):
            with self.policy.autocast():
                yield group, micro, self.outputs(micro, top=top)

    def save_state(self, folder: Path) -> None:
        """Trained weights and optimizer state as safetensors into `folder`."""
        checkpoint.save(folder, self.policy.trained_state(), self._optimizer)

    def load_state(self, folder: Path) -> None:
        """Exactly what `save_state` wrote."""
        checkpoint.load(folder, self.policy.trained_state(), self.optimizer)
