"""Decoding along paths: a prompt's keys and values once, a branch of its own for each answer.

One forward pass takes one row of tokens: the newest of every answer that goes on, then the prompts
that enter, each read causally by itself (as `models.paths` reads a forest). So an answer may leave
and a prompt enter at any step, nothing is padded in the model's matrix products, and the n answers
of a prompt read its keys together. Keys and values lie in buffers that are written in place.

    scores(q) = [q K_trunk, q K_own] / sqrt(d),   one softmax over both

Answers stand in rows 0 .. m - 1 of the buffers, their prompts in trunks 0 .. g - 1; who leaves is
replaced by the last. Shapes: L tokens of a pass, m answers, g prompts, n answers a prompt,
H heads, K key heads, D width of a head, P and S the longest prompt and answer so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from plumbline.models.paths import seen_behind
from plumbline.models.policy import Policy
from plumbline.models.route import body_of
from plumbline.models.state import State

PORTION = {"cpu": 1024}
"""Tokens of prompts read in one pass, about: what lies between two matrix products then stays in a
core's cache (`bench/sampling.py --portion`)."""
ROOM = 64
"""Tokens by which the buffers of answers grow."""


@dataclass
class _Layer:
    """Keys and values of one attention layer: trunk [g, K, P, D], own [m, K, S, D]."""

    trunk: list[Tensor] = field(default_factory=list)
    own: list[Tensor] = field(default_factory=list)


@dataclass
class _Trunk:
    """A prompt: its length, the rows of its answers that go on, and how many of its tokens a state
    has read already."""

    length: int
    rows: list[int]
    known: int = 0


