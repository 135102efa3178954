"""The report: one self-contained HTML page from one or more result folders.

No script, no other host, nothing fetched: the page forbids it to itself by its content security
policy, and every word a model, a person or a file said is escaped. The numbers are those of the
folders' `results.json`, in full in each `<data value>`; the sentences are built from them in
`compare.py`. Other parts of plumbline add a `Section` to this page; none writes its own.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from plumbline.core.atomic import write_json, write_text
from plumbline.core.errors import UserError
from plumbline.core.stats import Interval
from plumbline.evals import figures, label_sets, made
from plumbline.evals.answers import gallery
from plumbline.evals.by_author import won
from plumbline.evals.by_clause import clauses_kept
from plumbline.evals.compare import (
    Difference,
    baselines,
    claim,
    comparable,
    differences,
    evidence,
    fmt,
    primary,
    shortfalls,
)
from plumbline.evals.figures import Figure
from plumbline.evals.folders import Run, read_runs
from plumbline.evals.gaps import gap_against_seconds
from plumbline.evals.glossary import meaning, pretty
from plumbline.evals.over_time import over_time
from plumbline.evals.revisions import BETTER, HOW, revisions

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """A part of the page that someone else wrote: plain paragraphs, sentences with their evidence
    and what these say ("better", "worse" or "": a colour), a table, figures."""

    title: str
    paragraphs: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    figures: tuple[Figure, ...] = ()
    said: tuple[tuple[str, str, str], ...] = ()


def build_report(
    folders: Sequence[Path],
    out: Path,
    title: str = "",
    story: Sequence[Section] | None = None,
    *,
    against: Sequence[str] = (),
    short: Section | None = None,
) -> Path:
    """Write the page at `out` and the comparison's numbers beside it; returns `out`.

    Models stand in the order of `folders`; they are held against the first and against "sft", or
    against the labels in `against`. `short` stands at the top instead of that comparison. The
    numbers go to `results.json` beside `out`, or where another command's results.json stands there
    already, to `OUT_STEM.results.json`.
    """
    start = time.perf_counter()
    runs = read_runs([Path(folder) for folder in folders])
    for label in against:
        if label not in {run.label for run in runs}:
            known = ", ".join(run.label for run in runs)
            raise UserError(f"no model {label!r} to compare with", fix=f"there are: {known}")
    page = _Page(runs, baselines(runs, against), primary(runs))
    parts = [*(story or ()), *(Section(*one) for one in label_sets.sections(runs))]
    context = page.context() | {"title": title or page.title(), "story": parts}
    context["short"] = short
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

    @cached_property
    def differences(self) -> list[Difference]:
        return differences(self.runs, self.against, self.metric) if self.metric else []

    def context(self) -> dict[str, Any]:
        found = self.differences
        return {
            "runs": self.runs,
            "colours": self.colours,
            "metric": self.metric,
            "meaning": meaning(self.metric),
            "sentences": [(d.verdict, claim(d), evidence(d)) for d in found],
            "price": self._price(),
            "value_figures": self._value_figures(found),
            "part_figures": self._part_figures(),
            "gap_figure": gap_against_seconds(self.runs, self.colours),
            "clauses": [Section("", (), *table) for table in clauses_kept(self.runs)],
            "differences": found,
            "gallery": gallery(self.runs, self.metric, self.against),
            "curves": [
                (run, figures.curves(run, self.colours[run.label]), over_time(run))
                for run in self.runs
                if any("step" in row for row in run.curves)
            ],
            "won": [(run, Section("", how, *rows)) for run, how, rows in won(self.runs)],
            "revised": [
                (run, Section("", (HOW, BETTER), found.header, found.rows, (found.figure,)))
                for run, found in revisions(self.runs)
            ],
            "table": self._table(),
            "phases": made.phases(self.runs),
            "settings": made.settings(self.runs),
            "lineage": made.lineage(self.runs),
            "notes": made.notes(self.runs, self.metric),
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
            for d in self.differences
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

    def _price(self) -> list[tuple[str, str]]:
        if not self.against:
            return []
        found = shortfalls(self.runs, self.against[0], self.metric)
        return [(claim(d), evidence(d)) for d in found]

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


def _beside(out: Path) -> Path:
    """Never over another command's results.json (a report inside the one folder it is on)."""
    path = out.parent / "results.json"
    if path.is_file():
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
