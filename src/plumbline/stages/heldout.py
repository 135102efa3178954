"""Held-out loss and accuracy with intervals clustered by prompt.

`heldout_loss` is nats a trained token (sft) or a unit of the objective; `heldout_accuracy` is the
objective's own `accuracy` metric: next token (sft), margin > 0 (pairs), sign of r - z0 (kto).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from plumbline.core.heldout import prompt_key
from plumbline.core.stats import Interval, bootstrap, ratio_interval
from plumbline.engine.batches import Item
from plumbline.engine.engine import Engine
from plumbline.objectives.base import Batch, Outputs, Term
from plumbline.stages.feed import Feed


def evaluate(engine: Engine, feed: Feed) -> dict[str, Interval]:
    """Loss and every metric of the objective on all items of `feed`, as intervals."""
    names: dict[str, list[tuple[float, float]]] = {}
    clusters: list[str] = []
    loss_terms: tuple[str, ...] = ()
    for items, columns in _batches(feed, engine):
        for item, terms, own in _by_item(engine, items, columns):
            loss_terms = own
            clusters.append(prompt_key(item.example))
            for name, term in terms.items():
                names.setdefault(name, []).append((float(term.sum), float(term.count)))
    table = {name: np.array(rows) for name, rows in names.items()}
    return _intervals(table, loss_terms, clusters)


def _batches(feed: Feed, engine: Engine) -> Iterator[tuple[list[Item], dict[str, torch.Tensor]]]:
    for step in range(feed.steps):
        yield feed.step(step, engine)


def _by_item(
    engine: Engine, items: Sequence[Item], columns: dict[str, torch.Tensor]
) -> Iterator[tuple[Item, dict[str, Term], tuple[str, ...]]]:
    """The objective's terms for each item alone, from batched forward passes."""
    for group, micro, out in engine.score(items, top=1):
        batch = micro.with_columns(**columns).batch
        first = 0
        for number, item in enumerate(group):
            count = len(item.tree.completions)
            own_out, own = _slice(out, batch, first, count, number)
            yield item, engine.objective(own_out, own), tuple(engine.objective.counts(own))
            first += count


def _slice(
    out: Outputs, batch: Batch, first: int, count: int, number: int
) -> tuple[Outputs, Batch]:
    """Rows first..first+count of a micro-batch as a batch of their own."""
    rows = slice(first, first + count)
    tokens = (batch.row >= first) & (batch.row < first + count)
    pairs = (batch["pair"][:, 0] >= first) & (batch["pair"][:, 0] < first + count)
    cut = {}
    for name, value in batch.columns.items():
        if name in ("row_weight", "tier", "label", "set"):
            cut[name] = value[rows]
        elif name in ("pair", "p", "margin", "pair_weight"):
            cut[name] = value[pairs]
        else:
            cut[name] = value if value.ndim == 0 else value[tokens]
    cut["pair"] = cut["pair"] - first
    cut["set"] = cut["set"] - number
    return _slice_outputs(out, rows, tokens), Batch(count, batch.row[tokens] - first, cut)


def _slice_outputs(out: Outputs, rows: slice, tokens: torch.Tensor) -> Outputs:
    by_token = {
        name: value[tokens]
        for name in ("logp", "entropy", "top_logp", "top_ids")
        if (value := getattr(out, name)) is not None
    }
    return replace(Outputs(), value=None if out.value is None else out.value[rows], **by_token)


def _intervals(
    table: dict[str, np.ndarray], loss_terms: tuple[str, ...], clusters: list[str]
) -> dict[str, Interval]:
    found = {
        f"heldout_{name}": ratio_interval(rows[:, 0], rows[:, 1], clusters)
        for name, rows in table.items()
        if len(rows) == len(clusters) and rows[:, 1].sum() > 0
    }
    parts = np.concatenate([table[name] for name in loss_terms], axis=1)
    found["heldout_loss"] = (
        ratio_interval(parts[:, 0], parts[:, 1], clusters)
        if len(loss_terms) == 1
        else bootstrap(_sum_of_ratios, parts, clusters=clusters)
    )
    return found


def _sum_of_ratios(parts: np.ndarray) -> float:
    """Sum over loss terms of (sum of sums / sum of counts); columns alternate sum, count."""
    totals = parts.sum(axis=0)
    return float((totals[0::2] / np.maximum(totals[1::2], 1e-12)).sum())
