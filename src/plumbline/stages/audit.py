"""People check a judge: a sample of its labels is put before them, and the figures are made.

    against   an earlier audit, whose items this judge labelled again: drift, by people of then
    since     an earlier audit of this judge on other answers: shift, by people of now

Without judgements a project of the studio is opened, and the audit waits (exit code 3) until every
item has its quota. The sample and the bar are fixed when that begins: the same folder with another
epsilon is refused. What is measured is in `evals.audit`, what is written in `stages.audit_folder`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.ids import digest
from plumbline.core.settings import identity
from plumbline.core.types import Judgement
from plumbline.evals.audit.answered import Answered, answered, asked
from plumbline.evals.audit.drawing import Drawn, drawn
from plumbline.evals.audit.figures import Figures, figures
from plumbline.evals.audit.named import named
from plumbline.evals.audit.settings import Auditing
from plumbline.evals.audit.shifted import shift
from plumbline.evals.audit.stability import drift, met, retest
from plumbline.feedback.judging.constitution import Constitution, read_constitution
from plumbline.feedback.judging.label import Label, Made, read_labels
from plumbline.stages import audit_folder as folder
from plumbline.stages import collect as studio
from plumbline.stages.collected import data_path
from plumbline.stages.files import data_file, rows
from plumbline.stages.judging.labelling import CONSTITUTION
from plumbline.stages.outdir import OutDir
from plumbline.store import Context, Store, find_store

VERSION = 2
Say = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """A judge's labels (in the folder `at`), the sample of them, and what is compared: the folders
    of earlier audits (see the module), and labels of the same questions asked again."""

    at: Path
    made: Made
    labels: Sequence[Label]
    sample: Sequence[Drawn]
    against: Path | None = None
    again: Path | None = None
    since: Path | None = None

    @classmethod
    def read(
        cls,
        at: Path,
        s: Auditing,
        against: Path | None = None,
        again: Path | None = None,
        since: Path | None = None,
    ) -> Judged:
        """From a folder of labels. The sample is drawn, or of an earlier audit what is here."""
        made, labels = read_labels(at)
        for earlier in (one for one in (against, since) if one is not None):
            folder.same_words(earlier, made)
            folder.same_bar(earlier, s)
        if since is not None:
            folder.same_judge(since, made)
        if against is None:
            sample = drawn(labels, s.items, s.seed)
        else:
            sample = [Drawn(twin, 1.0) for _, twin in met(folder.gold(against), labels)]
        if not sample:
            where = f"{at}" if against is None else f"{at}, {against}"
            fix = "label pairs, or with --against the earlier audit's gold/answers.jsonl"
            raise UserError("no label here can be audited", where=where, fix=fix)
        return cls(at, made, labels, sample, against, again, since)


def audit(ctx: Context, settings: Auditing, inputs: Mapping[str, Path]) -> None:
    """The audit of a label stage's output by people's judgements, or by those of the studio."""
    against = inputs.get("against")
    job = Judged.read(inputs["labels"], settings, against, since=inputs.get("since"))
    if "people" in inputs:
        said = rows(data_file(inputs["people"]), ctx.say)
    elif against is not None:
        said = rows(against / folder.PEOPLE, ctx.say)
    else:
        project = settings.project or _project([identity(settings), folder.content(job.at)])
        said = ask(find_store(ctx.store), project, job, settings, ctx.out, ctx.say)
    for line in conclude(ctx.out, job, settings, said).losses():
        ctx.say(line)


def audited(
    labels: Path,
    out: Path,
    settings: Auditing,
    *,
    people: str = "",
    against: Path | None = None,
    again: Path | None = None,
    since: Path | None = None,
    store: Path | None = None,
    say: Say = print,
) -> Figures:
    """`plumbline audit`: `people` is a file, or ref:PROJECT; without it the studio is asked, or
    with `against` an earlier audit's people count."""
    home, job = find_store(store), Judged.read(labels, settings, against, again, since)
    place = OutDir(out, _identity(job, settings))
    new = place.claim() == "new"
    if new:
        place.begin(command="audit", labels=str(labels))
    with place.withdrawn_if_refused():
        if people:
            said = rows(data_path(people, home), say)
        elif against is not None:
            said = rows(against / folder.PEOPLE, say)
        else:
            project = settings.project or _project(place.identity)
            said = ask(home, project, job, settings, out, say)
        found = conclude(out, job, settings, said, late=new and bool(people))
    place.finish()
    return found


