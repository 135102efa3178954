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
from plumbline.models.policy import Policy
from plumbline.objectives.base import Outputs


class Critic(Engine):
    """An engine whose outputs are values alone."""

    def outputs(self, micro: Micro, *, top: int | None = None) -> Outputs:
        return Outputs(token_value=self.policy.token_values(micro.forest))


@torch.no_grad()
def values(engine: Engine, items: Sequence[Item]) -> tuple[list[np.ndarray], np.ndarray]:
    """What a critic, its own or on a policy's trunk, expects: by answer, before each token [T_i],
    and behind the last one [N]."""
    micros = engine.micros(items)
    with engine.policy.cast_once():
        flat = in_order(items, ((group, _values(engine.policy, micro)) for group, micro in micros))
    return [row[0] for row in flat], np.array([row[1] for row in flat])


def _values(policy: Policy, micro: Micro) -> Iterator[tuple[np.ndarray, float]]:
    hidden = policy.hidden(micro.forest)
    before = split_rows(policy.token_values(micro.forest, hidden), micro.batch)
    behind = policy.values(micro.forest, policy.critic, hidden).cpu().numpy()
    return zip(before, behind.tolist(), strict=True)
