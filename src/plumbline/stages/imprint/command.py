"""`plumbline imprint` without a recipe: words to an identity in a folder, registered.

A new identity (`imprint`), one with more clauses (`refined`), one on another base (`again`), two in
one (`composed`), and what one is worth (`measure`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.ids import digest
from plumbline.core.settings import identity, overlay
from plumbline.core.stats import Interval
from plumbline.identity import held
from plumbline.identity.manifesto import Manifesto, read_manifesto
from plumbline.identity.material import World
from plumbline.models.digest import digest_folder
from plumbline.models.locate import is_adapter, resolve_model
from plumbline.stages.command import carry_out, model_record
from plumbline.stages.imprint import checking, making, written
from plumbline.stages.imprint.behaviour import moved
from plumbline.stages.imprint.checking import Checked
from plumbline.stages.imprint.measuring import conflicts, measured_folder
from plumbline.stages.imprint.named import (
    base_of,
    identity_named,
    manifestos_of,
    model_named,
    one_base,
    questions_in,
    settings_of,
)
from plumbline.stages.imprint.record import Clock, write_measurement
from plumbline.stages.imprint.settings import Imprint, ImprintJob, Measuring, Sum
from plumbline.stages.imprint.shown import told
from plumbline.stages.offline import Progress
from plumbline.stages.outdir import OutDir
from plumbline.store import Store, find_store, source_record
from plumbline.text.tokenizer import load_tokenizer

VERSION = 4
"""Version of what an imprint computes; it enters ids."""
Known = Callable[[Path], World | None]
"""What is known of a model's world."""
REFINED = 56
"""Questions about new clauses; twice as many of the identity's own are fitted on again."""


def unknown_world(folder: Path) -> World | None:
    """Of most models nothing is known."""
    return None


def imprint(
    manifesto: Path,
    model: str,
    out: Path,
    *,
    questions: str = "",
    sets: Mapping[str, Any] | None = None,
    store: Path | None = None,
    world: Known = unknown_world,
    say: Callable[[str], None] = print,
) -> Path:
    """Imprint the manifesto of a file on a model; `questions`: a file of prompts that are asked
    before others."""
    words, settings = read_manifesto(manifesto), overlay(Imprint(), sets or {})
    home = find_store(store)
    first = questions_in(questions, settings, say) if questions else ()
    folder = model_named(model, home, say)
    job = ImprintJob(folder, words, settings, world(folder), first=first)
    files = {"manifesto": manifesto} | ({"questions": Path(questions)} if questions else {})
    facts = {"model": model} | {role: str(file) for role, file in files.items()}
    return _carry_out(job, out, home, facts, say, files)


def refined(
    adapter: str,
    clauses: Sequence[str],
    out: Path,
    *,
    sets: Mapping[str, Any] | None = None,
    store: Path | None = None,
    world: Known = unknown_world,
    say: Callable[[str], None] = print,
) -> Path:
    """An identity with more clauses: asked anew is what these are about; of its own probes some are
    fitted on again, and the fit is drawn to its adapter."""
    home = find_store(store)
    folder, old = identity_named(adapter, home, say)
    added = Manifesto(" ".join(clauses))
    settings = overlay(settings_of(folder, probes=REFINED), sets or {})
    base = base_of(folder)
    job = ImprintJob(
        base, old.joined(added), settings, world(base), asks_for=added,
        before=folder, kept=held.read_probes(folder), more={"from": manifestos_of([folder])},
    )  # fmt: skip
    facts = {"model": adapter, "add": list(clauses)}
    return _carry_out(job, out, home, facts, say, adapters=[folder])