def ask(
    home: Store, project: str, job: Judged, s: Auditing, out: Path, say: Say
) -> list[Judgement]:
    """Put the sample before people; what they said, or `Waiting` while some is wanted."""
    by = constitution_of(job, s)
    labels = [one.label for one in job.sample]
    shown = [folder.as_asked(asked(one, by.named(one.principle)), one) for one in labels]
    folder.write_lines(out / folder.ASKED, shown)
    how = studio.Collect(
        project, "pair", none=False, quota=s.quota, seed=s.seed, guideline=guideline(by)
    )
    say(studio.asked(home, how, [out / folder.ASKED]))
    return studio.given(home, project)


def conclude(
    out: Path, job: Judged, s: Auditing, said: Sequence[Judgement], late: bool = False
) -> Figures:
    """Measure and write everything into `out`; `late`: the bar was set when people had judged.
    UserError where nobody judged these labels."""
    began = time.perf_counter()
    found = answered(job.labels, said)
    if not found.labels:
        left = "; ".join(f"{n} {why}" for why, n in found.left)
        raise UserError(
            f"no judgement is a person's comparison of a pair with a label ({left or 'none'})",
            where=str(job.at),
            fix="give comparisons of the labelled pairs that name who judged",
        )
    measured = figures(job.made, job.labels, found, s, late=late, **_more(job, found, s))
    if job.since is not None:
        measured = replace(measured, shift=shift(measured.metrics(), folder.metrics(job.since)))
    folder.keep(out, job.made, found, said)
    folder.write_all(out, measured, s, time.perf_counter() - began)
    return measured


def constitution_of(job: Judged, s: Auditing) -> Constitution:
    """By what the labels were made: the file in the settings, else the one beside the labels."""
    place = s.constitution or str(job.at / CONSTITUTION)
    found = read_constitution(place)
    if found.id != job.made.constitution:
        fix = "--set constitution=FILE, as it was when the labels were made"
        raise UserError("the labels were made by another constitution", where=place, fix=fix)
    return found


def guideline(by: Constitution) -> str:
    """What people are told in the studio: all principles, with what the judge was shown."""
    head = (
        "Above each conversation stands a principle. Say which of the two answers is better **by"
        " that principle**, and by nothing else; that they are equal, where neither is."
    )
    parts = [head]
    for one in by.principles:
        parts.append(f"### {one.id}\n\n{one.told}")
        parts += [
            f"For example: {shown.prompt}\n\n- better: {shown.better}\n- worse: {shown.worse}"
            + (f"\n- why: {shown.why}" if shown.why else "")
            for shown in one.examples
        ]
    return "\n\n".join(parts)


def _more(job: Judged, found: Answered, s: Auditing) -> dict[str, Any]:
    """What else is asked for: how many of these were drawn, a second time, an earlier audit."""
    there = {(one.pair, one.principle) for one in found.labels}
    drew = sum((one.label.pair, one.label.principle) in there for one in job.sample)
    more: dict[str, Any] = {"drawn": drew}
    if job.again is not None:
        made, labels = read_labels(job.again)
        if _swapped(made, job.made):
            more["named"] = named(job.labels, labels, s.kin or (job.made.judge,), s.by)
            if more["named"] is None:
                fix = "name the judge's family: --set kin=NAME"
                raise UserError("no pair has one answer by kin", where=str(job.at), fix=fix)
        elif made.id != job.made.id:
            fix = "give labels of the same judge, template and constitution; --against compares two"
            raise UserError("another judge was asked here", where=str(job.again), fix=fix)
        else:
            more["retest"] = retest(job.labels, labels, s.by, s.ties)
    if job.against is not None:
        before = answered(*_before(job.against))
        more["drift"] = drift(before, job.labels, s.by, s.ties)
    return more


def _swapped(other: Made, made: Made) -> bool:
    """Whether labels differ in that authors' names were told, and there exchanged."""
    told = made.mode.replace("authors told", "authors swapped")
    return told != made.mode and other == replace(made, mode=told)


def _before(audit: Path) -> tuple[list[Label], Sequence[Judgement]]:
    """The frozen items of an earlier audit, and what people said of them."""
    return folder.gold(audit), rows(audit / folder.PEOPLE, lambda line: None)


def _identity(job: Judged, s: Auditing) -> dict[str, Any]:
    """All that decides the sample and the bar."""
    found = {"stage": "audit", "version": VERSION, "labels": folder.content(job.at)}
    earlier = {"against": job.against, "since": job.since}
    gold = {name: folder.content(one / folder.GOLD) for name, one in earlier.items() if one}
    return found | gold | {"settings": identity(s)}


def _project(identity: Any) -> str:
    return f"audit-{digest(identity)[:8]}"
