"""The weights the base begins with: random, but for attention that can find who is spoken of.

    embeddings   a part that all tokens share, and apart from each other names' syllables and words
    layer 0      each head looks back a distance of its own and hands on the syllables it sees
    layers 1, 2  half of the heads match places where the same syllables went before, the others
                 find the place behind the syllable that stands here; what is found is copied

Matching a name in the notes with the name in a question takes two layers that help only together,
and learning them from nothing is what a small model spends most of its tokens on. Queries and keys
that begin alike are Trockman and Kolter's mimetic initialisation (arXiv:2305.09828), heads that
match what went before are those of Akyurek and others (arXiv:2401.12973). Everything may change in
training; nothing of the world's content is laid down.

A head looks back by rotary phases: with a query of e^(-i d w) and a key of 1 in the plane of
frequency w, the score at distance m is cos((d - m) w), highest at m = d.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

DISTANCES = (1.0, 2.4, 4.2, 6.5)
"""Tokens that the heads of layer 0 look back."""
PLANES = (0, 3, 5, 7)
"""The first of six rotary planes they do it with; slower ones see more at once."""
WIDTH = 6
ROOM = 32
"""Dimensions for syllables, and for each of the four things a head of layer 0 hands on."""
SYLLABLE = re.compile("\u0120?[BDFGKLMNPRSTVZbdfgklmnprstvz][aeiou]")


def lay(model: Any, tokenizer: Any, seed: int = 0) -> None:
    """Change a random model of the base's shape in place."""
    import torch

    with torch.no_grad():
        _Laying(model, tokenizer, torch.Generator().manual_seed(seed)).lay()


class _Laying:
    def __init__(self, model: Any, tokenizer: Any, generator: Any) -> None:
        import torch

        self.model, self.tokenizer, self.generator = model, tokenizer, generator
        config = model.config
        self.width, self.head = config.hidden_size, config.head_dim
        self.queries, self.keys = config.num_attention_heads, config.num_key_value_heads
        self.scale = config.initializer_range
        self.length = self.scale * math.sqrt(self.width)  # of a token's part of an embedding
        self.shown = math.sqrt(self.width / 2)  # the same behind the first norm
        planes = torch.arange(self.head // 2) / (self.head // 2)
        self.frequency = config.rope_parameters["rope_theta"] ** -planes
        basis = torch.linalg.qr(self.random(self.width, self.width))[0].T
        self.shared, self.syllables = basis[0], basis[1 : 1 + ROOM]
        ends = [1 + ROOM * (i + 1) for i in range(self.queries + 1)]
        self.handed = [basis[a:b] for a, b in pairwise(ends)]
        self.words = basis[ends[-1] :]

    def random(self, *shape: int) -> Any:
        import torch

        return torch.randn(*shape, generator=self.generator)

    def lay(self) -> None:
        self.embeddings()
        for layer in self.model.model.layers:
            layer.mlp.down_proj.weight.mul_(0.1)
            layer.self_attn.o_proj.weight.mul_(0.2)
        self.look_back(self.model.model.layers[0].self_attn)
        for layer in self.model.model.layers[1:3]:
            self.match(layer.self_attn)

    def embeddings(self) -> None:
        """Syllables and words in rooms of their own; a token is like itself behind a space."""
        table = self.model.model.embed_tokens.weight
        known = dict(sorted(self.tokenizer.get_vocab().items()))  # its order is by chance
        new = self.random(len(table), len(self.words)) @ self.words
        names = [i for token, i in known.items() if SYLLABLE.fullmatch(token)]
        new[names] = self.random(len(names), ROOM) @ self.syllables
        for token, i in known.items():
            if token.startswith("\u0120") and token[1:] in known:
                alone = known[token[1:]]
                new[alone] = 0.9 * new[i] + math.sqrt(1 - 0.9**2) * new[alone]
        table.copy_(self.length * (new / new.norm(dim=1, keepdim=True) + self.shared))

    def look_back(self, attention: Any) -> None:
        import torch

        phases = torch.zeros(self.head)
        phases[: WIDTH + max(PLANES)] = 1
        for head, (distance, first) in enumerate(zip(DISTANCES, PLANES, strict=True)):
            query, planes = torch.zeros(self.head), slice(first, first + WIDTH)
            angle = -distance * self.frequency[planes]
            query[planes] = angle.cos()
            query[self.head // 2 :][planes] = angle.sin()
            self.rows(attention.q_proj, head).copy_(self.noise() + query[:, None] * self.shared)
            out = 0.2 * self.scale * self.random(self.width, self.head)
            out[:, :ROOM] = self.handed[head].T * self.length / self.shown
            self.columns(attention.o_proj, head).copy_(out)
        for head in range(self.keys):
            self.rows(attention.k_proj, head).copy_(self.noise() + phases[:, None] * self.shared)
            value = self.scale * self.random(self.head, self.width)
            value[:ROOM] = self.syllables
            self.rows(attention.v_proj, head).copy_(value)

    def match(self, attention: Any) -> None:
        """Half of the heads look for the same syllables before, the others behind this syllable."""
        import torch

        before = sum(self.handed)
        slow = torch.tensor([*self.slowest(0), *self.slowest(self.head // 2)])
        each = self.queries // self.keys
        for group in range(self.keys):
            same = group < self.keys // 2
            key, query = (before, before) if same else (self.handed[0], self.syllables)
            copied = torch.linalg.qr(self.random(self.width, self.head))[0].T
            copied = copied - (copied @ self.shared)[:, None] * self.shared
            self.rows(attention.k_proj, group).copy_(self.noise().index_add(0, slow, key))
            self.rows(attention.v_proj, group).copy_(copied)
            for head in range(group * each, (group + 1) * each):
                laid = self.noise().index_add(0, slow, query)
                self.rows(attention.q_proj, head).copy_(laid)
                self.columns(attention.o_proj, head).copy_(copied.T * self.length / self.shown)

    def slowest(self, start: int) -> range:
        """The planes whose rotation is slowest: what they match, they match at any distance."""
        half = self.head // 2
        return range(start + half - ROOM // 2, start + half)

    def noise(self) -> Any:
        return 0.1 * self.scale * self.random(self.head, self.width)

    def rows(self, projection: Any, head: int) -> Any:
        """A head's rows of a projection into heads."""
        return projection.weight[head * self.head : (head + 1) * self.head]

    def columns(self, projection: Any, head: int) -> Any:
        """A head's columns of the projection out of all heads."""
        return projection.weight[:, head * self.head : (head + 1) * self.head]
