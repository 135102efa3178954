"""`plumbline train pretrain`: next-token training on texts, from nothing or from a given model.

It is `sft` on every token of every text (`objectives.sft`), in the same loop, with the same resume:

    begin (a new model, or the given one) -> corpus (ids on disk) -> windows and packs
    -> the offline loop -> save -> surprise at held-out texts, by source, of the reloaded folder

Which packs stand in which step is a function of the seed; corpus and new model lie in the scratch
folder until the end, so a killed run goes on exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.settings import identity, overlay
from plumbline.data.load import OnBadRow
from plumbline.models.config import read_config
from plumbline.models.digest import digest_folder, stored_dtypes
from plumbline.models.load import DTYPES
from plumbline.models.locate import Located, adapter_base, is_adapter, resolve_model
from plumbline.objectives import entry
from plumbline.stages import beginning, corpus, surprise, windows
from plumbline.stages import train as training
from plumbline.stages.collected import data_path
from plumbline.stages.command import carry_out, data_records, data_role, model_record
from plumbline.stages.files import data_file
from plumbline.stages.offline import Progress
from plumbline.stages.outdir import OutDir
from plumbline.stages.prepare import Prepared
from plumbline.stages.settings import Pretrain, Pretraining
from plumbline.stages.steps import ticks
from plumbline.store import Context, find_store
from plumbline.text.render import Renderer
from plumbline.text.tokenizer import load_tokenizer

VERSION = 1
"""Version of what pretraining computes; it enters ids."""
Say = Callable[[str], None]
Bars = Callable[[str], Progress]


@dataclass(frozen=True)
class Plan:
    """What to pretrain on what. `model` is a local folder, or none for a new one."""

    files: tuple[corpus.File, ...]
    settings: Pretrain
    model: Path | None = None
    tokenizer: Path | None = None
    adapter: str = "full"
    merge: bool = False
    on_bad_row: OnBadRow = "stop"
    label: str = ""


def pretrain(
    data: Sequence[str],
    out: Path,
    *,
    model: str = "",
    adapter: str = "full",
    sets: Mapping[str, Any] | None = None,
    merge: bool = False,
    on_bad_row: OnBadRow = "stop",
    store: Path | None = None,
    say: Say = print,
) -> Path:
    """Pretrain into `out`; resumes an unfinished run, leaves a finished one alone."""
    settings = overlay(Pretrain(), sets or {})
    beginning.check(settings, model, adapter)
    home = find_store(store)
    taken = _given(model, home.path, say)
    paths = [data_path(one, home) for one in data]
    inputs = data_records(home, paths)
    plan = Plan(
        corpus.files_of(paths), settings, taken.path if taken else None,
        beginning.taken_over(settings), adapter, merge, on_bad_row,
    )  # fmt: skip
    roles = [data_role(n) for n in range(len(paths))]
    known = [inputs[r].id if r in inputs else p for r, p in zip(roles, paths, strict=True)]
    place = OutDir(Path(out), plan_identity(plan, known))
    if taken:
        inputs = {"model": model_record(home, taken), **inputs}
    facts = {"command": "train pretrain", "model": model, "data": list(data)}

    def work(bars: Bars) -> dict[str, Any]:
        return run(plan, place.path, place.scratch, say, bars)

    return carry_out(place, home, inputs, paths, facts, work, say)


def plan_identity(plan: Plan, data: Sequence[str]) -> dict[str, Any]:
    """Everything that decides the result."""
    base = adapter_base(plan.model).path if plan.model and is_adapter(plan.model) else None
    given = digest_folder(plan.model, base) if plan.model else ""
    source = plan.model or plan.tokenizer
    return {
        "stage": "train.pretrain",
        "version": VERSION,
        "model": given,
        "tokenizer": load_tokenizer(source).digest() if source else "",
        "data": list(data),
        "sources": [file.name for file in plan.files],
        "on_bad_row": plan.on_bad_row,
        "adapter": plan.adapter,
        "merge": plan.merge,
        "settings": identity(replace(plan.settings, tokenizer="")),
    }


def run(plan: Plan, out: Path, scratch: Path, say: Say, bars: Bars) -> dict[str, Any]:
    """Carry out `plan`, writing into `out`; the results."""
    s = plan.settings
    start = plan.model or beginning.new_model(
        scratch / "start", plan.files, s, plan.tokenizer, on_bad_row=plan.on_bad_row, say=say
    )
    if s.lr is None:
        s = replace(s, lr=default_lr(start, plan.adapter))

    def prepare(renderer: Renderer, context: int, progress: Bars) -> Prepared:
        windows.limit_of(s, context)  # said before everything is encoded
        made = scratch / "corpus"
        if not made.is_dir():
            corpus.write(
                made, plan.files, renderer, progress,
                on_bad_row=plan.on_bad_row, max_unusable=s.max_unusable,
            )  # fmt: skip
        return windows.prepare(corpus.open_corpus(made), renderer.tok, s, context)

    job = training.Job(
        "sft",
        start,
        (),
        adapter=plan.adapter,
        settings=s,
        merge=plan.merge,
        label=plan.label,
        name="pretrain",
        prepare=prepare,
        measure=surprise.measure,
        measure_before=s.measure_before and plan.model is not None,
    )
    return training.run(job, out, scratch, say, bars)


def default_lr(folder: Path, adapter: str) -> float:
    """Peak learning rate where none was asked for.

    0.003239 - 0.0001395 ln(N), N the parameters outside embeddings (Kaplan et al. 2020,
    arXiv:2001.08361, equation D.1), at least 1e-4, also for a given model, which so warms up again
    (Ibrahim et al. 2024, arXiv:2403.08763: that learns the new text best, and forgets most); that
    of `sft` for adapters and last blocks.
    """
    if adapter != "full":
        return entry("sft").lr[adapter.partition(":")[0]]
    config = read_config(folder).get_text_config()
    total = sum(size / DTYPES[kind].itemsize for kind, size in stored_dtypes(folder).items())
    inside = max(1.0, total - config.vocab_size * config.hidden_size)
    return float(f"{max(1e-4, 0.003239 - 0.0001395 * math.log(inside)):.2g}")


def stage(ctx: Context, settings: Pretraining, inputs: Mapping[str, Path]) -> None:
    """A stage of a recipe: `data` (and `model`, `tokenizer` if given) to a model."""
    atomic.sweep(ctx.scratch)
    s, model, tokenizer = settings.train, inputs.get("model"), inputs.get("tokenizer")
    if s.tokenizer not in ("auto", "keep", "train"):
        raise UserError(
            f"a recipe names no folder as a setting ({s.tokenizer})",
            where="train.tokenizer",
            fix="give the folder as the stage's input `tokenizer`",
        )
    if model and tokenizer:
        raise UserError("a given model keeps its tokenizer", fix="leave one of the inputs out")
    beginning.check(s, str(model or ""), settings.adapter)
    plan = Plan(
        corpus.files_of([str(data_file(inputs["data"]))]), s, model, tokenizer,
        settings.adapter, settings.merge, label=ctx.stage,
    )  # fmt: skip
    run(plan, ctx.out, ctx.scratch, ctx.say, lambda phase: ticks(ctx, phase))


def _given(model: str, lookup: Callable[[str], Path], say: Say) -> Located | None:
    """The model to go on from, or none."""
    if not model:
        return None
    taken = resolve_model(model, lookup)
    say(f"model: {taken.took}")
    return taken
