"""Laws every objective in the table obeys; a new line of the table is picked up by itself."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from tabular import World, step_loss, world
from torch import Tensor

from plumbline.objectives import TABLE, Entry, build
from plumbline.objectives.base import Batch, Objective

NAMES = sorted(TABLE)
VARIANTS = [(name, {}) for name in NAMES] + [
    ("dpo", {"label_smoothing": 0.2}),
    ("dpo", {"label_smoothing": 0.2, "robust": True}),
    ("bradley_terry", {"centring": 0.05}),
    ("plackett_luce", {"ties": "davidson-luce", "centring": 0.05}),
    ("dpo_ranking", {"ties": "davidson-luce"}),
    ("ipo", {"tokens": "sum"}),
    ("kto", {"desirable": 1.5, "undesirable": 0.7}),
    ("conditional_sft", {"bad": 0.3}),
    ("ppo", {"entropy": 0.1}),
    ("ppo", {"clip": 0.05, "clip_high": 0.3, "value_clip": 0.0}),
    ("grpo", {"average": "token", "entropy": 0.1}),
    ("grpo", {"average": "constant", "longest": 9}),
    ("reinforce", {"entropy": 0.1}),
    ("distill", {"kl": "reverse"}),
    ("distill", {"kl": "mixed", "mix": 0.3}),
    ("distill", {"residual": "renormalise"}),
]
variants = pytest.mark.parametrize(
    ("name", "values"), VARIANTS, ids=[f"{n}-{'-'.join(map(str, v.values()))}" for n, v in VARIANTS]
)


def gradient(w: World, entry: Entry, loss: Tensor) -> Tensor:
    (grad,) = torch.autograd.grad(loss, w.parameter(entry))
    return grad


@variants
@pytest.mark.parametrize("parts", [([0], [1], [2]), ([2, 0], [1])])
def test_sums_and_counts_do_not_depend_on_the_split(
    name: str, values: dict[str, object], parts: tuple[list[int], ...]
) -> None:
    objective, w = build(name, values), world(1)
    w.parameter(TABLE[name]).requires_grad_(True)
    whole = objective(*w.micro(list(w.trees)))
    cut = [objective(*w.micro(part)) for part in parts]
    for key, term in whole.items():
        if term.fold != "mean":
            ends = [float(terms[key].sum) for terms in cut]
            assert float(term.sum) == {"max": max, "min": min}[term.fold](ends), key
            continue
        for field in ("sum", "count"):
            total = sum(
                float(torch.as_tensor(getattr(terms[key], field)).detach()) for terms in cut
            )
            assert total == pytest.approx(
                float(torch.as_tensor(getattr(term, field)).detach()), abs=1e-10
            ), (key, field)
    once = gradient(w, TABLE[name], step_loss(objective, [w.micro(list(w.trees))]))
    pieces = gradient(w, TABLE[name], step_loss(objective, [w.micro(part) for part in parts]))
    torch.testing.assert_close(once, pieces, rtol=1e-10, atol=1e-12)


@variants
def test_counts_foresee_the_terms(name: str, values: dict[str, object]) -> None:
    objective = build(name, values)
    out, batch = world(2).micro([0, 1, 2])
    terms = objective(out, batch)
    counts = objective.counts(batch)
    assert counts, "an objective without a loss term"
    for key, count in counts.items():
        assert float(count) == pytest.approx(float(terms[key].count))


@variants
def test_gradient_is_the_finite_difference(name: str, values: dict[str, object]) -> None:
    objective, entry, w = build(name, values), TABLE[name], world(3)
    table = w.parameter(entry).requires_grad_(True)
    grad = gradient(w, entry, step_loss(objective, [w.micro([0, 1, 2])]))
    assert grad.abs().max() > 1e-4
    g, e = torch.Generator().manual_seed(0), 1e-6
    for _ in range(3):
        direction = torch.randn(table.shape, generator=g, dtype=torch.float64)
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                table += sign * e * direction
                ends.append(float(step_loss(objective, [w.micro([0, 1, 2])])))
                table -= sign * e * direction
        slope = (ends[0] - ends[1]) / (2 * e)
        assert slope == pytest.approx(float((grad * direction).sum()), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].view == "pairs"])
def test_swapping_a_pair_negates_the_margin(name: str) -> None:
    objective = build(name)
    out, batch = world(4).micro([0, 1, 2])
    swapped = replaced(batch, pair=batch["pair"].flip(1))
    before, after = objective(out, batch)["margin"], objective(out, swapped)["margin"]
    assert float(before.sum) == pytest.approx(-float(after.sum))


@pytest.mark.parametrize("name", ["dpo", "ipo", "simpo", "bradley_terry"])
def test_swapping_a_pair_and_its_probability_changes_nothing(name: str) -> None:
    objective = build(name, {"margin": 0.0} if name == "bradley_terry" else {})
    out, batch = world(5).micro([0, 1, 2])
    swapped = replaced(batch, pair=batch["pair"].flip(1), p=1 - batch["p"])
    before, after = objective(out, batch), objective(out, swapped)
    assert float(before["loss"].sum) == pytest.approx(float(after["loss"].sum))
    assert float(before["accuracy"].sum) == pytest.approx(float(after["accuracy"].sum))


@pytest.mark.parametrize("name", NAMES)
def test_each_objective_raises_what_it_should(name: str) -> None:
    """Plain gradient descent on a table of logits (or rewards), hard labels."""
    entry, w = TABLE[name], world(6, soft=False)
    objective = build(name)
    table = w.parameter(entry).requires_grad_(True)
    if entry.reference:
        w.ref_logits = w.logits.detach().clone()
    before, first = goodness(entry, w), loss_now(objective, w)
    for _ in range(200):
        grad = gradient(w, entry, step_loss(objective, [w.micro([0, 1, 2])]))
        with torch.no_grad():
            table -= grad
    assert loss_now(objective, w) < first
    assert (goodness(entry, w) > before + 1e-3).all()


def loss_now(objective: Objective, w: World) -> float:
    return float(step_loss(objective, [w.micro([0, 1, 2])]).detach())


def goodness(entry: Entry, w: World) -> Tensor:
    """What must have grown, by the view an objective trains on."""
    with torch.no_grad():
        out, batch = w.micro([0, 1, 2])
        assert out.logp is not None and out.value is not None
        rows = out.value if entry.head == "scalar" else batch.per_row(out.logp)
        if entry.name == "distill":
            return -full_kl(w).sum(-1).mean(-1)
        if entry.view == "demonstrations" or entry.name == "conditional_sft":
            return out.logp.sum()[None]
        if entry.view == "samples":
            return (out.logp * batch["advantage"]).sum()[None]
        if entry.view == "labels":
            return (rows * (2 * batch["label"] - 1)).sum()[None]
        rows = rows if entry.name not in ("simpo", "orpo", "ipo") else rows / batch.row_lengths()
        winners, losers = batch["pair"].unbind(1)
        margin = rows[winners] - rows[losers]
        # answers of one tree share contexts, so that only the tree's margin is sure to grow
        return torch.zeros(3).double().index_add(0, batch["set"][winners], margin)


def full_kl(w: World) -> Tensor:
    """KL(teacher || student) by token [S, LONGEST, V], where the trees' answers reach."""
    t, s = torch.log_softmax(w.teacher, -1), torch.log_softmax(w.logits, -1)
    reach = torch.tensor([max(map(len, rows)) for rows in w.tokens])
    used = torch.arange(t.shape[1])[None] < reach[:, None]
    return (t.exp() * (t - s)) * used[..., None]


