"""Batched sampling with a key-value cache: token ids in, token ids and log-probabilities out.

Prompts are padded on the left and read once; their n continuations share that prefill. Finished
rows leave the batch. Every sequence draws from a generator of its own by inverting the cumulative
distribution at one uniform number a step, so that what is sampled does not depend on who else is
in the batch (but for rounding). Nothing is tokenised again. How a token is
chosen, and which log-probability comes back: `models.draw`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from plumbline.core.errors import UserError
from plumbline.models.decode import Cached, Recomputed, Steps
from plumbline.models.draw import Draw
from plumbline.models.policy import Policy

ROWS = 64
"""Sequences decoded together, by default."""


class Sample(NamedTuple):
    """One continuation: its ids (the end id included) and their log-probabilities in nats."""

    ids: list[int]
    logprobs: list[float]


@dataclass
class _Sequence:
    """One continuation while it grows."""

    prompt: Sequence[int]
    place: int
    room: int
    random: np.random.Generator
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


def sample(
    policy: Policy,
    prompts: Sequence[Sequence[int]],
    *,
    n: int = 1,
    max_new: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
    top_k: int = 0,
    seeds: int | Sequence[int] = 0,
    stop_ids: Collection[int] = (),
    rows: int = ROWS,
    tick: Callable[[int], None] = lambda tokens: None,
) -> list[Sample]:
    """n continuations of each prompt: [prompt 0's n, prompt 1's n, ...].

    `seeds`: one a sequence, or one number from which each sequence's own is derived by its place.
    A sequence ends at an id of `stop_ids` (kept), after `max_new` tokens, or where the model's
    positions end. `tick` hears of every step how many tokens it made.
    """
    draw = Draw(temperature, top_p, top_k)
    todo = _sequences(policy, prompts, n, max_new, seeds)
    stops = frozenset(stop_ids)
    with _evaluating(policy), torch.no_grad():
        for group in _groups(todo, n, rows):
            kind = Cached if policy.share else Recomputed
            _decode(group, kind(policy, [s.prompt for s in group], n), draw, stops, tick)
    return [Sample(s.ids, s.logprobs) for s in todo]


def _sequences(
    policy: Policy,
    prompts: Sequence[Sequence[int]],
    n: int,
    max_new: int,
    seeds: int | Sequence[int],
) -> list[_Sequence]:
    positions = getattr(policy.model.config, "max_position_embeddings", None) or 2**31
    made = []
    for i, prompt in enumerate(prompts):
        room = min(max_new, positions - len(prompt))
        if len(prompt) == 0 or room <= 0:
            raise UserError(
                f"prompt {i} has {len(prompt)} tokens; the model has {positions} positions",
                fix="give at least one token and leave room for an answer (see length.max)",
            )
        for k in range(n):
            place = i * n + k
            seed = [seeds, place] if isinstance(seeds, int) else int(seeds[place])
            made.append(_Sequence(prompt, place, room, np.random.default_rng(seed)))
    return made


def _groups(todo: list[_Sequence], n: int, rows: int) -> Iterator[list[_Sequence]]:
    """Whole prompts, longest first (so that little is padded), about `rows` sequences together."""
    prompts = sorted(range(len(todo) // n), key=lambda i: -len(todo[i * n].prompt))
    size = max(1, rows // n)
    for start in range(0, len(prompts), size):
        yield [todo[i * n + k] for i in prompts[start : start + size] for k in range(n)]


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
    group: list[_Sequence],
    steps: Steps,
    draw: Draw,
    stops: frozenset[int],
    tick: Callable[[int], None],
) -> None:
    """Draw token after token; rows leave as they finish."""
    alive = list(group)
    scores = steps.first()
    while True:
        uniform = torch.tensor([s.random.random() for s in alive], dtype=torch.float64)
        ids, logp = draw.choose(scores, uniform.to(scores.device))
        for s, token, value in zip(alive, ids.tolist(), logp.tolist(), strict=True):
            s.ids.append(token)
            s.logprobs.append(value)
        tick(len(alive))
        kept = [i for i, s in enumerate(alive) if s.ids[-1] not in stops and len(s.ids) < s.room]
        if not kept:
            return
        alive = [alive[i] for i in kept]
        scores = steps.next(kept, ids[kept])
