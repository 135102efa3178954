"""An answer on its way: what the sampler grows, and what is heard of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from plumbline.models.draw import Draw
from plumbline.models.sampler import Ending, Growing
from plumbline.stages.answering import seed_of
from plumbline.stages.serving.asked import Ask, Failed, Finish, Hear, Piece, Token
from plumbline.stages.serving.identities import Identity
from plumbline.stages.serving.likely import Likely
from plumbline.stages.serving.words import Spelling, Words
from plumbline.text.stops import Stops


@dataclass(eq=False)
class Job:
    """One `Ask` under way: its prompt in tokens, the first `before` of which nobody asked to see,
    and the most tokens an answer can have. `left`: nobody listens any more."""

    ask: Ask
    hear: Hear
    identity: Identity
    spelling: Spelling
    prompt: Sequence[int]
    before: int
    room: int
    left: bool = False

    @property
    def scores(self) -> bool:
        """Whether the prompt's own log-probabilities are wanted."""
        return self.ask.echo and self.ask.top is not None

    @property
    def top(self) -> int:
        """Likeliest tokens to be named."""
        return self.ask.top or 0

    @property
    def first(self) -> int:
        """The place in the prompt from which tokens have log-probabilities to be shown."""
        return max(self.before, 1)

    def answers(self) -> list[Answer]:
        """Its answers, each with the generator that `plumbline sample` would give it."""
        g, end_ids = self.ask.generation, frozenset(self.identity.renderer.end_ids)
        stops = Stops(self.identity.renderer.tok, g.stop)
        ending = Ending(end_ids, stops if g.stop else None)
        draw = Draw(g.temperature, g.top_p, g.top_k, g.min_p)
        found = []
        for k in range(g.n):
            random = np.random.default_rng(seed_of(g.seed, self.prompt, k))
            row = Growing(self.room, random, draw, ending)
            found.append(Answer(self, k, row, Words(self.identity.renderer, stops)))
        return found

    def echoed(self, found: Sequence[Likely]) -> None:
        """The prompt's text is heard as the beginning of every answer; `found` is what the model
        says of it from `first` on."""
        said, tok = self.ask.prompt, self.identity.renderer.tok
        text = said[0].content if said else tok.decode(self.prompt)
        tokens: tuple[Token, ...] = ()
        if self.scores:
            bare = self.prompt[self.before : self.first]
            firsts = [Token(self.spelling(one), None) for one in bare]
            tokens = (*firsts, *map(self.token, self.prompt[self.first :], found))
        for k in range(self.ask.generation.n):
            self.tell(Piece(k, text, tokens, 0, "" if self.room else "length"))

    def token(self, token: int, found: Likely) -> Token:
        """A token as it is heard."""
        best = zip(found.ids[: self.top], found.logprobs[: self.top], strict=True)
        top = tuple((self.spelling(one), value) for one, value in best)
        return Token(self.spelling(token), found.logprob, top)

    def tell(self, what: Piece | Failed) -> None:
        if not self.left:
            self.hear(what)


@dataclass(eq=False)
class Answer:
    """Answer `choice` of a job. `pending`: tokens that no piece has told of yet."""

    job: Job
    choice: int
    row: Growing
    words: Words
    pending: list[Token] = field(default_factory=list)
    told: int = 0

    def grown(self, found: Likely | None) -> None:
        """The row has one token more; what the model says of it, where that is asked."""
        ids = self.row.ids
        if found is not None:
            self.pending.append(self.job.token(ids[-1], found))
        if self.row.leaves:
            self._tell(self.words.rest(ids), "stop" if self.row.ended else "length")
        elif self.job.ask.stream and (text := self.words.new(ids)):
            self._tell(text)

    def _tell(self, text: str, finish: Finish = "") -> None:
        count = len(self.row.ids)
        tokens, self.pending = tuple(self.pending), []
        self.job.tell(Piece(self.choice, text, tokens, count - self.told, finish))
        self.told = count
