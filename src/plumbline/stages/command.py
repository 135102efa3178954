"""`plumbline train` without a recipe: words to a job in a folder, resumable, registered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from plumbline.core.errors import UserError
from plumbline.core.settings import identity
from plumbline.data.load import Loaded, read
from plumbline.engine.progress import Bar, bar
from plumbline.models.digest import digest_folder
from plumbline.models.locate import Located, adapter_base, is_adapter, resolve_model
from plumbline.objectives import build, entry
from plumbline.stages import train as stage
from plumbline.stages.cards import INHERITED, inherited
from plumbline.stages.collected import data_path
from plumbline.stages.offline import Progress
from plumbline.stages.outdir import OutDir
from plumbline.stages.settings import Train
from plumbline.stages.values import split_values
from plumbline.store import Record, Store, add_source, find_store, source_record
from plumbline.text.tokenizer import load_tokenizer

VERSION = 2
"""Version of what a training run computes; it enters ids."""
SHOWN = (
    "heldout_loss", "heldout_accuracy", "perplexity", "nats_per_byte", "reward", "kl",
    "gap_closed", "gap_closed_on_policy", "rules_obeyed", "answers_kept", "conflict",
    "side_effect_kl",
)  # fmt: skip
"""Metrics that are said at the end, with all that stands behind a dot in their names."""


def train(
    objective: str,
    model: str,
    data: str,
    out: Path,
    *,
    adapter: str = "lora",
    sets: Mapping[str, Any] | None = None,
    merge: bool = False,
    on_bad_row: Literal["stop", "drop"] = "stop",
    store: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Train `objective` into `out`; resumes an unfinished run, leaves a finished one alone."""
    _offline(objective)
    home = find_store(store)
    taken = resolve_model(model, home.path)
    say(f"model: {taken.took}")
    path = data_path(data, home)
    loaded = read(path, on_bad_row=on_bad_row)
    job = make_job(objective, taken.path, loaded, adapter, sets or {}, merge)
    job = _with_teacher(job, home, say)
    job = replace(job, cards=inherited([path], [job.model, job.teacher]))
    inputs = {"model": model_record(home, taken), **data_records(home, [path])}
    source = inputs["data"].id if "data" in inputs else data
    place = OutDir(Path(out), job_identity(job, source, on_bad_row))
    facts: dict[str, Any] = {"command": f"train {job.objective}", "model": model, "data": data}
    facts |= {INHERITED: list(job.cards)} if job.cards else {}

    def work(bars: Callable[[str], Progress]) -> dict[str, Any]:
        say(_counts_line(loaded, job.objective))
        return stage.run(job, place.path, place.scratch, say, bars)

    kind = "reward" if entry(job.objective).head == "scalar" else "model"
    return carry_out(place, home, inputs, [path], facts, work, say, kind=kind)


def _offline(objective: str) -> None:
    """UserError for an objective that learns from answers it draws itself."""
    if entry(objective).view == "samples":
        raise UserError(
            f"{objective} learns from answers that the model draws while it trains",
            fix=f"plumbline rl {objective} --model MODEL --reward REWARD --prompts DATA --out DIR",
        )


def carry_out(
    place: OutDir,
    home: Store,
    inputs: Mapping[str, Record],
    paths: Sequence[str],
    facts: Mapping[str, Any],
    work: Callable[[Callable[[str], Progress]], dict[str, Any]],
    say: Callable[[str], None],
    *,
    kind: str = "model",
    tell: Callable[[Mapping[str, Any], Path], str] | None = None,
) -> Path:
    """Claim the folder, do the work unless it is done, register the result; the folder.

    `facts` stand in its run.json, `inputs` in its record; `paths` are the data's; `tell` says what
    came of it (`summary`).
    """
    out, state = place.path, place.claim()
    if state == "finished":
        say(f"{out} is finished already; nothing was done (name another --out to train again)")
        return out
    if state == "new":
        place.begin(**facts)
    else:
        say(f"{out} is unfinished; going on from its last checkpoint")
    with place.withdrawn_if_refused(), ExitStack() as bars:
        results = work(_progress(bars))
    place.finish(seconds=results["seconds"])
    _keep(home, inputs, paths, say)
    _register(home, place, {role: record.id for role, record in inputs.items()}, kind)
    say((tell or summary)(results, out))
    return out


def make_job(
    objective: str,
    model: Path,
    loaded: Loaded,
    adapter: str,
    sets: Mapping[str, Any],
    merge: bool = False,
) -> stage.Job:
    """The job behind an objective's name (`reward` is resolved by the data) and settings."""
    name = stage.resolve_objective(objective, loaded.judgements)
    settings, values = split_values(name, sets, Train())
    return stage.Job(
        name, model, loaded.judgements, loaded.dropped, adapter, settings, values, merge
    )


