"""The thread that owns the model: one identity speaks at a time, its answers grow together.

    turn:  take an identity -> step, hand out, let in -> ... -> nobody grows or waits

Answers join a batch between two steps and leave it when they have ended or nobody listens any more
(`models.sampler.decode`). Each draws from a generator of its own, so that what it says does not
depend on who else is in the batch. Whose turn it is: `lanes`.

The n answers to one prompt are n rows that each read it: a server's batch has no common n.
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Self

from torch import Tensor

from plumbline.core.errors import UserError, unknown
from plumbline.models.decode import steps_of
from plumbline.models.sampler import READ, ROWS, Asked, Growing, affordable, decode, sampling
from plumbline.stages.serving import likely
from plumbline.stages.serving.answers import Answer, Job
from plumbline.stages.serving.asked import REST, Ask, Failed, Hear, Started, TooLong
from plumbline.stages.serving.identities import House
from plumbline.stages.serving.lanes import Lanes
from plumbline.stages.serving.likely import Likely
from plumbline.stages.serving.words import Spelling

STOPPING = "the server is stopping"


class Lane(NamedTuple):
    """Those who can grow together: one identity, behind its warmed state or not."""

    name: str
    warm: bool


class Worker:
    """`asked.Engine` over a house. As a context it starts its thread, and ends it.

    rows: answers that grow together, at most. max_new: the longest answer where none is asked for
    (0: what the context leaves).
    """

    def __init__(self, house: House, *, rows: int = ROWS, max_new: int = 0) -> None:
        self.house, self.rows, self.max_new = house, rows, max_new or REST
        self._lanes: Lanes[Lane, Job | Answer] = Lanes()
        self._growing: dict[Growing, Answer] = {}
        self._texts: list[Job] = []
        self._longest = 0
        self._rendering = threading.Lock()  # a renderer remembers what it met
        self._spelling = {
            name: Spelling(one.renderer.tok) for name, one in house.identities.items()
        }
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()
        self._thread.join()

    def close(self) -> None:
        """Whoever still listens hears of it, and the thread ends after its step."""
        self._lanes.close()

    # -- from any thread

    @property
    def names(self) -> Sequence[str]:
        return tuple(self.house.identities)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and not self._lanes.closed

    @property
    def growing(self) -> int:
        return len(self._growing)

    def ask(self, ask: Ask, hear: Hear) -> Started:
        """See `asked.Engine`. UserError for an unknown name, and a prompt that is empty, too long
        or refused by the template."""
        identity = self.house.identities.get(ask.model)
        if identity is None:
            raise unknown("model", ask.model, self.names)
        with self._rendering:
            prompt, before = identity.read(ask)
        job = Job(
            ask, hear, identity, self._spelling[ask.model], prompt, before, self._room(prompt, ask)
        )
        lane = Lane(ask.model, job.room > 0 and identity.begins(prompt))
        echo: list[Job | Answer] = [job] if ask.echo else []
        if not self._lanes.put(lane, [*echo, *(job.answers() if job.room else ())]):
            job.tell(Failed(STOPPING))
        known = len(identity.state.ids) if identity.state and lane.warm and not job.scores else 0
        return Started(len(prompt), known, lambda: self._leave(job))

    def _room(self, prompt: Sequence[int], ask: Ask) -> int:
        """Tokens that an answer can have."""
        wanted, context = ask.generation.max_new_tokens, self.house.context
        if not prompt:
            raise UserError("the prompt is empty", fix="give at least one token")
        highest = max(prompt)
        if min(prompt) < 0 or highest >= self.house.policy.rows:
            raise UserError(f"token ids go from 0 to {self.house.policy.rows - 1}, not {highest}")
        if len(prompt) + min(wanted, 1) > context:
            raise TooLong(
                f"the prompt is {len(prompt)} tokens, and the model reads {context}, its answer"
                " included",
                fix="send less of the conversation; nothing is cut here",
            )
        return min(self.max_new if wanted == REST else wanted, context - len(prompt))

    def _leave(self, job: Job) -> None:
        job.left = True
        self._lanes.drop(lambda one: _job(one).left)

    # -- the model's thread

    def _run(self) -> None:
        while (lane := self._lanes.next()) is not None:
            try:
                self._turn(lane)
            except Exception as problem:  # whoever was in the batch hears of it; others go on
                traceback.print_exc()
                self._fail(f"the model failed ({type(problem).__name__})")
        self._fail(STOPPING)
        for one in self._lanes.left():
            _job(one).tell(Failed(STOPPING))

    def _turn(self, lane: Lane) -> None:
        """One identity speaks until nobody grows or waits, or another one's turn has come."""
        policy, waiting = self.house.policy, deque[Asked]()
        self._longest = 0
        self._let_in(lane, waiting, begun=False)
        identity = self.house.take(lane.name)
        steps = steps_of(policy, 1, identity.state if lane.warm else None)
        with sampling(policy):
            self._read_texts()
            for alive, scores in decode(waiting, steps, self.rows):
                self._hand_out(alive, scores)
                if self._lanes.closed:
                    return
                self._let_in(lane, waiting, begun=True)
                self._read_texts()

    def _let_in(self, lane: Lane, waiting: deque[Asked], *, begun: bool) -> None:
        """Who may go now, about as many tokens of prompts as are read in one step."""
        read = 0
        while read < READ:
            one = self._lanes.take(lane, begun=begun, fits=self._fits)
            if one is None:
                return
            job = _job(one)
            read += len(job.prompt)
            if isinstance(one, Job):
                self._texts.append(one)
            else:
                self._longest = max(self._longest, len(job.prompt) + job.room)
                self._growing[one.row] = one
                waiting.append(Asked(job.prompt, [one.row]))

    def _fits(self, one: Job | Answer) -> bool:
        """Whether there is a row for it, and memory where all get as long as they may."""
        if isinstance(one, Job) or not self._growing:
            return True
        longest = max(self._longest, len(one.job.prompt) + one.job.room)
        return len(self._growing) < min(self.rows, affordable(self.house.policy, longest))

    def _read_texts(self) -> None:
        """Prompts that are to be heard first, with what the model says of them if that is asked."""
        jobs = [one for one in self._texts if one.scores and len(one.prompt) > one.first]
        top = max((one.top for one in jobs), default=0)
        texts = [(one.prompt, one.first) for one in jobs]
        found = likely.read(self.house.policy, texts, top) if texts else []
        told = dict(zip(jobs, found, strict=True))
        for job in self._texts:
            job.echoed(told.get(job, ()))
        self._texts = []

    def _hand_out(self, alive: Sequence[Growing], scores: Tensor) -> None:
        """Everyone hears of their newest token."""
        told = self._looked_up(alive, scores)
        for row in alive:
            answer = self._growing.get(row)
            if answer is not None and answer.job.left:
                row.room = 0
            elif answer is not None:
                answer.grown(told.get(row))
            if row.leaves:
                self._growing.pop(row, None)

    def _looked_up(self, alive: Sequence[Growing], scores: Tensor) -> dict[Growing, Likely]:
        """What the model says of the newest tokens of those who want to know."""
        known = ((i, row, self._growing.get(row)) for i, row in enumerate(alive))
        asks = [(i, row, answer.job) for i, row, answer in known if answer is not None]
        wanted = [(i, row, job.top) for i, row, job in asks if job.ask.top is not None]
        if not wanted:
            return {}
        places, rows, tops = zip(*wanted, strict=True)
        found = likely.drawn(scores[list(places)], [row.ids[-1] for row in rows], max(tops))
        return dict(zip(rows, found, strict=True))

    def _fail(self, why: str) -> None:
        """Nobody who was let in hears anything else."""
        for job in {*self._texts, *(one.job for one in self._growing.values())}:
            job.tell(Failed(why))
            job.left = True
        self._texts, self._growing = [], {}
        self._lanes.drop(lambda one: _job(one).left)


def _job(one: Job | Answer) -> Job:
    return one if isinstance(one, Job) else one.job
