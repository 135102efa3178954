"""Identities clause by clause: how often each is kept, in the prompt and by every adapter."""

from __future__ import annotations

from collections.abc import Sequence

from plumbline.core.stats import Interval
from plumbline.evals.compare import fmt
from plumbline.evals.folders import Run
from plumbline.evals.glossary import pretty

Table = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
"""A heading, and rows of as many cells."""


def clauses_kept(runs: Sequence[Run]) -> list[Table]:
    """A table a manifesto; a cell is the share of answers that keep the clause, and of how many."""
    texts = [tuple(map(str, run.results.get("clauses") or ())) for run in runs]
    tables = (
        _table(clauses, [run for run, own in zip(runs, texts, strict=True) if own == clauses])
        for clauses in dict.fromkeys(texts)
    )
    return [table for table in tables if table[1]]


def _table(clauses: Sequence[str], runs: Sequence[Run]) -> Table:
    header = ("clause", "the base", "in the prompt", *(pretty(run.label) for run in runs))
    rows = []
    for number, text in enumerate(clauses, 1):
        kept = [[run.metrics.get(f"clause.{number}.kept.{who}") for run in runs]
                for who in ("base", "all", "adapter")]  # fmt: skip
        base, told = (next((one for one in found if one), None) for found in kept[:2])
        if any(kept[2]):
            rows.append((text, *map(_cell, (base, told, *kept[2]))))
    return header, tuple(rows)


def _cell(share: Interval | None) -> str:
    return f"{fmt(share.value)} of {share.n}" if share else "–"
