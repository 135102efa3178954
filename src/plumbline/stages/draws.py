"""Answers to prompts, drawn as a training's settings say, in ids and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plumbline.feedback.rewards import Answered
from plumbline.models.draw import Draw
from plumbline.models.policy import Policy
from plumbline.models.sampler import sample
from plumbline.stages.drawn import Drawn
from plumbline.stages.online_settings import Drawing
from plumbline.text.render import Renderer
from plumbline.text.stops import Stops


@dataclass(frozen=True)
class Prompt:
    """A prompt in tokens; `about` says of it all but its answers."""

    ids: list[int]
    about: Answered

    def answered(
        self, ids: Sequence[list[int]], words: Sequence[str], ended: Sequence[bool]
    ) -> Answered:
        about = self.about
        return Answered(
            about.prompt, self.ids, tuple(ids), tuple(words), tuple(ended), about.wanted
        )


@dataclass(frozen=True)
class Drawer:
    """Draws answers, and says what they are in words."""

    how: Drawing
    renderer: Renderer

    def __call__(
        self, policy: Policy, prompts: Sequence[Prompt], n: int, seeds: Sequence[int]
    ) -> Drawn:
        """`n` answers a prompt, with the log-probabilities they were drawn at (nats)."""
        how = self.how
        got = sample(
            policy,
            [one.ids for one in prompts],
            n=n,
            max_new=how.max_new,
            min_new=how.min_new,
            draw=Draw(how.temperature),
            seeds=seeds,
            stop_ids=self.renderer.end_ids,
            stop=self._stops if how.stop else None,
        )
        ids = [[one.ids for one in got[i : i + n]] for i in range(0, len(got), n)]
        ended = [[one.ended for one in got[i : i + n]] for i in range(0, len(got), n)]
        logprobs = [np.array(one.logprobs, np.float32) for one in got]
        return Drawn(self._told(prompts, ids, ended), logprobs)

    def recalled(self, prompts: Sequence[Prompt], known: Mapping[str, Any]) -> Drawn:
        """What `Drawn.as_dict` kept."""
        return Drawn(
            self._told(prompts, known["ids"], known["ended"]),
            [np.array(row, np.float32) for row in known["logprobs"]],
        )

    @property
    def _stops(self) -> Stops:
        return Stops(self.renderer.tok, self.how.stop)

    def _told(
        self,
        prompts: Sequence[Prompt],
        ids: Sequence[list[list[int]]],
        ended: Sequence[Sequence[bool]],
    ) -> list[Answered]:
        rows = zip(prompts, ids, ended, strict=True)
        return [p.answered(own, [self._words(one) for one in own], e) for p, own, e in rows]

    def _words(self, ids: Sequence[int]) -> str:
        return self._stops.cut(self.renderer.answer_text(ids))
