"""The folder of an audit: what is written into it, and read again by a later one.

asked.jsonl            the sample as people see it, where they were asked: pairs with principles
people.jsonl           what they said
gold/                  the labels that they answered, frozen: labels.jsonl, judged.json, and the
                       bare pairs as answers.jsonl, for another judge to label
audit.json             whether the judge passes, why not, and every figure
results.json, audit.md, report.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.ids import digest, digest_file
from plumbline.core.settings import identity
from plumbline.core.stats import Interval
from plumbline.core.types import Conversation, Judgement
from plumbline.data import write
from plumbline.evals.audit.answered import Answered
from plumbline.evals.audit.figures import Figures
from plumbline.evals.audit.page import markdown, sections, verdict
from plumbline.evals.audit.passing import group_reasons, reasons, remarks
from plumbline.evals.audit.settings import Auditing, bar
from plumbline.evals.folders import interval_of
from plumbline.evals.report import build_report
from plumbline.feedback.judging.label import LABELS, MADE_BY, Label, Made, as_line, read_labels
from plumbline.stages.files import SAMPLES

ASKED, PEOPLE, GOLD, AUDIT = "asked.jsonl", "people.jsonl", "gold", "audit.json"


def as_asked(prompt: Conversation, label: Label) -> dict[str, Any]:
    """A pair as `collect` reads it."""
    answers = [[asdict(turn) for turn in one] for one in label.answers]
    return {
        "prompt": [asdict(turn) for turn in prompt],
        "responses": answers,
        "models": list(label.models),
    }


def write_lines(path: Path, found: Sequence[dict[str, Any]]) -> None:
    """JSON lines."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    atomic.write_text(path, "".join(lines))


def content(folder: Path) -> str:
    """A digest of labels and of what made them."""
    return digest([digest_file(folder / name) for name in (LABELS, MADE_BY)])


def gold(folder: Path) -> list[Label]:
    """The frozen items of an earlier audit."""
    return read_labels(folder / GOLD)[1]


def metrics(folder: Path) -> dict[str, Interval]:
    """The figures of an earlier audit by name."""
    told = _read(folder)["figures"]
    return {name: interval_of(one, str(folder / AUDIT)) for name, one in told.items()}


def same_words(folder: Path, made: Made) -> None:
    """UserError where people judged by another constitution in an earlier audit."""
    if read_labels(folder / GOLD)[0].constitution != made.constitution:
        raise UserError(
            "people judged by another constitution there",
            where=str(folder),
            fix="audit these labels by themselves, without --against or --since",
        )


def same_judge(folder: Path, made: Made) -> None:
    """UserError where an earlier audit is of another judge, template or mode."""
    if read_labels(folder / GOLD)[0].id != made.id:
        raise UserError(
            "another judge, template or mode was audited there",
            where=str(folder),
            fix="let this one label the pairs of that audit, and give --against for those labels",
        )


def same_bar(audit: Path, s: Auditing) -> None:
    """UserError where an earlier audit asked for more or less than `s`."""
    before = _read(audit)["settings"]
    for name, value in bar(s).items():
        if before.get(name) != value:
            raise UserError(
                f"{name} was {before.get(name)} when people judged, and is {value} now",
                where=str(audit),
                fix=f"--set {name}={before.get(name)}, or draw a new sample without --against",
            )


def _read(audit: Path) -> dict[str, Any]:
    """audit.json. UserError where it is not there."""
    try:
        told = json.loads((audit / AUDIT).read_text("utf-8"))
        return {"settings": dict(told["settings"]), "figures": dict(told["figures"])}
    except (OSError, ValueError, KeyError, TypeError):
        fix = "give a folder that plumbline audit has finished"
        raise UserError("no audit here", where=str(audit), fix=fix) from None


def keep(out: Path, made: Made, found: Answered, said: Sequence[Judgement]) -> None:
    """What people said, and the labels that they answered."""
    write(out / PEOPLE, said)
    atomic.write_json(out / GOLD / MADE_BY, asdict(made))
    atomic.write_text(out / GOLD / LABELS, "".join(map(as_line, found.labels)))
    pairs = {one.pair: as_asked(one.prompt, one) for one in found.labels}
    write_lines(out / GOLD / SAMPLES, list(pairs.values()))


def write_all(out: Path, f: Figures, s: Auditing, seconds: float) -> None:
    """The figures, for programs and for people."""
    why, notes = reasons(f, s), remarks(f, s)
    measured = {name: one.as_dict() for name, one in f.metrics().items()}
    atomic.write_json(out / AUDIT, _told(f, s, why, notes) | {"figures": measured})
    results = {
        "command": "audit",
        "label": f.made.judge,
        "seconds": {"evaluate": round(seconds, 4)},
        "peak_gb": None,
        "metrics": measured,
        "settings": identity(s),
        "notes": [*why, *notes],
    }
    atomic.write_json(out / "results.json", results)
    short, parts = verdict(f, why, notes), sections(f)
    atomic.write_text(out / "audit.md", markdown([short, *parts]))
    title = f"Audit of {f.made.judge}"
    build_report([out], out / "report.html", title, parts, short=short)


def _told(f: Figures, s: Auditing, why: list[str], notes: list[str]) -> dict[str, Any]:
    """audit.json without its figures."""
    groups = {name: group_reasons(name, part, s) for name, part in f.groups.items()}
    return {
        "made": f.made.id,
        "passed": not why,
        "why": why,
        "notes": notes,
        "by": asdict(f.made),
        "settings": identity(s) | bar(s),
        "labels": f.labels,
        "items": f.whole.beside.items,
        "drawn": f.drawn,
        "people": len(f.whole.people),
        "tested": [
            {"person": f.whole.people[one.column], **asdict(one), "won": one.won}
            for one in f.whole.test.people
        ],
        "groups": {
            name: {
                "people": len(f.groups[name].people),
                "items": f.groups[name].beside.items,
                "passed": not lines if len(f.groups[name].people) >= s.least_people else None,
                "why": lines,
            }
            for name, lines in groups.items()
        },
    }
