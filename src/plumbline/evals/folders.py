"""Result folders as the report reads them: one `Run` a model, whatever files hold its parts.

`results.json` must be there; `metrics.jsonl` (curves), `samples.jsonl` (answers) and `record.json`
(lineage) may be. A training folder and an evaluation folder with the same `label` that measure
different things are one run; else equal labels are told apart by their folders. An evaluation of
several models in one folder (rows with different `model`) is split into a run each.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.stats import Interval, mean_interval

FIX = "give a folder that `plumbline train`, `rl` or `evaluate` wrote with --out"


@dataclass(frozen=True)
class Row:
    """One answer: a line of `samples.jsonl`. `prompt` is (role, text) by turn.

    Answers of one `group` (the prompt's words) are paired between models; groups of one `cluster`
    (a topic, say) are drawn together in the bootstrap.
    """

    prompt: tuple[tuple[str, str], ...]
    response: str
    scores: Mapping[str, float]
    why: tuple[str, ...] = ()
    model: str = ""
    group: str = ""
    cluster: str = ""


@dataclass(frozen=True)
class Run:
    """Everything known of one model. `results`: the folders' results.json, merged."""

    label: str
    folders: tuple[Path, ...]
    results: Mapping[str, Any]
    metrics: Mapping[str, Interval]
    curves: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Row] = ()
    records: Sequence[Mapping[str, Any]] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def judge(self) -> bool:
        """Whether this is a reward model, which gives values and is not asked for answers."""
        return self.results.get("head") == "scalar"

    @property
    def objective(self) -> str:
        """What it was trained on, "" where that is not said; loss units depend on it."""
        named = self.results.get("objective") or self.results.get("settings", {}).get("objective")
        if isinstance(named, str):
            return named
        words = str(self.results.get("command", "")).split()
        return words[words.index("train") + 1] if "train" in words[:-1] else ""


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """One run a model, in the order given. UserError names folder, file, line and remedy."""
    if not folders:
        raise UserError("no folder to report on", fix=FIX)
    runs: list[Run] = []
    for path in folders:
        for run in _split(_read(Path(path))):
            _join(runs, run)
    return runs


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a jsonl file. A last line that a kill left unfinished is left out."""
    rows: list[dict[str, Any]] = []
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines[:-1], start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(
                f"this line is not JSON ({error})",
                where=f"{path}:{number}",
                fix="remove the line, or run the command that wrote the file again",
            ) from None
        if not isinstance(row, dict):
            raise UserError(
                "this line is not an object", where=f"{path}:{number}", fix="remove the line"
            )
        rows.append(row)
    return rows


def _read(folder: Path) -> Run:
    if not folder.is_dir():
        what = "this is not a folder" if folder.exists() else "no such folder"
        raise UserError(what, where=str(folder), fix=FIX)
    if not (folder / "results.json").is_file():
        raise UserError(
            "no results.json in this folder (the command has not finished, or never ran)",
            where=str(folder),
            fix=f"give the command again so that it finishes, or {FIX}",
        )
    results = _json(folder / "results.json")
    metrics = {
        str(name): interval_of(value, f"{folder / 'results.json'}, metrics.{name}")
        for name, value in (results.get("metrics") or {}).items()
    }
    curves = _optional(folder / "metrics.jsonl")
    rows = [_row(one) for one in _optional(folder / "samples.jsonl")]
    record = _json(folder / "record.json") if (folder / "record.json").is_file() else None
    label = str(results.get("label") or folder.resolve().name)
    return Run(label, (folder,), results, metrics, curves, rows, (record,) if record else ())


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"not valid JSON ({error})", where=str(path), fix="run its command again"
        ) from None
    if not isinstance(found, dict):
        raise UserError("not a JSON object", where=str(path), fix="run its command again")
    return found


def _optional(path: Path) -> list[dict[str, Any]]:
    return read_lines(path) if path.is_file() else []


def number(value: Any) -> float:
    """A JSON value as a float; what is no number is NaN, and is shown as missing."""
    return float(value) if isinstance(value, int | float) else math.nan


def interval_of(value: Any, where: str) -> Interval:
    """A metric of results.json; UserError naming `where` for what is none."""
    if isinstance(value, Mapping):
        n = value.get("n")
        count = int(n) if isinstance(n, int | float) and math.isfinite(n) else 0
        middle, low, high = (number(value.get(k)) for k in ("value", "low", "high"))
        return Interval(middle, low, high, count)
    if value is None or isinstance(value, int | float):
        return Interval(number(value), math.nan, math.nan, 0)
    raise UserError(
        f"a metric is {{value, low, high, n}}, got {value!r}", where=where, fix="mend the file"
    )


def _row(row: Mapping[str, Any]) -> Row:
    prompt = _turns(row.get("prompt", ""))
    why = row.get("why") or ()
    reasons = (why,) if isinstance(why, str) else tuple(str(w) for w in why)
    scores = {str(k): number(v) for k, v in (row.get("scores") or {}).items()}
    text = "\n\n".join(words for _, words in _turns(row.get("response", "")))
    group = json.dumps(prompt)
    cluster = str(row.get("cluster") or group)
    return Row(prompt, text, scores, reasons, str(row.get("model") or ""), group, cluster)


def _turns(value: Any) -> tuple[tuple[str, str], ...]:
    """Text, or a list of messages, as (role, text)."""
    if isinstance(value, list):
        return tuple(
            (str(m.get("role", "")), str(m.get("content", "")))
            if isinstance(m, Mapping)
            else ("", str(m))
            for m in value
        )
    return (("user", str(value)),)


def _split(run: Run) -> Iterator[Run]:
    """A run a model, where the answers of one folder come from several."""
    models = list(dict.fromkeys(row.model for row in run.rows))
    if len(models) < 2:
        yield run
        return
    for model in models:
        rows = [row for row in run.rows if row.model == model]
        same = model == run.label
        yield replace(
            run,
            label=model or run.label,
            rows=rows,
            metrics=run.metrics if same else _means(rows),
            curves=run.curves if same else (),
            results=run.results if same else {**run.results, "seconds": {}, "peak_gb": None},
        )
    if run.label not in models:
        yield replace(run, rows=())


def _means(rows: Sequence[Row]) -> dict[str, Interval]:
    axes = dict.fromkeys(axis for row in rows for axis in row.scores)
    found = {}
    for axis in axes:
        told = [row for row in rows if axis in row.scores]
        found[axis] = mean_interval([r.scores[axis] for r in told], [r.cluster for r in told])
    return found


def _join(runs: list[Run], new: Run) -> None:
    """Add `new` to the run with its label where they complete each other, else as its own."""
    for i, old in enumerate(runs):
        if old.label != new.label:
            continue
        clash = (set(old.metrics) & set(new.metrics)) or (old.curves and new.curves)
        if clash or (old.rows and new.rows):
            place = new.folders[0].resolve()
            new = replace(new, label=f"{new.label} ({place.parent.name}/{place.name})")
            break
        runs[i] = _merged(old, new)
        return
    runs.append(new)


def _merged(a: Run, b: Run) -> Run:
    seconds: dict[str, float] = {}
    for run in (a, b):
        for phase, spent in (run.results.get("seconds") or {}).items():
            seconds[phase] = seconds.get(phase, 0.0) + number(spent)
    peaks = [number(r.results.get("peak_gb")) for r in (a, b)]
    known = [p for p in peaks if math.isfinite(p)]
    notes = [*(a.results.get("notes") or ()), *(b.results.get("notes") or ())]
    settings = {**(a.results.get("settings") or {}), **(b.results.get("settings") or {})}
    results = {**b.results, **a.results, "seconds": seconds, "notes": notes, "settings": settings}
    results["peak_gb"] = max(known) if known else None
    return replace(
        a,
        folders=a.folders + b.folders,
        results=results,
        metrics={**a.metrics, **b.metrics},
        curves=a.curves or b.curves,
        rows=a.rows or b.rows,
        records=[*a.records, *b.records],
    )
