"""A critic of its own: a model with a scalar head that says what is to come at each token.

It begins as the reward model, which already values whole answers (Ouyang et al. 2022,
arXiv:2203.02155, appendix C.4), or as the policy's model with a head of zeros. Its memory and time
are those of a second policy; in turn what it learns does not pull at the policy's states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from plumbline.engine.batches import Item, Micro, in_order
from plumbline.engine.columns import split_rows
from plumbline.engine.engine import Engine
from plumbline.objectives.base import Outputs


class Critic(Engine):
    """An engine whose outputs are values alone."""

    def outputs(self, micro: Micro, *, top: int | None = None) -> Outputs:
        return Outputs(token_value=self.policy.token_values(micro.forest))

    @torch.no_grad()
    def values(self, items: Sequence[Item]) -> tuple[list[np.ndarray], np.ndarray]:
        """By answer: values before each token [T_i], and the value behind the last one [N]."""
        micros = self.micros(items)
        flat = in_order(items, ((group, self._values(micro)) for group, micro in micros))
        return [row[0] for row in flat], np.array([row[1] for row in flat])

    def _values(self, micro: Micro) -> Iterator[tuple[np.ndarray, float]]:
        hidden = self.policy.hidden(micro.forest)
        before = split_rows(self.policy.token_values(micro.forest, hidden), micro.batch)
        behind = self.policy.values(micro.forest, hidden=hidden).cpu().numpy()
        return zip(before, behind.tolist(), strict=True)
