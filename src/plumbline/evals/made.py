"""How each run came about: seconds and memory, settings, lineage, and what its folders admit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from plumbline.evals.compare import fmt
from plumbline.evals.folders import Run, number
from plumbline.evals.glossary import meaning, pretty


def phases(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Seconds by phase a run, with each phase's share of the longest run (for the bars)."""
    spent = [
        {str(k): number(v) for k, v in (run.results.get("seconds") or {}).items()} for run in runs
    ]
    totals = [sum(v for v in one.values() if math.isfinite(v)) for one in spent]
    most = max(totals, default=0.0) or 1.0
    return [
        {
            "run": run,
            "phases": one,
            "total": total,
            "widths": {k: 100 * v / most for k, v in one.items() if math.isfinite(v)},
            "peak": number(run.results.get("peak_gb")),
            "rate": _rate(run),
        }
        for run, one, total in zip(runs, spent, totals, strict=True)
    ]


def _rate(run: Run) -> float:
    """Trained tokens a second of the training phase; NaN where either is not told."""
    seconds = number((run.results.get("seconds") or {}).get("train"))
    return number(run.results.get("tokens")) / seconds if seconds > 0 else math.nan


TOLD = ("command", "objective", "unit", "model", "data", "path", "precision", "steps", "tokens")
"""Facts of results.json that stand among the settings."""


def settings(runs: Sequence[Run]) -> dict[str, list[tuple[str, list[str]]]]:
    """Settings by dotted key (of results.json and of the record's config), with what was counted:
    those that differ (or that one run alone has), and those that are equal wherever they apply."""
    flat = [_facts(run) for run in runs]
    keys = dict.fromkeys(key for one in flat for key in one)
    rows = {key: [one.get(key, "") for one in flat] for key in keys}
    return {
        "differ": [(k, v) for k, v in rows.items() if _differs(v)],
        "same": [(k, [next(x for x in v if x)]) for k, v in rows.items() if not _differs(v)],
    }


def _differs(values: Sequence[str]) -> bool:
    told = [value for value in values if value]
    return len(set(told)) > 1 or (len(told) == 1 < len(values))


def _facts(run: Run) -> dict[str, str]:
    results = run.results
    told = {name: results[name] for name in TOLD if results.get(name) not in (None, "")}
    found = dict(_flat(told))
    for record in run.records:
        found |= dict(_flat(record.get("config") or {}))
    found |= dict(_flat(results.get("settings") or {}))
    return found | dict(_flat(results.get("counts") or {}, "counted."))


def _flat(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in settings.items():
        name = f"{before}{key}"
        if value is None or value == "":
            continue
        if isinstance(value, Mapping):
            found += _flat(value, f"{name}.")
        else:
            found.append((name, f"{value:g}" if isinstance(value, float) else str(value)))
    return found


def lineage(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Each record's id and what it was made from, by label where that is a run on this page."""
    known = {str(r.get("id")): run for run in runs for r in run.records if r.get("id")}
    return [
        {
            "run": run,
            "id": str(record.get("id", "")),
            "stage": str(record.get("stage") or ""),
            "inputs": [(role, _short_id(key), known.get(key)) for role, key in _inputs(record)],
        }
        for run in runs
        for record in run.records
    ]


def _inputs(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    inputs = record.get("inputs") or {}
    if isinstance(inputs, Mapping):
        return [(str(role), str(key)) for role, key in inputs.items()]
    return [("", str(key)) for key in inputs]


def _short_id(key: str) -> str:
    return key[:12] if len(key) > 24 else key


def notes(runs: Sequence[Run], metric: str) -> list[tuple[str, str]]:
    """What the folders say of themselves, and what is missing in them, by model."""
    found: list[tuple[str, str]] = []
    for run in runs:
        name = pretty(run.label)
        said = run.results.get("notes") or ()
        found += [(name, str(n)) for n in ([said] if isinstance(said, str) else said)]
        found += [(name, f"fell back to rows: {run.results.get('path')}")] * (
            run.results.get("path") == "rows"
        )
        missing = [m for m, i in run.metrics.items() if not math.isfinite(i.value)]
        found += [(name, f"no number for {', '.join(missing)} (not finite)")] * bool(missing)
        if metric and metric not in run.metrics and not run.judge:
            found.append((name, f"{meaning(metric).title} was not measured"))
        found += [(name, text) for text in _disagreements(run)]
        if not run.rows and not run.judge:
            elsewhere = run.results.get("answers")
            found.append((name, str(elsewhere or "no answers were logged (samples.jsonl)")))
    return found


def _disagreements(run: Run) -> list[str]:
    """Where the logged answers do not average to the reported number (a cut or mixed log)."""
    found = []
    for metric, i in run.metrics.items():
        values = [r.scores[metric] for r in run.rows if metric in r.scores]
        known = [v for v in values if math.isfinite(v)]
        mean = sum(known) / len(known) if known else i.value
        if abs(mean - i.value) > 1e-4 * max(1.0, abs(i.value)):
            found.append(
                f"the {len(known)} logged answers average {fmt(mean)} on {metric}, "
                f"results.json says {fmt(i.value)} (n = {i.n})"
            )
    return found