class Branches:
    """What `models.sampler` decodes with where attention runs along paths."""

    waits = False

    def __init__(self, policy: Policy, n: int, state: State | None = None) -> None:
        self.policy, self.n, self.state = policy, n, state
        self.layers: dict[int, _Layer] = {}
        self.trunks: list[_Trunk] = []
        self.home: list[int] = []
        """The trunk of each row."""
        self.own: list[int] = []
        """Tokens of each row's answer that have been read."""

    def step(self, kept: Sequence[int], ids: Tensor, entering: Sequence[Sequence[int]]) -> Tensor:
        """Logits [m + n * entering, V] after `ids` [m] were added to the rows `kept`."""
        self._keep(kept)
        first, *rest = _portions(entering, PORTION.get(self.policy.device.type, 2**31))
        logits = [self._pass(len(kept), ids, first)]
        logits += [self._pass(0, ids[:0], portion) for portion in rest]
        return torch.cat(logits) if rest else logits[0]

    def _pass(self, old: int, ids: Tensor, entering: Sequence[Sequence[int]]) -> Tensor:
        """Logits of one forward pass over the newest tokens of `old` rows and entering prompts."""
        first = len(self.trunks)
        for prompt in entering:
            self._enter(prompt)
        self._plan(old, first)
        device = self.policy.device
        known = [trunk.known for trunk in self.trunks[first:]]
        told = [
            torch.as_tensor(list(prompt[k:]), device=device)
            for prompt, k in zip(entering, known, strict=True)
        ]
        depth = [self.trunks[self.home[r]].length + self.own[r] for r in range(old)]
        where = [torch.tensor(depth, dtype=torch.long, device=device)]
        where += [
            torch.arange(k, k + len(own), device=device) for k, own in zip(known, told, strict=True)
        ]
        ends = torch.tensor([len(own) for own in told], dtype=torch.long).cumsum(0)
        at = torch.cat([torch.arange(old), old + ends - 1]).to(device)
        logits = self._read(torch.cat([ids.to(device), *told]), torch.cat(where), at)
        for row in range(old):
            self.own[row] += 1
        new = logits[old:].repeat_interleave(self.n, dim=0)
        return torch.cat([logits[:old], new]) if entering else logits

    def _read(self, tokens: Tensor, positions: Tensor, at: Tensor) -> Tensor:
        policy = self.policy
        # Of the newest tokens all states are read; of a prompt that enters the last alone.
        narrow = policy.only_at(at) if len(at) < len(tokens) else nullcontext()
        with policy.autocast(), narrow:
            out = body_of(policy.model)(
                input_ids=tokens[None],
                position_ids=positions[None],
                attention_mask=policy.hides_nothing(len(tokens)),
                use_cache=False,
                paths=self,
            )
            return policy.read_out(out.last_hidden_state[0].index_select(0, at))

    # -- who goes on

    def _enter(self, prompt: Sequence[int]) -> None:
        rows = range(len(self.home), len(self.home) + self.n)
        known = len(self.state.ids) if self.state and self.state.begins(prompt) else 0
        self.trunks.append(_Trunk(len(prompt), list(rows), known))
        self.home += [len(self.trunks) - 1] * self.n
        self.own += [0] * self.n

    def _keep(self, kept: Sequence[int]) -> None:
        """Row j is what row `kept[j]` was; the others leave, and prompts that nobody needs."""
        moved = [(j, i) for j, i in enumerate(kept) if i != j]
        for layer in self.layers.values():
            _move(layer.own, moved)
        self.home, self.own = [self.home[i] for i in kept], [self.own[i] for i in kept]
        for trunk in self.trunks:
            trunk.rows = []
        for row, home in enumerate(self.home):
            self.trunks[home].rows.append(row)
        self._drop_trunks()

    def _drop_trunks(self) -> None:
        count = sum(bool(trunk.rows) for trunk in self.trunks)
        holes = [g for g in range(count) if not self.trunks[g].rows]
        movers = [g for g in range(count, len(self.trunks)) if self.trunks[g].rows]
        moved = list(zip(holes, movers, strict=True))
        for layer in self.layers.values():
            _move(layer.trunk, moved)
        for to, origin in moved:
            self.trunks[to] = self.trunks[origin]
            for row in self.trunks[to].rows:
                self.home[row] = to
        del self.trunks[count:]

    # -- one pass

    def _plan(self, old: int, first: int) -> None:
        """Index tensors of a pass: `old` rows go on, trunks from `first` on are new."""
        device = self.policy.device
        self._old, self._first = old, first
        self._at = torch.arange(old, device=device)
        self._read_so_far = torch.tensor(self.own[:old], dtype=torch.long, device=device)
        self._longest = max(self.own[:old], default=-1) + 1
        read = self.trunks[:first] if old else []  # a pass of entering prompts alone asks no other
        lengths = [trunk.length for trunk in read]
        self._reach = max(lengths, default=0)
        trunk_end = torch.tensor(lengths, dtype=torch.long, device=device)
        self._home = torch.tensor(self.home[:old], dtype=torch.long, device=device)
        members = torch.zeros(len(read), self.n, dtype=torch.long)
        place = [0] * old
        for g, trunk in enumerate(read):
            members[g, : len(trunk.rows)] = torch.tensor(trunk.rows)
            for k, row in enumerate(trunk.rows):
                place[row] = k
        self._members = members.to(device)
        self._place = torch.tensor(place, dtype=torch.long, device=device)
        beyond = torch.arange(self._reach, device=device) >= trunk_end[:, None]
        unread = torch.arange(self._longest, device=device) > self._read_so_far[:, None]
        self._unseen = torch.cat([beyond[self._home], unread], 1)[:, None, None]

    def __call__(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, **rest: Any
    ) -> Tensor:
        """Heads' outputs [1, L, H, D] for queries [1, H, L, D]; called by `models.paths`."""
        layer = self.layers.setdefault(id(module), _Layer())
        key = key.to(value.dtype)  # fp32 after its norm; every product with it is of bf16
        outs, start = [], self._old
        if start:
            outs.append(self._continued(layer, query, key, value, rest.get("scaling")))
        for g in range(self._first, len(self.trunks)):
            known = self.trunks[g].known
            run = slice(start, start + self.trunks[g].length - known)
            q, k, v = (x[:, :, run] for x in (query, key, value))
            mask = None
            if known:
                k, v, mask = self._warmed(module, k, v, known)
            outs.append(sdpa_attention_forward(module, q, k, v, mask, **rest)[0])
            _write_trunk(layer, g, k[0], v[0])
            start = run.stop
        return torch.cat(outs, 1)

    def _warmed(
        self, module: nn.Module, key: Tensor, value: Tensor, known: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A prompt's keys and values behind the state's, and a mask that shows both."""
        assert self.state is not None
        index = module.layer_idx
        assert isinstance(index, int)
        before = (x[None].to(value) for x in self.state.layers[index])
        keys, values = (torch.cat(pair, 2) for pair in zip(before, (key, value), strict=True))
        return keys, values, seen_behind(known, key.shape[2], value.dtype, value.device)

    def _continued(
        self, layer: _Layer, query: Tensor, key: Tensor, value: Tensor, scaling: object
    ) -> Tensor:
        """[1, m, H, D] for the answers' newest tokens."""
        m, reach, longest = self._old, self._reach, self._longest
        _write_own(layer, self._at, self._read_so_far, longest, key[0, :, :m], value[0, :, :m])
        heads, width = query.shape[1], query.shape[-1]
        groups = key.shape[1]
        scale = float(scaling) if isinstance(scaling, float | int) else width**-0.5
        q = (query[0, :, :m] * scale).view(groups, heads // groups, m, width).permute(2, 0, 1, 3)
        trunk_k, trunk_v = (x[: self._first, :, :reach] for x in layer.trunk)
        own_k, own_v = (x[:m, :, :longest] for x in layer.own)
        far = self._apart(self._together(q) @ trunk_k.transpose(-1, -2), q.shape)
        scores = torch.cat([far, q @ own_k.transpose(-1, -2)], -1).float()
        p = scores.masked_fill_(self._unseen, -torch.inf).softmax(-1).to(value.dtype)
        far, near = p[..., :reach], p[..., reach:]
        out = self._apart(self._together(far) @ trunk_v, q.shape) + near @ own_v
        return out.reshape(1, m, heads, width)

    def _together(self, x: Tensor) -> Tensor:
        """[m, K, R, X] by answer -> [g, K, n * R, X] by prompt; whoever has left is somebody."""
        _, groups, repeats, width = x.shape
        sorted_ = x[self._members].transpose(1, 2)
        return sorted_.reshape(len(self._members), groups, self.n * repeats, width)

    def _apart(self, x: Tensor, shape: torch.Size) -> Tensor:
        """[g, K, n * R, X] by prompt -> [m, K, R, X] by answer."""
        _, groups, repeats, _ = shape
        split = x.view(len(x), groups, self.n, repeats, x.shape[-1])
        return split[self._home, :, self._place]


def _portions(prompts: Sequence[Sequence[int]], tokens: int) -> list[list[Sequence[int]]]:
    """Prompts in turn, about so many tokens at a time; one empty portion where there are none.

    >>> [[len(p) for p in part] for part in _portions(["aaaa", "bb", "c", "ddd"], 3)]
    [[4], [2, 1], [3]]
    """
    parts: list[list[Sequence[int]]] = [[]]
    for prompt in prompts:
        if parts[-1] and sum(map(len, parts[-1])) + len(prompt) > tokens:
            parts.append([])
        parts[-1].append(prompt)
    return parts


def _move(buffers: list[Tensor], moved: Sequence[tuple[int, int]]) -> None:
    """Row `to` becomes what row `origin` was, for each (to, origin). A row beyond the buffers came
    in the last step: nothing of it is written yet."""
    for buffer in buffers:
        held = [(to, origin) for to, origin in moved if origin < len(buffer)]
        if held:
            to, origin = torch.tensor(held, device=buffer.device).unbind(1)
            buffer[to] = buffer[origin]


def _write_trunk(layer: _Layer, g: int, key: Tensor, value: Tensor) -> None:
    """A prompt's keys and values [K, P, D] as trunk g."""
    _, length, _ = key.shape
    layer.trunk = _room(layer.trunk, (key, value), g + 1, length)
    for buffer, told in zip(layer.trunk, (key, value), strict=True):
        buffer[g, :, :length] = told


def _write_own(
    layer: _Layer, rows: Tensor, places: Tensor, longest: int, key: Tensor, value: Tensor
) -> None:
    """The newest token's keys and values [K, m, D] of every row at its place."""
    length = -(-longest // ROOM) * ROOM
    layer.own = _room(layer.own, (key, value), len(rows), length)
    for buffer, told in zip(layer.own, (key, value), strict=True):
        buffer[rows, :, places] = told.transpose(0, 1)


def _room(
    buffers: list[Tensor], like: tuple[Tensor, Tensor], count: int, length: int
) -> list[Tensor]:
    """Buffers [>= count, K, >= length, D], with what they held."""
    had = buffers or [x.new_zeros(0, len(x), 0, x.shape[-1]) for x in like]
    rows, _, tokens, _ = had[0].shape
    if count <= rows and length <= tokens:
        return had
    wider = max(count, rows + rows // 2 if count > rows else rows), max(length, tokens)
    made = [x.new_zeros(wider[0], x.shape[1], wider[1], x.shape[3]) for x in had]
    for old, new in zip(had, made, strict=True):
        new[:rows, :, :tokens] = old
    return made
