"""plumbline against TRL on identical token ids: losses and gradients, the whole way.

tests/goldens holds what bench/goldens.py made with TRL's own trainers (fp32). Here the same models
and ids go through the engine: forest, chunked log-probabilities, columns, objective, division.
Losses agree to 1e-5; gradients as |difference| / |gradient|.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from plumbline.core.types import Example, PairOf
from plumbline.engine.batches import Item
from plumbline.engine.columns import mean_log_ratio, split_rows, token_logp
from plumbline.engine.engine import Engine
from plumbline.models.load import load_model
from plumbline.objectives import build, entry
from plumbline.text.forest import TokenTree

GOLDENS = Path(__file__).resolve().parent.parent / "goldens"
RECORD = json.loads((GOLDENS / "trl.json").read_text())
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "sft": ("sft", {}),
    "bradley_terry": ("bradley_terry", {"centring": 0.01}),
    "dpo": ("dpo", {"beta": 0.1}),
    "dpo_robust": ("dpo", {"beta": 0.5, "label_smoothing": 0.1, "robust": True}),
    "ipo": ("ipo", {"beta": 0.1}),
    "kto": ("kto", {"beta": 0.1, "desirable": 1.2, "undesirable": 0.8}),
}
METRICS = {
    "bradley_terry": {"accuracy": "accuracy", "margin": "margin"},
    "dpo": {
        "accuracy": "rewards/accuracies",
        "margin": "rewards/margins",
        "chosen_logp": "logps/chosen",
    },
    "kto": {"z0": "kl", "chosen_logp": "logps/chosen"},
}
LOSS_BOUND, GRADIENT_BOUND = 1e-5, 5e-6
TIGHT = 64
"""Grid tokens of a micro-batch: several micro-batches to a step."""


def tree(prompt: list[int], *answers: list[int]) -> TokenTree:
    ids = tuple(np.array(a, np.int64) for a in answers)
    return TokenTree(np.array(prompt, np.int64), ids, tuple(np.ones(len(a), bool) for a in ids))


def pair_items() -> list[Item]:
    return [
        Item(
            tree(p["prompt_ids"], p["chosen_ids"], p["rejected_ids"]),
            Example((), ((), ()), pairs=(PairOf(0, 1, margin=p["margin"]),)),
        )
        for p in RECORD["pairs"]
    ]


def demonstration_items() -> list[Item]:
    return [
        Item(tree(p["prompt_ids"], p["chosen_ids"]), Example((), ((),))) for p in RECORD["pairs"]
    ]


def label_items(completion: str = "completion_ids") -> list[Item]:
    return [
        Item(tree(r["prompt_ids"], r[completion]), Example((), ((),), labels=(r["label"],)))
        for r in RECORD["labelled"]
    ]


ITEMS: dict[str, Callable[[], list[Item]]] = {
    "sft": demonstration_items,
    "kto": label_items,
}


def with_reference(items: list[Item], micro_tokens: int) -> list[Item]:
    """Items with `ref_logp`, scored by the engine on the reference model."""
    policy = load_model(GOLDENS / "reference", adapter="none", precision="fp32")
    engine = Engine(policy, build("sft"), micro_tokens=micro_tokens)
    scored: dict[int, Item] = {}
    for group, micro, out in engine.score(items):
        rows = iter(split_rows(token_logp(out), micro.batch))
        for item in group:
            mine = tuple(next(rows) for _ in item.tree.completions)
            scored[id(item)] = item.with_extra("ref_logp", mine)
    return [scored[id(item)] for item in items]


def step(case: str, micro_tokens: int) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Means of loss and metrics, and gradients, of one whole step of the engine."""
    name, values = CASES[case]
    line, items = entry(name), ITEMS.get(case, pair_items)()
    folder = GOLDENS / ("reward" if line.head == "scalar" else "policy")
    policy = load_model(folder, adapter="full", precision="fp32", scalar_head=line.head == "scalar")
    engine = Engine(policy, build(name, values), micro_tokens=micro_tokens)
    extra: dict[str, Tensor] = {}
    if line.reference:
        items = with_reference(items, micro_tokens)
    if name == "kto":
        twins = with_reference(label_items("KL_completion_ids"), micro_tokens)
        extra["z0"] = mean_log_ratio(engine, twins)
    sums = engine.forward_backward(items, **extra)
    grads = {n: p.grad for n, p in policy.model.named_parameters() if p.grad is not None}
    return sums.means(), grads


@pytest.mark.parametrize("micro_tokens", [10_000, TIGHT], ids=["one-pack", "many-packs"])
@pytest.mark.parametrize("case", CASES)
def test_a_step_equals_trl(case: str, micro_tokens: int) -> None:
    means, gradients = step(case, micro_tokens)
    theirs = RECORD["cases"][case]
    assert means["loss"] == pytest.approx(theirs["loss"], abs=LOSS_BOUND, rel=0)
    for mine, name in METRICS.get(case, {}).items():
        assert means[mine] == pytest.approx(theirs[name], abs=1e-4), mine
    want = {
        key.partition("/")[2]: value
        for key, value in load_file(GOLDENS / "trl.safetensors").items()
        if key.partition("/")[0] == case
    }
    assert set(gradients) == set(want)
    apart = torch.cat([(gradients[n] - want[n]).flatten() for n in want]).norm()
    size = torch.cat([g.flatten() for g in want.values()]).norm()
    assert size > 1e-2 and float(apart / size) < GRADIENT_BOUND


def test_the_goldens_have_something_to_say() -> None:
    """Log-ratios are not 0, the reference point is above 0, and both labels occur."""
    cases = RECORD["cases"]
    assert abs(cases["dpo"]["rewards/margins"]) > 0.05 and cases["kto"]["kl"] > 0.1
    labels = [row["label"] for row in RECORD["labelled"]]
    assert set(labels) == {True, False} and sum(labels) * 2 != len(labels)


def test_every_case_of_the_record_is_checked() -> None:
    assert set(RECORD["cases"]) == set(CASES)
