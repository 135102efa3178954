"""The report: one self-contained HTML page from one or more result folders.

No script, no other host, nothing fetched: the page forbids it to itself by its content security
policy, and every word a model, a person or a file said is escaped. The numbers are those of the
folders' `results.json`, in full in each `<data value>`; the sentences are built from them in
`compare.py`. Other parts of plumbline add a `Section` to this page; none writes its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.core.atomic import write_json, write_text
from plumbline.core.errors import UserError
from plumbline.core.stats import Interval
from plumbline.evals import figures
from plumbline.evals.answers import gallery
from plumbline.evals.compare import (
    Difference,
    baselines,
    comparable,
    differences,
    fmt,
    primary,
    sentence,
    shortfalls,
)
from plumbline.evals.figures import Figure
from plumbline.evals.folders import Run, number, read_runs
from plumbline.evals.glossary import meaning, pretty

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """A part of the page that someone else wrote: plain paragraphs, a table, figures."""

    title: str
    paragraphs: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    figures: tuple[Figure, ...] = ()


def build_report(
    folders: Sequence[Path],
    out: Path,
    title: str = "",
    story: Sequence[Section] | None = None,
    *,
    against: Sequence[str] = (),
) -> Path:
    """Write the page at `out` and the comparison's numbers beside it; returns `out`.

    Models stand in the order of `folders`; they are held against the first and against "sft", or
    against the labels in `against`. The numbers go to `results.json` beside `out`, or where
    another command's results.json stands there already, to `OUT_STEM.results.json`.
    """
    start = time.perf_counter()
    runs = read_runs([Path(folder) for folder in folders])
    for label in against:
        if label not in {run.label for run in runs}:
            known = ", ".join(run.label for run in runs)
            raise UserError(f"no model {label!r} to compare with", fix=f"there are: {known}")
    page = _Page(runs, baselines(runs, against), primary(runs))
    context = page.context() | {"title": title or page.title(), "story": list(story or ())}
    out = Path(out)
    write_text(out, _render(context))
    beside = _beside(out)
    write_json(beside, page.results(time.perf_counter() - start))
    return out


@dataclass(frozen=True)
class _Page:
    runs: Sequence[Run]
    against: Sequence[Run]
    metric: str

    @property
    def colours(self) -> dict[str, int]:
        """A colour a model, the same in every figure; the first of several is grey."""
        shift = 0 if len(self.runs) > 1 else 1
        return {run.label: i + shift for i, run in enumerate(self.runs)}

    def title(self) -> str:
        names = [pretty(run.label) for run in self.runs]
        return " · ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")

    def differences(self) -> list[Difference]:
        return differences(self.runs, self.against, self.metric) if self.metric else []

    def context(self) -> dict[str, Any]:
        found = self.differences()
        return {
            "runs": self.runs,
            "colours": self.colours,
            "metric": self.metric,
            "meaning": meaning(self.metric),
            "sentences": [(d.verdict, sentence(d)) for d in found],
            "price": self._price(),
            "value_figures": self._value_figures(found),
            "part_figures": self._part_figures(),
            "differences": found,
            "gallery": gallery(self.runs, self.metric, self.against),
            "curves": [
                (run, figures.curves(run, self.colours[run.label]))
                for run in self.runs
                if run.curves
            ],
            "table": self._table(),
            "phases": _phases(self.runs),
            "settings": _settings(self.runs),
            "lineage": _lineage(self.runs),
            "notes": _notes(self.runs, self.metric),
        }

    def results(self, seconds: float) -> dict[str, Any]:
        """The comparison in the form of results.json: "gold.dpo", and "gold.dpo-sft"."""
        metrics = {
            f"{name}.{run.label}": i.as_dict()
            for run in self.runs
            for name, i in run.metrics.items()
        }
        metrics |= {
            f"{d.metric}.{d.run.label}-{d.baseline.label}": d.interval.as_dict()
            for d in self.differences()
        }
        return {
            "command": "report",
            "seconds": {"evaluate": round(seconds, 4)},
            "peak_gb": None,
            "metrics": metrics,
            "models": [
                {"label": run.label, "folders": [str(f) for f in run.folders]} for run in self.runs
            ],
        }

    def _price(self) -> list[str]:
        if not self.against:
            return []
        found = shortfalls(self.runs, self.against[0], self.metric)
        return [sentence(d) for d in found]

    def _value_figures(self, found: Sequence[Difference]) -> list[Figure]:
        if not any(self.metric in run.metrics for run in self.runs):
            return []
        made = [figures.dots(self.runs, self.metric, self.colours)]
        for base in self.against:
            mine = [d for d in found if d.baseline is base]
            if mine:
                made.append(figures.difference_dots(mine, self.colours))
        return made

    def _part_figures(self) -> list[Figure]:
        names = dict.fromkeys(m for run in self.runs for m in run.metrics)
        parts = [name for name in names if name.startswith(f"{self.metric}.")]
        return [figures.dots(self.runs, name, self.colours) for name in parts]

    def _table(self) -> list[dict[str, Any]]:
        names = dict.fromkeys(m for run in self.runs for m in run.metrics)
        return [
            {
                "name": name,
                "meaning": meaning(name),
                "cells": [run.metrics.get(name) for run in self.runs],
                "apart": not _one_unit(name, self.runs),
            }
            for name in names
        ]


def _one_unit(name: str, runs: Sequence[Run]) -> bool:
    have = [run for run in runs if name in run.metrics]
    return all(comparable(name, have[0], run) for run in have[1:])


def _phases(runs: Sequence[Run]) -> list[dict[str, Any]]:
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
    """Trained tokens a second over all logged steps; NaN where either is not logged."""
    told = [c for c in run.curves if "tokens" in c and "seconds" in c]
    seconds = sum(number(c["seconds"]) for c in told)
    return sum(number(c["tokens"]) for c in told) / seconds if seconds > 0 else math.nan


def _settings(runs: Sequence[Run]) -> dict[str, list[tuple[str, list[str]]]]:
    """Settings by dotted key: those that differ between the runs, and those that do not."""
    flat = [dict(_flat(run.results.get("settings") or {})) for run in runs]
    for run, one in zip(runs, flat, strict=True):
        for name in ("command", "model", "data", "path"):
            if run.results.get(name):
                one[name] = str(run.results[name])
    rows = {
        key: [one.get(key, "") for one in flat] for key in dict.fromkeys(k for f in flat for k in f)
    }
    return {
        "differ": [(k, v) for k, v in rows.items() if len(set(v)) > 1],
        "same": [(k, v) for k, v in rows.items() if len(set(v)) == 1],
    }


def _flat(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in settings.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping):
            found += _flat(value, f"{name}.")
        else:
            found.append((name, f"{value:g}" if isinstance(value, float) else str(value)))
    return found


def _lineage(runs: Sequence[Run]) -> list[dict[str, Any]]:
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


def _notes(runs: Sequence[Run], metric: str) -> list[tuple[str, str]]:
    """What the folders say of themselves, and what is missing in them, by model."""
    found: list[tuple[str, str]] = []
    for run in runs:
        name = pretty(run.label)
        said = run.results.get("notes") or ()
        found += [(name, str(n)) for n in ([said] if isinstance(said, str) else said)]
        found += [(name, f"fell back to rows: {run.results['path']}")] * (
            run.results.get("path") == "rows"
        )
        missing = [m for m, i in run.metrics.items() if not math.isfinite(i.value)]
        found += [(name, f"no number for {', '.join(missing)} (not finite)")] * bool(missing)
        if metric and metric not in run.metrics:
            found.append((name, f"{meaning(metric).title} was not measured"))
        if not run.rows:
            found.append((name, "no answers were logged (samples.jsonl)"))
    return found


def _beside(out: Path) -> Path:
    path = out.parent / "results.json"
    if path.is_file():
        import json

        try:
            mine = json.loads(path.read_text(encoding="utf-8")).get("command") == "report"
        except (ValueError, AttributeError):
            mine = False
        if not mine:
            return out.with_name(f"{out.stem}.results.json")
    return path


def _render(context: Mapping[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"fmt": fmt, "pretty": pretty, "ends": _ends}
    css = (HERE / "report.css").read_text(encoding="utf-8")
    return env.get_template("report.html").render(context, css=css, isfinite=math.isfinite)


def _ends(i: Interval, signed: bool = False) -> str:
    return f"{fmt(i.low, signed)} to {fmt(i.high, signed)}" if i.known else "no interval"
