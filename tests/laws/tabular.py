"""A policy that is a table of logits, and batches with every column an objective may read.

Context (tree, position) has its own row of logits, shared by the completions of one prompt, so that
raising one answer lowers the others, as in a language model. The scalar head is a table of rewards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from plumbline.objectives import Entry
from plumbline.objectives.base import Batch, Objective, Outputs

VOCABULARY, LONGEST, TOP = 7, 4, 3
TIERS = ((0, 1, 1), (0, 1), (1, 0, 2, 0))
"""Three trees of 3, 2 and 4 completions, by tier; two of them with a tie."""


@dataclass
class World:
    """Trees of random completions, and the two tables that are trained."""

    tokens: list[list[Tensor]]
    logits: Tensor
    rewards: Tensor
    ref_logits: Tensor
    teacher: Tensor
    soft: bool
    old_logits: Tensor

    @property
    def trees(self) -> range:
        return range(len(self.tokens))

    def parameter(self, entry: Entry) -> Tensor:
        return self.rewards if entry.head == "scalar" else self.logits

    def micro(self, trees: Sequence[int]) -> tuple[Outputs, Batch]:
        """Outputs and columns of a micro-batch of these trees, in this order."""
        rows = [(tree, ids) for tree in trees for ids in self.tokens[tree]]
        row = torch.cat([torch.full((len(ids),), r) for r, (_, ids) in enumerate(rows)])
        tree = torch.cat([torch.full((len(ids),), t) for t, ids in rows])
        place = torch.cat([torch.arange(len(ids)) for _, ids in rows])
        ids = torch.cat([ids for _, ids in rows])
        logp = torch.log_softmax(self.logits, -1)[tree, place]
        teacher_logp, teacher_ids = torch.log_softmax(self.teacher, -1)[tree, place].topk(TOP)
        reference = torch.log_softmax(self.ref_logits, -1)[tree, place]
        columns = self.columns(trees) | {
            "ref_logp": pick(reference, ids),
            "z0": torch.tensor(0.3, dtype=torch.float64),
            "teacher_logp": teacher_logp,
            "teacher_ids": teacher_ids,
            "old_logp": pick(torch.log_softmax(self.old_logits, -1)[tree, place], ids),
        }
        worth = (1.0 - 2.0 * (columns["tier"] > 0))[row].double()
        columns |= {"advantage": worth, "old_value": worth / 2 - 0.3, "returns": worth / 2}
        weight = columns["row_weight"]
        columns["token_weight"] = weight[row] * (1 + place % 2)
        number = {(t, k): n for n, (t, k) in enumerate(self.keys(self.trees))}
        value = self.rewards[[number[key] for key in self.keys(trees)]]
        out = Outputs(
            logp=pick(logp, ids),
            value=value,
            top_logp=logp.gather(1, teacher_ids),
            entropy=-(logp.exp() * logp).sum(-1),
            token_value=self.logits[tree, place, 0],
        )
        return out, Batch(len(rows), row, columns)

    def keys(self, trees: Sequence[int]) -> list[tuple[int, int]]:
        return [(t, k) for t in trees for k in range(len(self.tokens[t]))]

    def columns(self, trees: Sequence[int]) -> dict[str, Tensor]:
        keys = self.keys(trees)
        at = {key: n for n, key in enumerate(keys)}
        tiers = torch.tensor([TIERS[t][k] for t, k in keys])
        pairs = [
            (at[t, a], at[t, b])
            for t in trees
            for a in range(len(TIERS[t]))
            for b in range(len(TIERS[t]))
            if TIERS[t][a] < TIERS[t][b]
        ]
        owner = torch.tensor([keys[a][0] for a, _ in pairs])
        share = torch.bincount(owner, minlength=len(TIERS))[owner]
        p = 1 - 0.1 * (owner + 1.0) if self.soft else torch.ones(len(pairs))
        return {
            "set": torch.tensor([trees.index(t) for t, _ in keys]),
            "tier": tiers,
            "label": (tiers == 0).double(),
            "row_weight": torch.tensor([1.0 + t if self.soft else 1.0 for t, _ in keys]).double(),
            "pair": torch.tensor(pairs),
            "p": p.double(),
            "margin": 0.1 * owner.double() if self.soft else torch.zeros(len(pairs)).double(),
            "pair_weight": 1 / share.double(),
        }


def pick(logp: Tensor, ids: Tensor) -> Tensor:
    return logp.gather(1, ids[:, None])[:, 0]


def world(seed: int = 0, *, soft: bool = True) -> World:
    """`soft` gives weights, probabilities and margins that differ from tree to tree."""
    g = torch.Generator().manual_seed(seed)

    def table() -> Tensor:
        return torch.randn(len(TIERS), LONGEST, VOCABULARY, generator=g, dtype=torch.float64)

    def answer() -> Tensor:
        length = int(torch.randint(1, LONGEST + 1, (), generator=g))
        return torch.randint(VOCABULARY, (length,), generator=g)

    tokens = [[answer() for _ in tiers] for tiers in TIERS]
    rewards = torch.randn(sum(map(len, TIERS)), generator=g, dtype=torch.float64)
    logits, reference, teacher = table(), table(), table()
    return World(tokens, logits, rewards, reference, teacher, soft, logits + 0.1 * table())


def step_loss(objective: Objective, micros: Sequence[tuple[Outputs, Batch]]) -> Tensor:
    """The engine's division: every loss term's sum over the step by its count over the step."""
    total: dict[str, Tensor] = {}
    for _, batch in micros:
        for name, count in objective.counts(batch).items():
            total[name] = total.get(name, torch.zeros(())) + count
    return torch.stack(
        [
            term.sum / total[name]
            for out, batch in micros
            for name, term in objective(out, batch).items()
            if name in total
        ]
    ).sum()
