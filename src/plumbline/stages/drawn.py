"""What an iteration of online training has in hand: answers, what they are worth, what two models
think of their tokens, and the columns that the update reads.

Lists go answer by answer, prompt by prompt; arrays [T_i] have one number a token of an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from plumbline.core.types import Example
from plumbline.engine.batches import Item, Micro, in_order
from plumbline.engine.columns import split_rows
from plumbline.engine.engine import Engine
from plumbline.feedback.reward_model import tree_of
from plumbline.feedback.rewards import Answered
from plumbline.models.policy import Policy
from plumbline.stages.critic import Critic, values
from plumbline.stages.onpolicy import as_given


@dataclass
class Drawn:
    """Prompts with their answers, and the sampler's log-probabilities in nats."""

    asked: list[Answered]
    logprobs: list[np.ndarray]
    rewards: np.ndarray = field(default_factory=lambda: np.empty(0))
    parts: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def groups(self) -> np.ndarray:
        """The prompt of each answer [N]."""
        return np.repeat(np.arange(len(self.asked)), [len(one.ids) for one in self.asked])

    @property
    def ended(self) -> np.ndarray:
        return np.array([e for one in self.asked for e in one.ended], bool)

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(ids) for one in self.asked for ids in one.ids])

    def as_dict(self) -> dict[str, Any]:
        """The answers, as a restart needs them (JSON keeps floats exactly)."""
        return {
            "ids": [[list(map(int, ids)) for ids in one.ids] for one in self.asked],
            "ended": [list(one.ended) for one in self.asked],
            "logprobs": [row.tolist() for row in self.logprobs],
        }

    def worth(self, known: Mapping[str, Any]) -> Drawn:
        """The same with the rewards [N] that JSON kept, and each reward's own numbers."""
        parts = {name: np.array(part, np.float64) for name, part in known["parts"].items()}
        return replace(self, rewards=np.array(known["rewards"], np.float64), parts=parts)


@dataclass
class Scored:
    """What the policy that drew the answers and its reference say, before any update: nats a
    token, and what a critic expects (0 without one)."""

    logp: list[np.ndarray]
    ref_logp: list[np.ndarray]
    value: list[np.ndarray]
    after: np.ndarray

    @property
    def apart(self) -> list[np.ndarray]:
        """log pi - log pi_ref at each token, nats."""
        return [p - q for p, q in zip(self.logp, self.ref_logp, strict=True)]


def items_of(asked: Sequence[Answered]) -> list[Item]:
    """One item a prompt: its answers branch from it."""
    return [Item(tree_of(one.prompt_ids, one.ids), Example(one.prompt, ())) for one in asked]


def scored(
    engine: Engine,
    reference: Engine,
    items: Sequence[Item],
    logp: list[np.ndarray],
    critic: Critic | None = None,
) -> Scored:
    """The reference's log-probabilities beside `logp`, those that the answers were drawn at, and
    the values of `critic`, else of the policy's head."""
    judge = critic or (engine if engine.policy.critic is not None else None)
    if judge is not None:
        value, after = values(judge, items)
    else:
        value, after = [np.zeros_like(row) for row in logp], np.zeros(len(logp))
    with as_given(reference.policy):
        return Scored(logp, logprobs(reference, items), value, after)


def exact_kl(engine: Engine, reference: Engine, items: Sequence[Item], tokens: int = 256) -> float:
    """KL(pi || pi_ref) over the whole vocabulary, nats a token, at the first sampled positions.

    So many positions at least (or all), of whole answers: what k1 estimates without its noise.
    """
    total = count = 0.0
    with torch.no_grad():
        for _, micro in engine.micros(list(_first(items, tokens))):
            said = engine.policy.distributions(micro.forest)
            with as_given(reference.policy):
                given = reference.policy.distributions(micro.forest)
            total += float((said.exp() * (said - given)).nan_to_num(0.0).sum())
            count += len(said)
    return total / count


def _first(items: Sequence[Item], tokens: int) -> Iterator[Item]:
    """The first answers that hold so many tokens."""
    for item in items:
        if tokens <= 0:
            return
        sizes = np.cumsum([len(own) for own in item.tree.completions])
        count = int(np.searchsorted(sizes, tokens)) + 1
        yield replace(item, tree=item.tree.only(range(min(count, len(sizes)))))
        tokens -= int(sizes[-1])


@torch.no_grad()
def logprobs(engine: Engine, items: Sequence[Item]) -> list[np.ndarray]:
    """Log-probabilities by answer, in the order of `items`."""
    micros = engine.micros(items)
    with engine.policy.cast_once():
        return in_order(items, ((group, _rows(engine.policy, micro)) for group, micro in micros))


def _rows(policy: Policy, micro: Micro) -> list[np.ndarray]:
    return split_rows(policy.logprobs(micro.forest).logp, micro.batch)