@pytest.mark.parametrize("name", NAMES)
def test_only_the_columns_in_the_table_are_read(name: str) -> None:
    objective, entry = build(name), TABLE[name]
    out, batch = world(7).micro([0, 1, 2])
    few = Batch(batch.rows, batch.row, {c: batch[c] for c in entry.columns})
    scalar = entry.head == "scalar"
    some = replace(out, logp=None) if scalar else replace(out, value=None, entropy=None)
    full = objective(out, batch)
    assert float(objective(some, few)["loss"].sum) == float(full["loss"].sum)
    assert set(objective.needs) <= set(entry.columns)
    assert entry.reference == ("ref_logp" in objective.needs)
    for column in entry.columns:
        less = Batch(batch.rows, batch.row, {c: batch[c] for c in entry.columns if c != column})
        if column != "teacher_ids":  # read by the engine, which gathers the student's for them
            with pytest.raises(AssertionError, match=column):
                objective(some, less)


def replaced(batch: Batch, **columns: Tensor) -> Batch:
    return Batch(batch.rows, batch.row, {**batch.columns, **columns})


def test_every_view_and_head_is_exercised() -> None:
    kinds = set(itertools.chain.from_iterable((e.view, e.head) for e in TABLE.values()))
    assert kinds == {
        "demonstrations", "pairs", "rankings", "labels", "samples", "lm", "scalar",
    }  # fmt: skip
