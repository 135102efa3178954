"""A model behind an OpenAI-compatible address as a judge.

No address goes on from the beginning of a turn, so `start` is not used: verdicts behind reasons are
asked for in a turn of their own, in the template's words or in ASK. An option that is not among the
likeliest tokens shown counts with the most that it and its like can have of the rest, if another
one is. Where an address gives no log-probabilities, verdicts are drawn again and again and counted
(`endpoint.options`). A model that refuses, or names no option in any draw, gives no verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from plumbline.core.ids import digest
from plumbline.core.types import Conversation, assistant, user
from plumbline.feedback.endpoint import Endpoint, Odds, Refused
from plumbline.feedback.judging.judge import Cost, Question, Weighed
from plumbline.feedback.judging.weighing import unread, weighed

ASK = "Reply with one of these and nothing else: {options}."
DRAWS = 16


class EndpointJudge:
    """A judge (`judge.Judge`). temperature: of its reasons; draws: verdicts that are counted where
    there are no log-probabilities."""

    def __init__(
        self, endpoint: Endpoint, model: str, *, temperature: float = 0.0, draws: int = DRAWS
    ) -> None:
        self.endpoint, self.model = endpoint, model
        self.temperature, self.draws = temperature, draws
        self.name = f"{model} at {endpoint.url}"
        how = [temperature] if temperature else []
        self.id = digest([endpoint.url, model, *how])

    @property
    def cost(self) -> Cost:
        """So far."""
        u = self.endpoint.usage
        return Cost(u.requests, u.prompt_tokens, u.completion_tokens, u.cached, u.seconds)

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        """One answer a question; endpoint.Unfinished where some could not be had, once the others
        are kept."""
        found = dict(self.endpoint.each(lambda one: self._weighed(one, seed), questions))
        return [found[place] for place in range(len(questions))]

    def write(
        self,
        asked: Sequence[Conversation],
        max_new: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """A text for each conversation; "" where the model refuses."""
        found = dict(
            self.endpoint.each(lambda one: self._written(one, max_new, temperature, seed), asked)
        )
        return [found[place] for place in range(len(asked))]

    def _weighed(self, question: Question, seed: int) -> Weighed:
        asked, reasons = question.asked, ""
        try:
            if question.reasons:
                reasons = self._said(asked, question.reasons, self.temperature, seed).strip()
                asked = (*asked, assistant(reasons), user(question.again or _asking(question)))
            odds = self.endpoint.odds(
                self.model, asked, question.options, draws=self.draws, seed=seed
            )
        except Refused:
            return unread(len(question.options), reasons)
        return unread(len(question.options), reasons) if odds.silent else _of(odds, reasons)

    def _written(self, asked: Conversation, max_new: int, temperature: float, seed: int) -> str:
        try:
            return self._said(asked, max_new, temperature, seed)
        except Refused:
            return ""

    def _said(self, asked: Conversation, max_new: int, temperature: float, seed: int) -> str:
        (said,) = self.endpoint.answers(
            self.model, asked, max_new=max_new, temperature=temperature, seed=seed
        )
        return said


def _asking(question: Question) -> str:
    return ASK.replace("{options}", ", ".join(forms[0].strip() for forms in question.options))


def _of(odds: Odds, reasons: str) -> Weighed:
    masses = [math.exp(one) for one in odds.logp.values()]
    if any(masses):  # else nothing is known, and nothing is read
        bound = min(math.exp(odds.least), odds.rest / max(1, masses.count(0.0)))
        masses = [mass or bound for mass in masses]
    return weighed(masses, reasons, odds.draws)