def job_identity(job: stage.Job, data: str, on_bad_row: str) -> dict[str, Any]:
    """Everything that decides the result of a training run."""
    base = adapter_base(job.model).path if is_adapter(job.model) else None
    weights = {"model": digest_folder(job.model, base)}
    if job.teacher is not None:
        weights["teacher"] = digest_folder(job.teacher)
    return {
        "stage": f"train.{job.objective}",
        "version": VERSION,
        **weights,
        "tokenizer": load_tokenizer(job.model).digest(),
        "data": data,
        "on_bad_row": on_bad_row,
        "adapter": job.adapter,
        "merge": job.merge,
        "settings": identity(job.settings),
        "objective": identity(build(job.objective, job.values)),
    }


def _with_teacher(job: stage.Job, home: Store, say: Callable[[str], None]) -> stage.Job:
    if not job.settings.teacher:
        return job
    taken = resolve_model(job.settings.teacher, home.path)
    say(f"teacher: {taken.took}")
    return replace(job, teacher=taken.path)


def model_record(home: Store, taken: Located) -> Record:
    """The artifact that the model's folder is: a run's own, or a source named by its path."""
    record = taken.path / "record.json"
    known = json.loads(record.read_text("utf-8")).get("id", "") if record.is_file() else ""
    if known and home.has(known):
        return home.record(known)
    return source_record(home, taken.path, kind="model")


def data_records(home: Store, paths: Sequence[str]) -> dict[str, Record]:
    """The artifacts of data files by role; a Hub name has none."""
    return {
        data_role(n): source_record(home, Path(path))
        for n, path in enumerate(paths)
        if Path(path).is_file()
    }


def data_role(n: int) -> str:
    """What the n-th data file (from 0) is called in a record: data, data.2, data.3 ..."""
    return f"data.{n + 1}" if n else "data"


def _keep(
    home: Store, inputs: Mapping[str, Record], paths: Sequence[str], say: Callable[[str], None]
) -> None:
    """Put the inputs into the store: models by their paths, the data's words as a copy.

    Done at the end, so that a refused run leaves nothing behind.
    """
    for record in inputs.values():
        if record.kind == "model" and not home.has(record.id):
            with home.committing():
                home.finish(record)
    given = {record.id for record in inputs.values()}
    for path in paths:
        if Path(path).is_file() and add_source(home, Path(path)).id not in given:
            say(f"{path} changed while it was trained on; the store has its newer words")


def _register(home: Store, place: OutDir, inputs: Mapping[str, str], kind: str) -> None:
    """Keep the run's record in the store, so that its lineage can be walked."""
    identity = place.identity
    home.register(
        stage=identity["stage"],
        version=identity["version"],
        config=identity,
        inputs=inputs,
        folder=place.path,
        kind=kind,
        runtime={name: place.record[name] for name in (INHERITED,) if name in place.record},
        started=place.record["started"],
        seconds=sum(v for k, v in place.record["seconds"].items() if "." not in k),
    )


def _progress(bars: ExitStack) -> Callable[[str], Progress]:
    """A progress bar a phase, opened at its first tick and closed at its last."""

    def progress(phase: str) -> Progress:
        live: list[Bar] = []

        def tick(done: int, total: int, numbers: dict[str, float]) -> None:
            if not live:
                live.append(bars.enter_context(bar(phase, total, done - 1)))
            live[0].advance(done - live[0].done, _note(numbers))
            if done >= total:
                live[0].close()

        return tick

    return progress


def _note(numbers: Mapping[str, float]) -> str:
    shown = ("loss", "accuracy", "margin", "reward", "kl", "length")
    return "  ".join(f"{name} {numbers[name]:.3f}" for name in shown if name in numbers)


def _counts_line(loaded: Loaded, name: str) -> str:
    bad = f"; {len(loaded.bad)} rows that do not parse were dropped" if loaded.bad else ""
    bad += f"; {len(loaded.left)} parts of rows take no part" if loaded.left else ""
    return f"data: {len(loaded.judgements)} rows, read as {loaded.form}{bad}; objective: {name}"


def summary(results: Mapping[str, Any], out: Path) -> str:
    """What a person wants to know at the end, with intervals."""
    seconds = results["seconds"]
    first = f"done: {results['steps']} steps in {seconds.get('train', 0):.1f} s -> {out}"
    return "\n".join([first, *figures(results)])


def figures(results: Mapping[str, Any]) -> list[str]:
    """The metrics of `SHOWN`, a line each."""
    lines = []
    for name, found in results["metrics"].items():
        if name.partition(".")[0] in SHOWN and found["low"] is not None:
            before = results.get("before", {}).get(name, {}).get("value")
            lines.append(
                f"{name}: {found['value']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
                f" n={found['n']}" + (f" (before: {before:.4f})" if before is not None else "")
            )
    return lines
