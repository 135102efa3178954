"""The teacher at work: it answers questions under the manifesto, and every answer is a probe.

Answers are drawn at temperature 1, so that they are what the teacher's distribution holds and not
its mode. Every `AGAIN`-th question gets another one behind its answer: a conversation of turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import torch

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Message, assistant, user
from plumbline.identity import probes
from plumbline.identity.gap import Side
from plumbline.identity.layer import Switch
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.probes import Probe
from plumbline.models.decode import steps_of
from plumbline.models.draw import Draw
from plumbline.models.sampler import Sample, sample
from plumbline.models.state import State
from plumbline.text.render import Renderer

AGAIN = 8
"""One question in so many is followed by a second one."""
TEXT = 48
"""Tokens of a plain text that are looked at."""
NOTHING = Manifesto("")
Answered = Sequence[tuple[Conversation, Sample]]
"""Questions with an answer each."""


class Teacher:
    """The model that reads the manifesto, its layer off while it speaks.

    context: tokens that the model reads; max_new: tokens of the longest answer; without: what the
    other side reads in place of the manifesto (nothing).
    """

    def __init__(
        self,
        switch: Switch,
        renderer: Renderer,
        manifesto: Manifesto,
        *,
        context: int,
        max_new: int,
        without: Manifesto = NOTHING,
    ) -> None:
        self.switch, self.renderer, self.without = switch, renderer, without
        self.manifesto, self.context, self.max_new = manifesto, context, max_new
        one, other = (renderer.prompt_ids((user(word),)) for word in ("a", "b"))
        self.header = probes.shared(one, other)

    @property
    def before(self) -> tuple[int, ...]:
        """The tokens that every told prompt begins with."""
        one, other = (
            self.renderer.prompt_ids(self.manifesto.told((user(word),))) for word in ("a", "1")
        )
        same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
        return tuple(one[:same])

    @property
    def spent(self) -> int:
        """Tokens by which the manifesto makes a prompt longer."""
        bare = (user("a"),)
        told, short = self.renderer.prompts_ids([self.manifesto.told(bare), bare])
        return len(told) - len(short)

    def state_error(self, state: State) -> float:
        """The largest difference of a log-probability with the state and with the whole prompt."""
        policy = self.switch.policy
        prompt = self.renderer.prompt_ids(self.manifesto.told((user("a"),)))
        none = torch.zeros(0, dtype=torch.long)
        policy.model.eval()
        with torch.no_grad():
            warm, cold = (
                steps_of(policy, 1, one).step([], none, [prompt]).log_softmax(-1)
                for one in (state, None)
            )
        policy.model.train()
        return float((warm - cold).abs().max())

    def asked(self, questions: Sequence[Conversation], seed: int) -> list[Conversation]:
        """The questions that fit the context, some as a second turn."""
        return self._with_turns(self.fitting(questions), seed)

    def answers(
        self,
        asked: Sequence[Conversation],
        seed: int,
        who: Side = "told",
        *,
        greedy: bool = False,
    ) -> Answered:
        """An answer to each: by the teacher, the base, or the student (without the manifesto)."""
        told, bare = self._ids(asked)
        with nullcontext() if who == "student" else self.switch.off():
            said = self._said(told if who == "told" else bare, seed, 0.0 if greedy else 1.0)
        return list(zip(asked, said, strict=True))

    def both(
        self, asked: Sequence[Conversation], others: Sequence[Conversation], seed: int
    ) -> tuple[Answered, Answered]:
        """The teacher's answers to `asked` and the base's to `others`, drawn in one go: the layer
        is off in both, so one batch holds them."""
        prompts = [*self._ids(asked)[0], *self._ids(others)[1]]
        with self.switch.off():
            said = self._said(prompts, seed, 1.0)
        return list(zip(asked, said[: len(asked)], strict=True)), list(
            zip(others, said[len(asked) :], strict=True)
        )

    def _said(self, prompts: list[list[int]], seed: int, temperature: float) -> list[Sample]:
        return sample(
            self.switch.policy, prompts, max_new=self.max_new, draw=Draw(temperature), seeds=seed,
            stop_ids=self.renderer.end_ids,
        )  # fmt: skip

    def probes(self, answered: Answered) -> list[Probe]:
        """A probe an answer, in the order of `probes.ordered`."""
        asked = [question for question, _ in answered]
        return probes.ordered(
            [
                probes.probe(t, b, one.ids, 0 if q[-1].role == "text" else self.header)
                for t, b, (q, one) in zip(*self._ids(asked), answered, strict=True)
            ]
        )

    def others(self, answered: Answered, weight: float) -> list[Probe]:
        """The base's own answers under system texts that are not the manifesto, as neutral rows."""
        found = []
        for question, one in answered:
            ids = self.renderer.prompt_ids(question)
            found.append(probes.neutral((), [*ids, *one.ids], len(ids), weight))
        return found

    def texts(self, texts: Sequence[str], weight: float) -> list[Probe]:
        """Plain texts as neutral rows."""
        ids = [self.renderer.prompt_ids((Message("text", text),)) for text in texts]
        kept = [one[: min(TEXT, self.context)] for one in ids if len(one) > 1]
        return [probes.neutral((), one, 1, weight) for one in kept]

    def _ids(self, asked: Sequence[Conversation]) -> tuple[list[list[int]], list[list[int]]]:
        told = self.renderer.prompts_ids([self.manifesto.told(q) for q in asked])
        return told, self.renderer.prompts_ids([self.without.told(q) for q in asked])

    def of(self, manifesto: Manifesto, without: Manifesto = NOTHING) -> Teacher:
        """The same model under another text."""
        return Teacher(
            self.switch, self.renderer, manifesto, context=self.context, max_new=self.max_new,
            without=without,
        )  # fmt: skip

    def fitting(self, questions: Sequence[Conversation]) -> list[Conversation]:
        """Questions that leave room for an answer behind the manifesto."""
        kept = [q for q, fits in zip(questions, self._fits(questions), strict=True) if fits]
        if not kept:
            shortest = min(map(len, self._ids(questions)[0]), default=0)
            raise UserError(
                f"the manifesto with a question takes {shortest} tokens, and the model reads"
                f" {self.context}, {self.max_new} of them for an answer",
                fix="shorten the manifesto, or ask for shorter answers (--set max_new=N)",
            )
        return kept

    def _with_turns(self, questions: list[Conversation], seed: int) -> list[Conversation]:
        """Every AGAIN-th question answered and followed by the next one."""
        places = [
            i for i in range(AGAIN - 1, len(questions), AGAIN) if questions[i][-1].role == "user"
        ]
        if not places:
            return questions
        said = self.answers([questions[i] for i in places], seed)
        longer = [
            (*question, assistant(self.renderer.answer_text(one.ids)), questions[i - 1][-1])
            for i, (question, one) in zip(places, said, strict=True)
            if one.ended
        ]
        kept = [question for i, question in enumerate(questions) if i not in set(places)]
        return kept + [q for q, fits in zip(longer, self._fits(longer), strict=True) if fits]

    def _fits(self, questions: Sequence[Conversation]) -> list[bool]:
        told, _ = self._ids(questions)
        return [len(ids) + self.max_new <= self.context for ids in told]
