"""Batched sampling: token ids in, token ids and log-probabilities out.

The n answers of a prompt share its keys and values. Finished answers leave the batch, and waiting
prompts fill it. Every sequence draws from a generator of its own by inverting the cumulative
distribution at one uniform number a step, so that what is sampled does not depend on who else is
in the batch (but for rounding). Nothing is tokenised again. How a token is chosen, and which
log-probability comes back: `models.draw`; how answers grow: `models.decode`.
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


@dataclass
class _Sequence:
    """One continuation while it grows."""

    room: int
    random: np.random.Generator
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ended: bool = False


@dataclass
class _Asked:
    """A prompt that waits, with its n continuations."""

    prompt: Sequence[int]
    answers: list[_Sequence]


@dataclass(frozen=True)
class _Ending:
    """What ends an answer: ids, said text, never before `min_new` tokens."""

    ids: frozenset[int]
    says: Says | None
    min_new: int

    def ends(self, ids: Sequence[int]) -> bool:
        if len(ids) < self.min_new:
            return False
        return ids[-1] in self.ids or bool(self.says and self.says(ids))

    def barred(self, scores: Tensor, alive: Sequence[_Sequence]) -> Tensor:
        """Scores where answers that are too short cannot end."""
        short = [i for i, s in enumerate(alive) if len(s.ids) + 1 < self.min_new]
        if short and self.ids:
            at = torch.tensor(short, device=scores.device)
            scores[at[:, None], torch.tensor(sorted(self.ids), device=scores.device)] = -torch.inf
        return scores


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
    asked = _asked(policy, prompts, n, max_new, seeds)
    ending = _Ending(frozenset(stop_ids), stop, min_new)
    rows = max(n, min(rows, _affordable(policy, prompts, max_new)))
    waiting = deque(sorted(asked, key=lambda one: -len(one.prompt)))
    with _evaluating(policy), policy.cast_once(), torch.no_grad():
        _decode(waiting, steps_of(policy, n, state), rows // n, draw, ending, tick)
    return [Sample(s.ids, s.logprobs, s.ended) for one in asked for s in one.answers]


def _asked(
    policy: Policy,
    prompts: Sequence[Sequence[int]],
    n: int,
    max_new: int,
    seeds: int | Sequence[int],
) -> list[_Asked]:
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
        made.append(_Asked(prompt, [_Sequence(room, np.random.default_rng(s)) for s in own]))
    return made


def _affordable(policy: Policy, prompts: Sequence[Sequence[int]], max_new: int) -> int:
    """Rows whose keys and values CACHE_BYTES hold, if every one is as long as it may get."""
    config = policy.model.config.get_text_config()
    if not policy.share:  # no keys are kept
        return ROWS
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    groups = getattr(config, "num_key_value_heads", None) or heads
    token = 2 * config.num_hidden_layers * groups * width * policy.model.dtype.itemsize
    longest = max((len(p) for p in prompts), default=0) + max_new
    return CACHE_BYTES // (token * longest)


@contextmanager
def _evaluating(policy: Policy) -> Iterator[None]:
    """eval mode (a cache and gradient checkpointing exclude each other), then as it was."""
    before = policy.model.training
    policy.model.eval()
    try:
        yield
    finally:
        policy.model.train(before)


def _decode(
    waiting: deque[_Asked],
    steps: Steps,
    most: int,
    draw: Draw,
    ending: _Ending,
    tick: Callable[[int], None],
) -> None:
    """Draw token after token; rows leave as they finish, prompts enter as there is room."""
    alive: list[_Sequence] = []
    kept: list[int] = []
    ids = torch.zeros(0, dtype=torch.long)
    while alive or waiting:
        entering = _entering(waiting, len(alive), most, steps)
        scores = steps.step(kept, ids, [one.prompt for one in entering])
        alive += [s for one in entering for s in one.answers]
        uniform = torch.tensor([s.random.random() for s in alive], dtype=torch.float64)
        scores = ending.barred(scores, alive)
        ids, logp = draw.choose(scores, uniform.to(scores.device))
        for s, token, value in zip(alive, ids.tolist(), logp.tolist(), strict=True):
            s.ids.append(token)
            s.logprobs.append(value)
            s.ended = ending.ends(s.ids)
        tick(len(alive))
        kept = _going_on(alive)
        alive, ids = [alive[i] for i in kept], ids[kept]


def _entering(waiting: deque[_Asked], alive: int, most: int, steps: Steps) -> list[_Asked]:
    """The next prompts: `most` at a time with all their answers, about READ tokens a step."""
    if not waiting or (alive and steps.waits):
        return []
    n = len(waiting[0].answers)
    taken: list[_Asked] = []
    read = 0
    while waiting and alive + (len(taken) + 1) * n <= max(most, 1) * n:
        if taken and read + len(waiting[0].prompt) > READ:
            break
        taken.append(waiting.popleft())
        read += len(taken[-1].prompt)
    return taken


def _going_on(alive: Sequence[_Sequence]) -> list[int]:
    """Rows that go on: whoever has ended is replaced by the last, so that few rows move."""
    going = [not s.ended and len(s.ids) < s.room for s in alive]
    count = sum(going)
    movers = iter(i for i in range(count, len(alive)) if going[i])
    return [i if going[i] else next(movers) for i in range(count)]
