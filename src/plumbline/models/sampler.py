"""Batched sampling: token ids in, token ids and log-probabilities out.

The n answers of a prompt share its keys and values. Finished answers leave the batch, and waiting
prompts fill it. Every sequence draws from a generator of its own by inverting the cumulative
distribution at one uniform number a step, so that what is sampled does not depend on who else is
in the batch (but for rounding). Nothing is tokenised again. How a token is chosen, and which
log-probability comes back: `models.draw`; how answers grow: `models.decode`.

`sample` is one batch from beginning to end. `decode` hands over every step instead: between two
steps prompts may be added and rows let go, which is what a server wants.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from plumbline.core.errors import UserError
from plumbline.models.decode import Steps, steps_of
from plumbline.models.draw import Draw
from plumbline.models.policy import Policy
from plumbline.models.state import State

ROWS = 256
"""Sequences decoded together, at most."""
CACHE_BYTES = 2 * 2**30
"""Keys and values held at once, about: longer texts, fewer rows."""
READ = 8192
"""Tokens of prompts that enter in one step, about."""

Says = Callable[[Sequence[int]], bool]
"""Whether an answer's ids so far end it (see `text.stops`)."""


class Sample(NamedTuple):
    """One continuation: its ids (the end id included) and their log-probabilities in nats.

    `ended` is false where it was cut off, by `max_new` or where the model's positions end.
    """

    ids: list[int]
    logprobs: list[float]
    ended: bool


@dataclass(frozen=True)
class Ending:
    """What ends an answer: ids, said text, never before `min_new` tokens."""

    ids: frozenset[int]
    says: Says | None = None
    min_new: int = 0

    def ends(self, ids: Sequence[int]) -> bool:
        if len(ids) < self.min_new:
            return False
        return ids[-1] in self.ids or bool(self.says and self.says(ids))


@dataclass(eq=False)
class Growing:
    """One continuation while it grows, for at most `room` tokens; with no room left it leaves."""

    room: int
    random: np.random.Generator
    draw: Draw
    ending: Ending
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ended: bool = False

    @property
    def leaves(self) -> bool:
        """Whether it has ended, or has no room for another token."""
        return self.ended or len(self.ids) >= self.room


@dataclass(eq=False)
class Asked:
    """A prompt that waits, with its n continuations."""

    prompt: Sequence[int]
    answers: list[Growing]


