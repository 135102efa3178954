"""A reward model reads what the policy drew: the very token ids, or the words where they differ.

The reward is the scalar head's value at the last token of the answer, which in training was its
end-of-turn token. Where policy and reward model share tokenizer and template, the policy's ids are
read as they are, and nothing is tokenised again; else prompt and answer are rendered by the reward
model's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from plumbline.core.types import Example, answer
from plumbline.engine.batches import Item, cut, in_order
from plumbline.feedback.rewards import Answered
from plumbline.models.policy import Policy
from plumbline.text.forest import TokenTree
from plumbline.text.render import Renderer


@dataclass(frozen=True)
class RewardModel:
    """`renderer` is None where the policy's ids are the reward model's own."""

    name: str
    policy: Policy
    renderer: Renderer | None
    micro_tokens: int

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        items = [Item(self._tree(one), Example(one.prompt, ())) for one in asked]
        groups = cut(items, self.micro_tokens, share=self.policy.share)
        with torch.no_grad(), self.policy.cast_once():
            return np.array(in_order(items, ((own, self._values(own)) for own in groups)))

    def _values(self, group: Sequence[Item]) -> list[float]:
        forest = self.policy.grow([item.tree for item in group])
        found: list[float] = self.policy.values(forest).tolist()
        return found

    def _tree(self, one: Answered) -> TokenTree:
        if self.renderer is None:
            return tree_of(one.prompt_ids, one.ids)
        said = Example(one.prompt, tuple(answer(text) for text in one.texts))
        return self.renderer.render(said)[0].tree


def tree_of(prompt: Sequence[int], answers: Sequence[Sequence[int]]) -> TokenTree:
    """A prompt and its answers in tokens, every answer's tokens trained."""
    completions = tuple(np.asarray(ids, np.int64) for ids in answers)
    trained = tuple(np.ones(len(ids), bool) for ids in answers)
    return TokenTree(np.asarray(prompt, np.int64), completions, trained)
