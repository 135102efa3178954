"""A model that answers and judges: the plain callables that evaluations and `sample` are given.

`Answerer(folder)` is an `evals.tasks.Sampler`; `measured` gives each response's log-probability in
nats (or its reward, where the folder is a reward model) and its number of trained tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from plumbline.core.errors import UserError
from plumbline.core.ids import digest
from plumbline.core.types import Conversation, Example, Response, answer, text_of
from plumbline.engine.batches import Item
from plumbline.engine.engine import Engine
from plumbline.engine.memory import micro_tokens
from plumbline.evals.tasks import Generation
from plumbline.identity.held import held
from plumbline.models.config import context_of, is_reward, read_config
from plumbline.models.draw import Draw
from plumbline.models.load import load_model
from plumbline.models.locate import is_adapter, is_identity, with_weights
from plumbline.models.policy import Policy
from plumbline.models.sampler import Sample, sample
from plumbline.objectives import build
from plumbline.stages.settings import Sampling
from plumbline.text import length
from plumbline.text.length import Length
from plumbline.text.render import Renderer
from plumbline.text.stops import Stops
from plumbline.text.tokenizer import load_tokenizer

Measured = list[tuple[float, int]]
"""One (nats or reward, trained tokens) a response."""


def seed_of(seed: int, prompt: Sequence[int], k: int) -> int:
    """Answer k's own seed: it does not depend on what else is asked, or in which order."""
    return int(digest([seed, k, list(prompt)])[:15], 16)


def judges(folder: Path) -> bool:
    """Whether a model or adapter folder is a reward model."""
    if not is_adapter(folder):
        return is_reward(read_config(folder))
    told = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    return bool(told.get("task_type") == "SEQ_CLS")


class Answerer:
    """A model or adapter folder, loaded to sample and to score.

    `reward`: it has a scalar head. `cut`: prompts so far that were too long and lost old turns.
    """

    def __init__(
        self,
        folder: Path,
        *,
        template: str = "auto",
        options: Mapping[str, Any] | None = None,
        precision: str = "auto",
        policy: Policy | None = None,
        date: str | None = None,
    ) -> None:
        """`policy`: one that was loaded from `folder` already, to be trained, say."""
        self.held = held(folder) if is_identity(folder) else None
        weights = with_weights(folder)
        self.reward = judges(weights)
        self.policy = policy or load_model(
            weights, adapter="none", precision=precision, scalar_head=self.reward
        )
        self.state = self.held.state(self.policy) if self.held else None
        tok = load_tokenizer(weights)
        tok.check_against(self.policy.rows)
        self.renderer = Renderer(tok, template, options=options, date=date)
        self.cut = 0

    @classmethod
    def under(cls, folder: Path, settings: Sampling) -> Self:
        """With the template, its options and the precision of `settings`."""
        s = settings
        return cls(folder, template=s.template, options=s.template_options, precision=s.precision)

    @property
    def context(self) -> int:
        """Tokens the model reads."""
        return context_of(self.policy.model.config, self.renderer.tok.tokenizer.model_max_length)

    def __call__(
        self, prompts: Sequence[Conversation], generation: Generation
    ) -> list[list[Response]]:
        """`generation.n` responses a prompt."""
        said = self.draw(prompts, generation)
        return [[answer(self.words(one, generation)) for one in group] for group in said]

    def words(self, one: Sample, generation: Generation) -> str:
        """What an answer says."""
        return self._stops(generation).cut(self.renderer.answer_text(one.ids))

    def draw(self, prompts: Sequence[Conversation], generation: Generation) -> list[list[Sample]]:
        """The same in token ids, with their log-probabilities."""
        n, ids = generation.n, self.prompts_ids(prompts, generation.max_new_tokens)
        seeds = [seed_of(generation.seed, prompt, k) for prompt in ids for k in range(n)]
        flat = sample(
            self.policy,
            ids,
            n=n,
            max_new=generation.max_new_tokens,
            min_new=generation.min_new_tokens,
            draw=Draw(generation.temperature, generation.top_p, generation.top_k, generation.min_p),
            seeds=seeds,
            stop_ids=self.renderer.end_ids,
            stop=self._stops(generation) if generation.stop else None,
            state=self.state,
        )
        return [flat[i : i + n] for i in range(0, len(flat), n)]

    def _stops(self, generation: Generation) -> Stops:
        return Stops(self.renderer.tok, generation.stop)

    def prompts_ids(self, prompts: Sequence[Conversation], room: int) -> list[list[int]]:
        """Prompts in tokens, cut as training cuts them so that `room` tokens of answer fit; behind
        the manifesto where the folder holds one."""
        prompts = [self.told(prompt) for prompt in prompts]
        ids = self.renderer.prompts_ids(prompts)
        limit = max(2, self.context - room)
        long = [i for i, prompt in enumerate(ids) if len(prompt) > limit]
        self.cut += len(long)
        for i in long:
            ids[i] = self._shortened(prompts[i], limit)
        return ids

    def told(self, prompt: Conversation) -> Conversation:
        """The prompt, behind the manifesto where the folder holds one."""
        return self.held.manifesto.told(prompt) if self.held and prompt else prompt

    def _shortened(self, prompt: Conversation, limit: int) -> list[int]:
        """The length policy on the prompt with the shortest of answers, which is then left away."""
        probe = self.renderer.render(Example(prompt, (answer("."),)))
        kept, _ = length.apply(probe, Length(max=limit, max_lost=1.0), self.context)
        if not kept:
            raise UserError(
                f"a prompt cannot be cut to {limit} tokens: {text_of(prompt)[:60]!r}",
                fix="shorten its system text, or ask for shorter answers (max_new)",
            )
        return kept[0].tree.prompt.tolist()

    def measured(self, examples: Sequence[Example]) -> list[Measured | None]:
        """A value and a length for each response; None where an example is too long to be read.

        A document longer than the context is read in pieces, which add up.
        """
        examples = [replace(one, prompt=self.told(one.prompt)) for one in examples]
        trees = self.renderer.render_all(examples)
        kept, _ = length.apply(trees, Length(max_lost=1.0), self.context)
        place = {id(example): i for i, example in enumerate(examples)}
        found: list[Measured | None] = [None] * len(examples)
        budget = micro_tokens(self.policy.model.config, self.policy.device)
        engine = Engine(self.policy, build("sft"), micro_tokens=budget)
        for group, micro, out in engine.score([Item(one.tree, one.example) for one in kept]):
            worth = micro.batch.per_row(out.logp) if out.logp is not None else out.value
            assert worth is not None
            sizes = micro.batch.row_lengths()
            rows = iter(zip(worth.tolist(), sizes.tolist(), strict=True))
            for item in group:
                own = [next(rows) for _ in item.tree.completions]
                at = place[id(item.example)]
                before = found[at] or [(0.0, 0)] * len(own)
                found[at] = [
                    (a + b, int(m + n)) for (a, m), (b, n) in zip(before, own, strict=True)
                ]
        return found
