"""Law 2: gradients do not depend on how a step is cut, packed or ordered, nor on forest or rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from plumbline.core.types import Example, PairOf, answer, user
from plumbline.engine.batches import Item
from plumbline.engine.columns import RowCache, attach, fill, token_logp, top_ids, top_logp
from plumbline.engine.engine import Engine
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.objectives import TABLE, build
from plumbline.text.forest import TokenTree

TIERS = ((0,), (1, 2))
PAIRS = (PairOf(0, 1, 0.9, 0.2, 0.5), PairOf(0, 2, 1.0, 0.1, 0.5))


def items(count: int = 6) -> list[Item]:
    """Trees of three completions of many lengths, with every relation an objective may read."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(count):
        ids = [rng.integers(2, 250, size=rng.integers(2, 12)) for _ in range(4)]
        masks = tuple(np.arange(len(c)) > i % 2 for c in ids[1:])
        tree = TokenTree(ids[0], tuple(ids[1:]), masks)
        answers = tuple(answer(f"{i} {k}") for k in range(3))
        labels = (True, False, False)
        example = Example((user(str(i)),), answers, PAIRS, TIERS, labels, weight=1 + i / 7)
        made.append(Item(tree, example))
    return made


@pytest.fixture(scope="module")
def policies(tiny_model: Path) -> dict[str, Policy]:
    both = {
        "lm": load_model(tiny_model, adapter="full", precision="fp32"),
        "scalar": load_model(tiny_model, adapter="full", precision="fp32", scalar_head=True),
    }
    with torch.no_grad():  # a head of zeros gives the body no gradient
        torch.nn.init.normal_(
            both["scalar"].head.weight, generator=torch.Generator().manual_seed(1)
        )
    return both


def with_columns(engine: Engine, bare: list[Item]) -> list[Item]:
    """Reference and teacher columns, off the policy's own numbers: nothing is 0 by chance."""
    reference, logp, ids = RowCache(None), RowCache(None), RowCache(None)
    fill(engine, [bare], [(reference, lambda out: token_logp(out) - 0.1)])
    wanted = [(logp, lambda out: torch.log_softmax(2 * top_logp(out), -1)), (ids, top_ids)]
    fill(engine, [bare], wanted, top=5)
    columns = {"ref_logp": reference, "teacher_logp": logp, "teacher_ids": ids}
    for name, cache in columns.items():
        if name in engine.objective.needs:
            bare = attach(name, bare, cache)
    if "advantage" in engine.objective.needs:
        bare = [with_credit(item, i) for i, item in enumerate(bare)]
    return bare


def with_credit(item: Item, seed: int) -> Item:
    """Columns of an answer that was drawn, at random: old log-probabilities, advantages ..."""
    rng = np.random.default_rng(seed)
    for name, middle in (("old_logp", -5.5), ("advantage", 0), ("old_value", 0), ("returns", 0)):
        rows = [rng.normal(middle, 0.1, int(m.sum())) for m in item.tree.trained]
        item = item.with_extra(name, tuple(row.astype(np.float32) for row in rows))
    return item


def gradient(policy: Policy, name: str, budget: int, order: list[int]) -> torch.Tensor:
    engine = Engine(policy, build(name), micro_tokens=budget)
    step = items()
    if TABLE[name].head == "lm":
        step = with_columns(Engine(policy, build(name), micro_tokens=1 << 20), step)
    columns = {"z0": torch.tensor(0.05)} if "z0" in engine.objective.needs else {}
    engine.forward_backward([step[i] for i in order], **columns)
    found = torch.cat([p.grad.flatten() for p in engine.params if p.grad is not None])
    for p in engine.params:
        p.grad = None
    return found


@pytest.mark.parametrize("name", sorted(TABLE))
def test_gradients_are_equal_under_any_split_order_and_packing(
    name: str, policies: dict[str, Policy]
) -> None:
    policy = policies[TABLE[name].head]
    whole = gradient(policy, name, 1 << 20, [0, 1, 2, 3, 4, 5])
    assert whole.norm() > 1e-4
    for budget, order in (
        (1, [5, 3, 1, 0, 2, 4]),
        (60, [0, 1, 2, 3, 4, 5]),
        (90, [2, 1, 0, 5, 4, 3]),
    ):
        other = gradient(policy, name, budget, order)
        assert (other - whole).norm() <= 1e-5 * whole.norm(), (budget, order)


@pytest.mark.parametrize("name", ["sft", "dpo", "plackett_luce", "kto"])
def test_gradients_of_forest_and_rows_are_equal(name: str, policies: dict[str, Policy]) -> None:
    policy = policies[TABLE[name].head]
    forest = gradient(policy, name, 1 << 20, [0, 1, 2, 3, 4, 5])
    route = policy.route
    assert route.share, "this test needs an architecture that takes the forest"
    try:
        policy.route = replace(route, share=False)
        rows = gradient(policy, name, 100, [0, 1, 2, 3, 4, 5])
    finally:
        policy.route = route
    assert (rows - forest).norm() <= 1e-5 * forest.norm()


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("adapter", ["full", "lora", "last:1"])
def test_weights_cast_once_a_step_have_the_gradients_of_weights_cast_at_each_use(
    tiny_model: Path, adapter: str, checkpointing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_model(
        tiny_model, adapter=adapter, precision="bf16", checkpointing=checkpointing, device="cpu"
    )
    for p in policy.parameters():  # a new adapter's zeros give the other half no gradient
        if p.requires_grad and not p.any():
            torch.nn.init.normal_(p, std=0.02, generator=torch.Generator().manual_seed(1))
    order = [0, 1, 2, 3, 4, 5]
    once = gradient(policy, "sft", 60, order)
    monkeypatch.setattr(
        Policy,
        "autocast",
        lambda self: torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False),
    )
    anew = gradient(policy, "sft", 60, order)
    assert once.norm() > 1e-4 and torch.equal(once, anew)


def test_a_scalar_head_multiplies_in_fp32_inside_autocast_too(tiny_model: Path) -> None:
    policy = load_model(
        tiny_model, adapter="full", precision="bf16", scalar_head=True, device="cpu"
    )
    with torch.no_grad():
        torch.nn.init.normal_(policy.head.weight)
    forest = policy.grow([item.tree for item in items()])
    outside = policy.values(forest), policy.token_values(forest)
    with policy.autocast():
        inside = policy.values(forest), policy.token_values(forest)
    for got, want in zip(inside, outside, strict=True):
        assert torch.equal(got, want) and not torch.equal(got, got.bfloat16().float())