def again(
    adapter: str,
    model: str,
    out: Path,
    *,
    sets: Mapping[str, Any] | None = None,
    store: Path | None = None,
    world: Known = unknown_world,
    say: Callable[[str], None] = print,
) -> Path:
    """An identity's manifesto on another base, with the questions that it was fitted on; what
    changed stands in diff.jsonl."""
    home = find_store(store)
    folder, words = identity_named(adapter, home, say)
    base = model_named(model, home, say)
    questions = tuple(question for question, _ in held.read_probes(folder))
    job = ImprintJob(
        base, words, overlay(settings_of(folder), sets or {}), world(base),
        questions=questions or None, more={"from": manifestos_of([folder])},
    )  # fmt: skip
    facts = {"model": model, "again": adapter}

    def compare(place: Path) -> dict[str, Interval]:
        return moved(folder, place, base, words, job.world, job.settings)

    return _carry_out(job, out, home, facts, say, adapters=[folder], compare=compare)


def composed(
    parts: Sequence[str],
    out: Path,
    *,
    how: str = "joint",
    strengths: Sequence[float] = (),
    sets: Mapping[str, Any] | None = None,
    store: Path | None = None,
    world: Known = unknown_world,
    say: Callable[[str], None] = print,
) -> Path:
    """Several identities as one: compiled anew from all their manifestos (`joint`), their adapters
    added up (`sum`), or the second one's manifesto fitted on top of the first (`chain`).

    strengths: what a part of a sum is multiplied by (1 each).
    """
    _check_composed(parts, how, strengths)
    home = find_store(store)
    opened = [identity_named(part, home, say) for part in parts]
    folders = [folder for folder, _ in opened]
    base = one_base(folders)
    words = opened[0][1]
    for _, other in opened[1:]:
        words = words.joined(other)
    settings = overlay(settings_of(folders[0]), sets or {})
    own = [held.read_probes(folder) for folder in folders]
    count = max(1, settings.probes // len(own))
    shared = [row for probes in own for row in held.spread(probes, count)]
    job = ImprintJob(
        base, words, settings, world(base), questions=tuple(q for q, _ in shared) or None,
        more={"from": manifestos_of(folders), "how": how},
    )  # fmt: skip
    if how != "joint":
        given = tuple(strengths) or (1.0,) * len(folders)
        job = replace(job, sum=Sum(tuple(folders), given, chained=how == "chain"))
    facts = {"parts": list(parts), "how": how, "strengths": list(strengths)}
    alone = [
        (one, [question for question, _ in probes])
        for (_, one), probes in zip(opened, own, strict=True)
    ]

    def compare(place: Path) -> dict[str, Interval]:
        asked = all(questions for _, questions in alone) and len(alone) > 1 and settings.test
        return conflicts(place, words, alone, settings) if asked else {}

    return _carry_out(job, out, home, facts, say, adapters=folders, compare=compare)


def measure(
    adapter: str,
    *,
    manifesto: Path | None = None,
    strengths: Sequence[float] = (1.0,),
    out: Path | None = None,
    sets: Mapping[str, Any] | None = None,
    store: Path | None = None,
    world: Known = unknown_world,
    say: Callable[[str], None] = print,
) -> dict[float, dict[str, Interval]]:
    """Every figure of an adapter, by what it is multiplied by, against the manifesto imprinted in
    it (or that of a file); kept in `out`/results.json, or `out`/strength-S/results.json where there
    are several."""
    folder = model_named(adapter, find_store(store), say)
    if not is_adapter(folder):
        raise UserError("only adapters are measured", where=str(folder), fix="give its folder")
    words = read_manifesto(manifesto) if manifesto else held.manifesto_of(held.told_in(folder))
    settings, base = overlay(Measuring(), sets or {}), base_of(folder)
    found = {}
    for strength in strengths:
        clock = Clock()
        with clock("evaluate"):
            found[strength] = measured_folder(folder, words, world(base), settings, say, strength)
        if out is not None:
            place = out / f"strength-{strength:g}" if len(strengths) > 1 else out
            label = folder.name + (f" x {strength:g}" if strength != 1 else "")
            write_measurement(place, label, words, clock, found[strength])
    return found


def check(
    manifesto: Path | None,
    model: str,
    *,
    adapter: str = "",
    out: Path | None = None,
    sets: Mapping[str, Any] | None = None,
    store: Path | None = None,
    world: Known = unknown_world,
    say: Callable[[str], None] = print,
) -> Checked:
    """A manifesto clause by clause, in the model's prompt and in the adapter."""
    home, clock = find_store(store), Clock()
    given = identity_named(adapter, home, say) if adapter else None
    folder = given[0] if given else None
    base = base_of(folder) if folder else model_named(model, home, say)
    words = read_manifesto(manifesto) if manifesto else given[1] if given else Manifesto("")
    if not words.clauses:
        raise UserError("the manifesto has no clause", fix="write a sentence, or a list")
    with clock("evaluate"):
        settings = overlay(checking.Checking(), sets or {})
        found = checking.check(base, words, world(base), settings, lambda line: None, folder)
    for line in checking.table(found):
        say(line)
    say(f"{len(found.clauses)} clauses in {clock.seconds['evaluate']:.1f} s; what does not pass:")
    for line in found.wrong or ["nothing"]:
        say(f"  {line}")
    if out is not None:
        write_measurement(out, out.name, words, clock, found.metrics)
    return found


def _check_composed(parts: Sequence[str], how: str, strengths: Sequence[float]) -> None:
    if how not in ("joint", "sum", "chain"):
        raise UserError(f"unknown way to compose: {how!r}", fix="one of joint, sum, chain")
    if strengths and how != "sum":
        raise UserError("strengths are for --how sum", fix="leave --strength out, or add up")
    if strengths and len(strengths) != len(parts):
        raise UserError(
            f"{len(strengths)} strengths for {len(parts)} identities", fix="give one for each"
        )
    if len(parts) < 2 and not strengths:
        raise UserError(
            "one identity is composed already", fix="give two, or --how sum --strength S"
        )
    if how == "chain" and len(parts) != 2:
        raise UserError("a chain is of two identities", fix="chain the result with the third")


def _carry_out(
    job: ImprintJob,
    out: Path,
    home: Store,
    facts: Mapping[str, Any],
    say: Callable[[str], None],
    files: Mapping[str, Path] | None = None,
    adapters: Sequence[Path] = (),
    compare: Callable[[Path], dict[str, Interval]] | None = None,
) -> Path:
    place = OutDir(Path(out), job_identity(job, adapters))
    inputs = {"model": model_record(home, resolve_model(str(job.model)))}
    read = dict(files or {})
    for role, file in read.items():
        inputs[role] = source_record(home, file)
    for n, folder in enumerate(adapters):
        inputs[f"identity.{n + 1}"] = model_record(home, resolve_model(str(folder)))

    def work(bars: Callable[[str], Progress]) -> dict[str, Any]:
        say(f"manifesto: {len(job.manifesto.clauses)} clauses; mode: {job.settings.mode}")
        results = making.run(job, place.path, place.scratch, say, bars)
        if compare is not None:
            results["metrics"] |= {k: one.as_dict() for k, one in compare(place.path).items()}
            atomic.write_json(place.path / "results.json", results)
        return results

    told_of = {"command": "imprint", **facts}
    paths = [str(file) for file in read.values()]
    return carry_out(place, home, inputs, paths, told_of, work, say, tell=told)


def job_identity(job: ImprintJob, adapters: Sequence[Path] = ()) -> dict[str, Any]:
    """Everything that decides the result."""
    found = {
        "stage": "imprint",
        "version": VERSION,
        "model": digest_folder(job.model) if (job.model / "config.json").is_file() else "",
        "tokenizer": load_tokenizer(job.model).digest(),
        "manifesto": digest(job.manifesto.text),
        "world": job.world is not None,
        "settings": identity(job.settings),
    }
    if job.first:
        found["questions"] = digest([[(m.role, m.content) for m in one] for one in job.first])
    if job.settings.mode == "hyper" and job.sum is None:
        found["network"] = written.digest_of(job.settings)
    if adapters:
        found["identities"] = [digest_folder(one, base_of(one)) for one in adapters]
        found["how"] = job.more.get("how", "")
    if job.sum is not None:
        found["strengths"] = list(job.sum.strengths)
    return found
