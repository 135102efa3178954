"""`plumbline train` without a recipe: words to a job in a folder, claimed, resumable, registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plumbline.core.ids import digest_file
from plumbline.core.settings import identity
from plumbline.data import read
from plumbline.engine.progress import Bar, TerminalBar, bar
from plumbline.objectives import build, entry
from plumbline.stages import train as stage
from plumbline.stages.outdir import OutDir
from plumbline.store import Store, find_store

VERSION = 1
"""Version of what a training run computes; it enters ids."""


def train(
    objective: str,
    model: str,
    data: str,
    out: Path,
    *,
    adapter: str = "lora",
    sets: Mapping[str, Any] | None = None,
    merge: bool = False,
    on_bad_row: str = "stop",
    store: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Train `objective` and return `out`; resumes an unfinished run, leaves a finished one alone."""
    from plumbline.models.digest import weights_digest
    from plumbline.models.load import resolve_model

    entry(objective)
    home = find_store(store)
    taken = resolve_model(model, home.path)
    say(f"model: {taken.what}")
    loaded = read(_data_path(data, home), on_bad_row=on_bad_row)
    name = stage.resolve_objective(objective, loaded.judgements)
    settings, values = stage.split_values(name, sets or {})
    job = stage.Job(name, taken.path, loaded.judgements, adapter, settings, values, merge)
    place = OutDir(
        Path(out),
        {
            "stage": f"train.{name}",
            "version": VERSION,
            "model": weights_digest(taken.path),
            "data": _data_digest(data, home),
            "on_bad_row": on_bad_row,
            "adapter": adapter,
            "merge": merge,
            "settings": identity(settings),
            "objective": identity(build(name, values)),
        },
    )
    state = place.claim()
    if state == "finished":
        say(f"{out} is finished already; nothing was done (name another --out to train again)")
        return Path(out)
    if state == "new":
        place.begin(command=f"train {name}", model=model, data=data)
    else:
        say(f"{out} is unfinished; going on from its last checkpoint")
    _say_counts(loaded, name, say)
    results = _with_bars(job, place, say)
    place.finish(seconds=results["seconds"])
    _register(home, place)
    say(_summary(results, place.path))
    return place.path


def _data_path(data: str, home: Store) -> str:
    """The file behind DATA; a ref's folder is read as its data file."""
    if not data.startswith("ref:"):
        return data
    folder = home.path(data)
    return str(folder if folder.is_file() else folder / "data.jsonl")


def _data_digest(data: str, home: Store) -> str:
    path = Path(_data_path(data, home))
    return digest_file(path) if path.is_file() else data


def _say_counts(loaded: Any, name: str, say: Callable[[str], None]) -> None:
    say(f"data: {len(loaded.judgements)} rows, read as {loaded.form}; objective: {name}")
    if loaded.dropped:
        say(f"dropped {len(loaded.dropped)} rows that do not parse")


def _with_bars(job: stage.Job, place: OutDir, say: Callable[[str], None]) -> dict[str, Any]:
    """Run the job with a progress bar a phase."""
    bars: dict[str, Any] = {}

    def progress(phase: str) -> Callable[[int, int, dict[str, float]], None]:
        def tick(done: int, total: int, numbers: dict[str, float]) -> None:
            if phase not in bars:
                bars[phase] = bar(phase, total, done - 1)
                bars[f"{phase}.live"] = bars[phase].__enter__()
            live: Bar | TerminalBar = bars[f"{phase}.live"]
            live.advance(done - live.done, _note(numbers))
            if done >= total:
                bars[phase].__exit__(None, None, None)

        return tick

    return stage.run(job, place.path, place.scratch, say, progress)


def _note(numbers: Mapping[str, float]) -> str:
    shown = ("loss", "accuracy", "margin")
    return "  ".join(f"{name} {numbers[name]:.3f}" for name in shown if name in numbers)


def _register(home: Store, place: OutDir) -> None:
    """Keep the run's record in the store, so that its lineage can be walked."""
    identity = place.identity
    home.register(
        stage=identity["stage"],
        version=identity["version"],
        config=identity,
        inputs={},
        folder=place.path,
    )


def _summary(results: Mapping[str, Any], out: Path) -> str:
    lines = [f"done: {results['steps']} steps in {results['seconds'].get('train', 0):.1f} s -> {out}"]
    for name in ("heldout_loss", "heldout_accuracy"):
        found = results["metrics"].get(name)
        if found:
            lines.append(
                f"{name}: {found['value']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"
                f" n={found['n']}"
            )
    return "\n".join(lines)


