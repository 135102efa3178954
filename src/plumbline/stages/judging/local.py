"""A model of this machine as a judge: verdicts read off its probabilities, or behind its reasons.

The probability of an option is summed over every way in which its forms may be written (`ways`):
the question stands once, the ways branch from it, and one pass reads them all. Reasons are drawn
first, as tokens that are never tokenised again: what is read stands behind the token with which
`start` is complete. They end where `start` is followed by an option, so that a judge who says "so"
in the course of its reasons goes on.

A question that is too long loses its examples, the oldest first. One that is too long without them
gets no verdict: no probability for any option, and a residual of 1; `long` counts those.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from plumbline.core.ids import digest, digest_file
from plumbline.core.types import Conversation, Example, assistant, user
from plumbline.engine.batches import Item
from plumbline.engine.engine import Engine
from plumbline.engine.memory import micro_tokens
from plumbline.evals.tasks import Generation
from plumbline.feedback.judging.judge import Cost, Question, Weighed
from plumbline.feedback.judging.weighing import unread, weighed
from plumbline.models.locate import IDENTITY
from plumbline.objectives import build
from plumbline.stages.answering import Answerer
from plumbline.stages.judging.ways import Alphabet, Ways
from plumbline.text.forest import TokenTree

DATE = "2025-01-01"
"""Today, for a judge whose template tells it: the same question is asked in the same words on any
day."""


@dataclass(frozen=True)
class Reached:
    """What stands before the options, in tokens, and the reasons in it."""

    ids: list[int]
    reasons: str = ""


class LocalJudge:
    """A judge (`feedback.judging.judge.Judge`). temperature: of its reasons, 0 is greedy."""

    def __init__(self, answerer: Answerer, name: str, *, temperature: float = 0.0) -> None:
        self.answerer, self.name, self.temperature = answerer, name, temperature
        self.cost, self.long = Cost(), 0
        policy = answerer.policy
        budget = micro_tokens(policy.model.config, policy.device)
        self._engine = Engine(policy, build("sft"), micro_tokens=budget)
        self._alphabet = Alphabet(answerer.renderer.tok)
        held = answerer.held
        told = digest_file(held.folder / IDENTITY) if held else ""
        asked = [policy.precision, answerer.renderer.digest(), temperature]
        self.id = digest([policy.source.digest, told, *asked])

    @classmethod
    def opened(
        cls,
        folder: Path,
        name: str,
        *,
        temperature: float = 0.0,
        template: str = "auto",
        options: Mapping[str, Any] | None = None,
        precision: str = "auto",
    ) -> Self:
        """The judge in a model or adapter folder; `template` and `options` are the model's own."""
        answerer = Answerer(
            folder, template=template, options=options, precision=precision, date=DATE
        )
        return cls(answerer, name, temperature=temperature)

    def weigh(self, questions: Sequence[Question], seed: int = 0) -> list[Weighed]:
        """What is read of each option, behind the reasons where they are asked for."""
        with self._counted(len(questions)):
            found: list[Reached | None] = [None] * len(questions)
            for group in self._alike(questions):
                said = self._reached([questions[i] for i in group], seed)
                for i, reached in zip(group, said, strict=True):
                    found[i] = reached
            self.long += found.count(None)
            return self._read(questions, found)

    def write(
        self,
        asked: Sequence[Conversation],
        max_new: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """A text for each conversation; a longer prompt is cut as an `Answerer` cuts it."""
        with self._counted(len(asked)):
            how = Generation(1, max_new, temperature, seed=seed)
            drawn = [group[0] for group in self.answerer.draw(asked, how)]
            read = self.answerer.prompts_ids(asked, max_new)
            self.cost.prompt_tokens += sum(map(len, read))
            self.cost.written_tokens += sum(len(one.ids) for one in drawn)
            return [self.answerer.words(one, how) for one in drawn]

    @contextmanager
    def _counted(self, requests: int) -> Iterator[None]:
        began = time.perf_counter()
        self.cost.requests += requests
        yield
        self.cost.seconds += time.perf_counter() - began

    # -- up to where options are read

    def _alike(self, questions: Sequence[Question]) -> list[list[int]]:
        """Questions that can be asked together: with the same options and as many reasons."""
        groups: dict[Any, list[int]] = {}
        for i, one in enumerate(questions):
            key = (one.options, one.start, one.reasons, one.again)
            groups.setdefault(key, []).append(i)
        return list(groups.values())

    def _reached(self, questions: Sequence[Question], seed: int) -> list[Reached | None]:
        asked = [one.asked for one in questions]
        first = questions[0]
        start = self._encoded(first.start)
        room = len(start) + self._alphabet.ways(first.options).longest
        if not first.reasons:
            fits = self._fitting(asked, room)
            return [None if ids is None else Reached(ids + start) for _, ids in fits]
        fits = self._fitting(asked, room + first.reasons)
        drawn = self._drawn(first, [one for one, ids in fits if ids], seed)
        if first.again:
            return self._asked_again(first, fits, drawn, room)
        return [None if ids is None else self._behind(ids, next(drawn), first) for _, ids in fits]

    def _fitting(
        self, asked: Sequence[Conversation], room: int, core: int = 1
    ) -> list[tuple[Conversation, list[int] | None]]:
        """Each conversation without so many of its first exchanges that it fits, and its ids; None
        where its last `core` turns are too long by themselves."""
        limit, told, renderer = self.answerer.context - room, self.answerer.told, self._renderer
        found: list[tuple[Conversation, list[int] | None]] = []
        for one, ids in zip(asked, renderer.prompts_ids(map(told, asked)), strict=True):
            while len(ids) > limit and len(one) > core:
                one = one[2:]
                ids = renderer.prompt_ids(told(one))
            found.append((one, ids if len(ids) <= limit else None))
        return found

    def _drawn(
        self, question: Question, asked: Sequence[Conversation], seed: int
    ) -> Iterator[list[int]]:
        """Reasons in tokens, up to an end id or to `start` and an option."""
        stop = () if question.again else _verdicts(question)
        how = Generation(1, question.reasons, self.temperature, seed=seed, stop=stop)
        for prompt, (one,) in zip(asked, self.answerer.draw(asked, how), strict=True):
            self.cost.prompt_tokens += len(self._renderer.prompt_ids(self.answerer.told(prompt)))
            self.cost.written_tokens += len(one.ids)
            end = next((n for n, i in enumerate(one.ids) if i in self._renderer.end_ids), None)
            yield one.ids[:end]

    def _behind(self, ids: list[int], written: list[int], question: Question) -> Reached:
        """Behind `start` where it was written before an option, else behind all and `start`."""
        decode, start = self._renderer.tok.decode_continuation, question.start
        said = decode(written)
        places = [said.find(verdict) for verdict in _verdicts(question)]
        place = min((p for p in places if p >= 0), default=None)
        if place is None:
            lead = " " if start and said[-1:].strip() else ""
            return Reached(ids + written + self._encoded(lead + start), said.strip())
        end, count = place + len(start), len(written)
        while len(decode(written[:count])) > end:
            count -= 1
        rest = said[len(decode(written[:count])) : end]
        return Reached(ids + written[:count] + self._encoded(rest), said[:place].strip())

    def _asked_again(
        self,
        question: Question,
        fits: Sequence[tuple[Conversation, list[int] | None]],
        drawn: Iterator[list[int]],
        room: int,
    ) -> list[Reached | None]:
        """The reasons as the judge's turn, and the verdict asked for in one of its own."""
        start = self._encoded(question.start)
        reasons = [
            self._renderer.answer_text(next(drawn)).strip() if ids else "" for _, ids in fits
        ]
        turns = [
            (*asked, assistant(said), user(question.again))
            for (asked, _), said in zip(fits, reasons, strict=True)
        ]
        again = self._fitting(turns, room, core=3)
        return [
            Reached(ids + start, said) if first and ids else None
            for (_, first), (_, ids), said in zip(fits, again, reasons, strict=True)
        ]

    def _encoded(self, text: str) -> list[int]:
        return self._renderer.tok.encode_continuation(text) if text else []

    @property
    def _renderer(self) -> Any:
        return self.answerer.renderer

    # -- the options

    def _read(
        self, questions: Sequence[Question], reached: Sequence[Reached | None]
    ) -> list[Weighed]:
        ways = [self._alphabet.ways(one.options) for one in questions]
        width = max((one.width for one in ways), default=0)
        items = {i: _item(one, ways[i], width) for i, one in enumerate(reached) if one is not None}
        self.cost.prompt_tokens += sum(item.tree.size() for item in items.values())
        found = [unread(len(one.options)) for one in questions]
        for i, masses in self._masses(items, ways):
            before = reached[i]
            assert before is not None
            found[i] = weighed(masses, before.reasons)
        return found

    def _masses(
        self, items: Mapping[int, Item], ways: Sequence[Ways]
    ) -> Iterator[tuple[int, list[float]]]:
        """(place, probabilities of its options) of every question, in any order."""
        places = {id(item): i for i, item in items.items()}
        with torch.no_grad(), self.answerer.policy.cast_once():
            for group, _, out in self._engine.score(list(items.values())):
                assert out.top_logp is not None
                left = out.top_logp.float().cpu().numpy()
                for item in group:
                    i = places[id(item)]
                    size = sum(map(len, ways[i].branches))
                    own, left = left[:size], left[size:]
                    yield i, ways[i].masses(own[None])[0].tolist()


def _verdicts(question: Question) -> tuple[str, ...]:
    """What ends the reasons: `start` and an option; nothing where there is no such word."""
    if not question.start:
        return ()
    return tuple(question.start + form for forms in question.options for form in forms)


def _item(reached: Reached, ways: Ways, width: int) -> Item:
    """The text before the options, and their ways as its branches."""
    branches = tuple(np.asarray(path, np.int64) for path in ways.branches)
    trained = tuple(np.ones(len(path), bool) for path in branches)
    tree = TokenTree(np.asarray(reached.ids, np.int64), branches, trained)
    return Item(tree, Example((), ()), {"teacher_ids": tuple(ways.ids(width))})