def sample(
    policy: Policy,
    prompts: Sequence[Sequence[int]],
    *,
    n: int = 1,
    max_new: int,
    min_new: int = 0,
    draw: Draw = Draw(),  # noqa: B008 (frozen)
    seeds: int | Sequence[int] = 0,
    stop_ids: Collection[int] = (),
    stop: Says | None = None,
    rows: int = ROWS,
    state: State | None = None,
    tick: Callable[[int], None] = lambda tokens: None,
) -> list[Sample]:
    """n continuations of each prompt: [prompt 0's n, prompt 1's n, ...].

    `seeds`: one a sequence, or one number from which each sequence's own is derived by its place.
    A sequence ends at an id of `stop_ids` (kept), at the token with which `stop` is content, after
    `max_new` tokens, or where the model's positions end. Prompts that begin with the tokens of
    `state` go on from it. `tick` hears of every step how many
    tokens it made.
    """
    ending = Ending(frozenset(stop_ids), stop, min_new)
    asked = _asked(policy, prompts, n, max_new, seeds, draw, ending)
    longest = max((len(p) for p in prompts), default=0) + max_new
    rows = max(n, min(rows, affordable(policy, longest)))
    waiting = deque(sorted(asked, key=lambda one: -len(one.prompt)))
    with sampling(policy):
        for alive, _ in decode(waiting, steps_of(policy, n, state), rows // n):
            tick(len(alive))
    return [Sample(s.ids, s.logprobs, s.ended) for one in asked for s in one.answers]


def _asked(
    policy: Policy,
    prompts: Sequence[Sequence[int]],
    n: int,
    max_new: int,
    seeds: int | Sequence[int],
    draw: Draw,
    ending: Ending,
) -> list[Asked]:
    positions = getattr(policy.model.config, "max_position_embeddings", None) or 2**31
    made = []
    for i, prompt in enumerate(prompts):
        room = min(max_new, positions - len(prompt))
        if len(prompt) == 0 or room <= 0:
            raise UserError(
                f"prompt {i} has {len(prompt)} tokens; the model has {positions} positions",
                fix="give at least one token and leave room for an answer (see length.max)",
            )
        places = range(i * n, (i + 1) * n)
        own = [[seeds, k] if isinstance(seeds, int) else int(seeds[k]) for k in places]
        answers = [Growing(room, np.random.default_rng(s), draw, ending) for s in own]
        made.append(Asked(prompt, answers))
    return made


def affordable(policy: Policy, longest: int) -> int:
    """Rows whose keys and values CACHE_BYTES hold, if every one gets `longest` tokens long."""
    config = policy.model.config.get_text_config()
    if not policy.share:  # no keys are kept
        return ROWS
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    groups = getattr(config, "num_key_value_heads", None) or heads
    token = 2 * config.num_hidden_layers * groups * width * policy.model.dtype.itemsize
    return CACHE_BYTES // (token * longest)


@contextmanager
def sampling(policy: Policy) -> Iterator[None]:
    """What `decode` runs in: no gradient, weights cast once, eval mode."""
    with _evaluating(policy), policy.cast_once(), torch.no_grad():
        yield


@contextmanager
def _evaluating(policy: Policy) -> Iterator[None]:
    """eval mode (a cache and gradient checkpointing exclude each other), then as it was."""
    before = policy.model.training
    policy.model.eval()
    try:
        yield
    finally:
        policy.model.train(before)


def decode(
    waiting: deque[Asked], steps: Steps, most: int
) -> Iterator[tuple[Sequence[Growing], Tensor]]:
    """Draw token after token, until nobody grows or waits; rows leave as they finish, prompts enter
    as there is room (`most` at once).

    Each step gives the rows with a token more, and the logits [rows, V] that it was drawn from.
    Meanwhile others may be put into `waiting`, and a row whose `room` is set to 0 leaves.
    """
    alive: list[Growing] = []
    kept: list[int] = []
    ids = torch.zeros(0, dtype=torch.long)
    while alive or waiting:
        entering = _entering(waiting, len(alive), most, steps)
        scores = steps.step(kept, ids, [one.prompt for one in entering])
        alive += [s for one in entering for s in one.answers]
        ids, logp = _drawn(_barred(scores, alive), alive)
        for s, token, value in zip(alive, ids.tolist(), logp.tolist(), strict=True):
            s.ids.append(token)
            s.logprobs.append(value)
            s.ended = s.ending.ends(s.ids)
        yield alive, scores
        kept = _going_on(alive)
        alive, ids = [alive[i] for i in kept], ids[kept]


def _barred(scores: Tensor, alive: Sequence[Growing]) -> Tensor:
    """Scores where answers that are too short cannot end."""
    short: dict[frozenset[int], list[int]] = {}
    for i, s in enumerate(alive):
        if len(s.ids) + 1 < s.ending.min_new:
            short.setdefault(s.ending.ids, []).append(i)
    for ids, rows in short.items():
        at = torch.tensor(rows, device=scores.device)
        scores[at[:, None], torch.tensor(sorted(ids), device=scores.device).long()] = -torch.inf
    return scores


def _drawn(scores: Tensor, alive: Sequence[Growing]) -> tuple[Tensor, Tensor]:
    """Ids [rows] and their log-probabilities [rows], each row's as it is to be drawn."""
    numbers = torch.tensor([s.random.random() for s in alive], dtype=torch.float64)
    uniform = numbers.to(scores.device)
    ways: dict[Draw, list[int]] = {}
    for i, s in enumerate(alive):
        ways.setdefault(s.draw, []).append(i)
    if len(ways) == 1:
        return alive[0].draw.choose(scores, uniform)
    ids = torch.zeros(len(alive), dtype=torch.long, device=scores.device)
    logp = torch.zeros(len(alive), device=scores.device)
    for draw, rows in ways.items():
        at = torch.tensor(rows, device=scores.device)
        ids[at], logp[at] = draw.choose(scores[at], uniform[at])
    return ids, logp


def _entering(waiting: deque[Asked], alive: int, most: int, steps: Steps) -> list[Asked]:
    """The next prompts: `most` at a time with all their answers, about READ tokens a step."""
    if not waiting or (alive and steps.waits):
        return []
    n = len(waiting[0].answers)
    taken: list[Asked] = []
    read = 0
    while waiting and alive + (len(taken) + 1) * n <= max(most, 1) * n:
        if taken and read + len(waiting[0].prompt) > READ:
            break
        taken.append(waiting.popleft())
        read += len(taken[-1].prompt)
    return taken


def _going_on(alive: Sequence[Growing]) -> list[int]:
    """Rows that go on: whoever has ended is replaced by the last, so that few rows move."""
    going = [not s.leaves for s in alive]
    count = sum(going)
    movers = iter(i for i in range(count, len(alive)) if going[i])
    return [i if going[i] else next(movers) for i in range(count)]
