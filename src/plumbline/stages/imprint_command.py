"""`plumbline imprint` without a recipe: words to an adapter in a folder, registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from plumbline.core.ids import digest
from plumbline.core.settings import identity, overlay
from plumbline.identity.manifesto import read_manifesto
from plumbline.identity.material import World
from plumbline.models.digest import digest_folder
from plumbline.models.locate import resolve_model
from plumbline.stages import imprint as stage
from plumbline.stages.command import carry_out, figures, model_record
from plumbline.stages.offline import Progress
from plumbline.stages.outdir import OutDir
from plumbline.store import find_store, source_record
from plumbline.text.tokenizer import load_tokenizer

VERSION = 1
"""Version of what an imprint computes; it enters ids."""


def imprint(
    manifesto: Path,
    model: str,
    out: Path,
    *,
    sets: Mapping[str, Any] | None = None,
    store: Path | None = None,
    world: Callable[[Path], World | None] = lambda folder: None,
    say: Callable[[str], None] = print,
) -> Path:
    """Imprint the manifesto of a file; `world` gives what is known of a model's world."""
    words = read_manifesto(manifesto)
    settings = overlay(stage.Imprint(), sets or {})
    home = find_store(store)
    taken = resolve_model(model, home.path)
    say(f"model: {taken.took}")
    job = stage.ImprintJob(taken.path, words, settings, world(taken.path))
    place = OutDir(Path(out), job_identity(job))
    inputs = {
        "model": model_record(home, taken),
        "manifesto": source_record(home, manifesto),
    }
    facts = {"command": "imprint", "model": model, "manifesto": str(manifesto)}

    def work(bars: Callable[[str], Progress]) -> dict[str, Any]:
        say(f"manifesto: {len(words.clauses)} clauses; mode: {settings.mode}")
        return stage.run(job, place.path, place.scratch, say, bars)

    return carry_out(place, home, inputs, [str(manifesto)], facts, work, say, tell=told)


def told(results: Mapping[str, Any], out: Path) -> str:
    """How long it took from the manifesto to the layer, and how far it goes."""
    took = {name: results["seconds"].get(name, 0.0) for name in ("probes", "train")}
    first = (
        f"done: {sum(took.values()):.1f} s from the manifesto to {out} (answers"
        f" {took['probes']:.1f}, fit {took['train']:.1f})"
    )
    return "\n".join([first, *figures(results)])


def job_identity(job: stage.ImprintJob) -> dict[str, Any]:
    """Everything that decides the result."""
    return {
        "stage": "imprint",
        "version": VERSION,
        "model": digest_folder(job.model) if (job.model / "config.json").is_file() else "",
        "tokenizer": load_tokenizer(job.model).digest(),
        "manifesto": digest(job.manifesto.text),
        "world": job.world is not None,
        "settings": identity(job.settings),
    }
