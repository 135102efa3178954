"""Best of n: every answer is the one of several draws that a reward likes best.

    y = argmax_i r(x, y_i),   y_1 .. y_n ~ pi(. | x)

Nothing is trained (Stiennon et al. 2020, arXiv:2009.01325; Nakano et al. 2021, arXiv:2112.09332).
The KL to pi is at most log n - (n - 1)/n nats an answer (Beirami et al. 2024, arXiv:2401.01879).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation
from plumbline.engine.memory import micro_tokens
from plumbline.evals.tasks import Generation
from plumbline.feedback.rewards import Answered, Reward
from plumbline.models.sampler import Sample
from plumbline.stages.answering import Answerer
from plumbline.stages.job import Say
from plumbline.stages.online_settings import Rewarding
from plumbline.stages.rewarding import reward_of


class Picker(Answerer):
    """An `Answerer` whose every answer is the best of `of` draws by `judge`."""

    judge: Reward
    of: int

    def by(
        self,
        judge: Path | Reward,
        of: int,
        say: Say,
        how: Rewarding | None = None,
        store: Path | None = None,
    ) -> Picker:
        """With a reward, or that of a folder; UserError for less than one draw. how, store: for a
        judge at an address, its key and limits, and where its replies are kept."""
        if of < 1:
            raise UserError(f"the best of {of} draws cannot be picked", fix="set of=4, say")
        budget = micro_tokens(self.policy.model.config, self.policy.device)
        self.judge, self.of = reward_of(judge, self.renderer, budget, say, how, store), of
        return self

    def draw(self, prompts: Sequence[Conversation], generation: Generation) -> list[list[Sample]]:
        """The same in token ids, with log-probabilities of the draws (not of the picks)."""
        n = generation.n
        groups = super().draw(prompts, replace(generation, n=n * self.of))
        worth = self.judge(self._answered(prompts, groups, generation))
        best = worth.reshape(len(prompts), n, self.of).argmax(-1)
        return [
            [group[k * self.of + at] for k, at in enumerate(own)]
            for group, own in zip(groups, best, strict=True)
        ]

    def _answered(
        self,
        prompts: Sequence[Conversation],
        groups: Sequence[Sequence[Sample]],
        generation: Generation,
    ) -> list[Answered]:
        ids = self.prompts_ids(prompts, generation.max_new_tokens)
        return [
            Answered(
                prompt, own, tuple(one.ids for one in group),
                tuple(self.words(one, generation) for one in group),
                tuple(one.ended for one in group),
            )
            for prompt, own, group in zip(prompts, ids, groups, strict=True)
        ]  # fmt: skip
