"""`plumbline label`: a judge compares pairs of answers under a constitution.

    pairs -> both orders, a principle or several each -> labels.jsonl -> data.jsonl, card.json
    a file of answers each of several authors -> pairs across them ... -> who wins (`judging.wins`)

Labels of several judges lie in a folder each (judge-1, judge-2 ...) and are pooled. The same
command goes on where it was; with other settings of the pooling it asks no judge again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.ids import digest, digest_file
from plumbline.core.settings import identity, overlay
from plumbline.data.load import OnBadRow
from plumbline.engine.progress import Bar, bar
from plumbline.feedback.judging.constitution import Constitution, read_constitution
from plumbline.feedback.judging.judge import Judge
from plumbline.feedback.judging.template import Template, read_template
from plumbline.stages.files import DATA
from plumbline.stages.judging import gate
from plumbline.stages.judging.authors import Source, drawn_from, source_of
from plumbline.stages.judging.fitting import fitted
from plumbline.stages.judging.labelling import Asked, Labeller, asked_of, fill
from plumbline.stages.judging.local import LocalJudge
from plumbline.stages.judging.opening import judge_of
from plumbline.stages.judging.pairs import data_in
from plumbline.stages.judging.pool import pool, shown
from plumbline.stages.judging.settings import Label, Labelling
from plumbline.stages.revise import named
from plumbline.store import Context, find_store

Say = Callable[[str], None]


def label(
    data: str | Sequence[str],
    judges: Sequence[str],
    constitution: str,
    out: Path,
    *,
    template: str = "plain",
    sets: Mapping[str, Any] | None = None,
    audits: Sequence[Path] = (),
    allow_unaudited: bool = False,
    key: str = "",
    on_bad_row: OnBadRow = "stop",
    store: Path | None = None,
    say: Say = print,
) -> Path:
    """Label the pairs of `data` into `out`, or those across the answers of several files, one an
    author (`judging.authors`); goes on with labels that are there."""
    settings = overlay(Label(), sets or {})
    rules, words = read_constitution(constitution), read_template(template)
    given = [data] if isinstance(data, str) else list(data)
    source = source_of(given, find_store(store))
    asked, notes = _asked(source, rules, words, settings, on_bad_row, say)
    labellers = [
        Labeller(_judge(spec, settings, store, key), rules, words, settings) for spec in judges
    ]
    folders = _folders(out, len(judges))
    known = gate.standing([one.made for one in labellers], audits, allow_unaudited)
    for folder, one in zip(folders, labellers, strict=True):
        _filled(folder, one, asked, say)
    facts = {
        "data": " ".join(given),
        "digest": _digest(source),
        "template": template,
        "constitution": rules.name,
        "settings": identity(settings),
        "notes": notes,
    }
    how = settings.pooling
    if settings.calibrate:
        how = fitted(folders, audits, how, say)
    written = pool(folders, out, how, known, allow_unaudited, say, audits, facts)
    say(_ending(out, folders, known, written))
    return out


def stage(ctx: Context, settings: Labelling, inputs: Mapping[str, Path]) -> None:
    """The labels of a recipe. Nothing is pooled here, so that it can be done in several ways."""
    rules = read_constitution(named(inputs, "constitution", settings.constitution))
    words = read_template(named(inputs, "template", settings.template))
    spec = str(inputs["judge"]) if "judge" in inputs else settings.judge
    judge = _judge(spec, settings, ctx.store, "", name=settings.name)
    one = Labeller(judge, rules, words, settings)
    asked, _ = _asked(data_in(inputs["data"]), rules, words, settings, "stop", ctx.say)

    def tick(done: int, total: int, numbers: dict[str, float]) -> None:
        ctx.progress(done, total, unit="labels", **numbers)

    labels = fill(ctx.out, one, asked, tick)
    ctx.say(_said_of(one, labels))


def _judge(spec: str, s: Labelling, store: Path | None, key: str, name: str = "") -> Judge:
    return judge_of(
        spec, store=store, key=key or s.key, precision=s.precision, temperature=s.temperature,
        draws=s.draws, limits=s.limits, template=s.model_template, options=s.template_options,
        name=name, anew=s.anew,
    )  # fmt: skip


def _asked(
    source: Source,
    rules: Constitution,
    words: Template,
    s: Labelling,
    on_bad_row: OnBadRow,
    say: Say,
) -> tuple[list[Asked], list[str]]:
    """What is to be asked, and what was left out, which is said. UserError for a template without
    it."""
    drawn = drawn_from(source, most=s.pairs, seed=s.seed, part=s.part, on_bad_row=on_bad_row)
    asked, bare = asked_of(drawn.pairs, rules, s)
    words.pair(asked[0].principle, asked[0].pair.prompt, asked[0].pair.answers, s.tokens)
    notes = list(drawn.notes)
    notes += [f"left out {bare} pairs: no principle applies to their prompts"] if bare else []
    for line in notes:
        say(line)
    return asked, notes


def _digest(source: Source) -> str:
    """Of the file, or of all authors' files with their names."""
    if isinstance(source, Path):
        return digest_file(source) if source.is_file() else ""
    return digest([[name, digest_file(file)] for name, file in source.items() if file.is_file()])


def _folders(out: Path, judges: int) -> list[Path]:
    """The folder of each judge's labels: `out` itself where there is one."""
    if judges == 1:
        return [out]
    folders = [out / f"judge-{number}" for number in range(1, judges + 1)]
    if out.exists() and any(out.iterdir()) and not folders[0].exists():
        fix = "name another --out, or empty the folder"
        what = "the folder is not empty and holds no labels of several judges"
        raise UserError(what, where=str(out), fix=fix)
    return folders


def _filled(folder: Path, one: Labeller, asked: Sequence[Asked], say: Say) -> None:
    """The judge's labels, behind a progress bar."""
    with ExitStack() as stack:
        live: list[Bar] = []

        def tick(done: int, total: int, numbers: dict[str, float]) -> None:
            if not live:
                live.append(stack.enter_context(bar("labels", total, done)))
            note = "  ".join(f"{name} {value:.3f}" for name, value in numbers.items())
            live[0].advance(done - live[0].done, note)

        labels = fill(folder, one, asked, tick)
    say(_said_of(one, labels))


def _said_of(one: Labeller, labels: Sequence[object]) -> str:
    """What the judge cost, and what it could not read."""
    long = one.judge.long if isinstance(one.judge, LocalJudge) else 0
    rest = f"; {long} questions were longer than it reads" if long else ""
    return f"{one.judge.name}: {len(labels)} labels, {one.judge.cost}{rest}"


def _ending(
    out: Path, folders: Sequence[Path], known: Sequence[Mapping[str, Any]], written: bool
) -> str:
    """Where the data are, or how to get them."""
    if written:
        return f"{out / DATA}: {shown(out)}"
    left = [str(f) for f, one in zip(folders, known, strict=True) if one["audit"] != "passed"]
    audit = " and ".join(f"plumbline audit {folder} --out AUDIT_DIR" for folder in left)
    return (
        f"labels are in {', '.join(map(str, folders))}; no data were made of them, since no audit"
        f" of the judge passed. Let people check it ({audit}) and give the same command with"
        " --audit AUDIT_DIR, or with --allow-unaudited, which the data's card will say."
    )
