"""The row rules, on a batch of rows at a time: the part of cleaning that several processes share.

A row is read as everywhere in `plumbline.data`, mended, held against the rules in order, masked.
What stays is written as it stood in the file, byte for byte, unless it was mended or masked; what
goes is written with the rule, why, and the evidence. Counts and the first examples come with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.types import Judgement

from .. import argilla, label_studio, trees
from ..canonical import to_row
from ..forms import FORMS, Form
from ..lines import dumped
from ..load import OnBadRow, Reading
from ..rows import Broken, json_line
from . import encodings, personal
from .boilerplate import boilerplate
from .language import language
from .pairs import pairs
from .quality import length, quality
from .refusals import refusals
from .repetition import repetition
from .report import Tally
from .rule import Finding, Said, said
from .settings import Cleaning
from .source import Placed

RULES: tuple[tuple[str, Callable[[Said, Any], Finding | None]], ...] = (
    ("pairs", pairs),
    ("language", language),
    ("length", length),
    ("quality", quality),
    ("repetition", repetition),
    ("boilerplate", boilerplate),
    ("refusals", refusals),
)
"""In this order, between the mending of encodings and the masking of personal data."""

DIVIDED = (trees.tree, trees.message, argilla.record, label_studio.task)
"""Forms whose rows hold several judgements: each is written in plumbline's own form, and counts."""
LINE = 1000
"""Bytes that are kept of a line that is no row."""
UNREAD = ("provenance", "judgement")
"""Fields of plumbline's own form that hold nobody's words."""


@dataclass
class Done:
    """A batch after the rules: bytes to append to each file, and what was counted.

    `kept` holds one "where TAB row LF" a row, `sizes` their lengths; `error` is (what, where, fix)
    of the row that stopped the job.
    """

    rows: int = 0
    at: int = 0
    kept: list[bytes] = field(default_factory=list)
    removed: list[bytes] = field(default_factory=list)
    changed: list[bytes] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    error: tuple[str, str, str] | None = None

    @property
    def sizes(self) -> list[int]:
        return [len(line) for line in self.kept]


class Rules:
    """The row rules for one file: its form is known, its rows come in batches."""

    def __init__(self, settings: Cleaning, form: Form, source: str, on_bad_row: OnBadRow) -> None:
        self.settings, self.source, self.on_bad_row = settings, source, on_bad_row
        self.form = form
        self.rules = [(n, rule, getattr(settings, n)) for n, rule in RULES if _on(settings, n)]

    def __call__(self, batch: Sequence[Placed]) -> Done:
        """All rows of a batch; a row that stops the job ends it."""
        done = Done()
        try:
            for where, raw, done.at in batch:
                done.rows += 1
                self._row(where, raw, done)
        except UserError as error:
            done.error = (error.what, error.where, error.fix)
        return done

    def _row(self, where: str, raw: Any, done: Done) -> None:
        row = parsed(raw)
        reading = self._read(where, row)
        judgements = reading.judgements
        if lost := [("unreadable", *bad) for bad in reading.bad] or [
            ("unusable", *dropped) for dropped in reading.dropped
        ]:
            kept = raw[:LINE] if isinstance(row, Broken) and isinstance(raw, bytes) else row
            self._remove(where, lost[0][0], Finding(lost[0][2]), kept, done)
        elif self.form.make in DIVIDED:
            done.rows += max(0, len(judgements) - 1)
            for n, one in enumerate(judgements, 1):
                self._judge(f"{where} ({n})", to_row(one), one, None, done)
            if not judgements:
                why = reading.left[0][1] if reading.left else "no answers with ranks"
                self._remove(where, "unusable", Finding(why), row, done)
        else:
            whole = raw.strip() if isinstance(raw, bytes) else None
            self._judge(where, row, judgements[0], whole, done)

    def _read(self, where: str, row: Any) -> Reading:
        """What the row says; UserError where it stops the job."""
        reading = Reading(self.source, self.on_bad_row, self.form)
        reading.take(where, row)
        return reading

    def _judge(
        self, where: str, row: dict[str, Any], judgement: Judgement, raw: bytes | None, done: Done
    ) -> None:
        words, before = said(judgement), row
        changes: list[tuple[str, Finding]] = []
        if self.settings.encodings.use and any(map(encodings.trouble, words.every)):
            if finding := self._broken(words):
                return self._remove(where, "encodings", finding, before, done)
            row, words = self._mended(where, row, words, changes)
        for name, rule, settings in self.rules:
            if finding := rule(words, settings):
                return self._remove(where, name, finding, before, done)
        if self.settings.personal.use:
            finding, row = self._masked(row, words, changes)
            if finding:
                return self._remove(where, "personal", finding, before, done)
        line = raw if raw is not None and row is before else dumped(row)
        done.kept.append(b"%s\t%s\n" % (where.replace("\t", " ").encode(), line))
        for name, change in changes:
            done.changed.append(dumped(told(where, name, change)) + b"\n")
            done.tally.add("changed", name, change, where)
        return None

    def _broken(self, words: Said) -> Finding | None:
        found = (encodings.beyond(text, self.settings.encodings) for text in words.every)
        return next(filter(None, found), None)

    def _mended(
        self, where: str, row: dict[str, Any], words: Said, changes: list[tuple[str, Finding]]
    ) -> tuple[dict[str, Any], Said]:
        counts: Counter[str] = Counter()
        for text in words.every:
            counts += encodings.mend(text)[1]
        if not counts:
            return row, words
        row = rewritten(row, self._form_of(row), lambda text: encodings.mend(text)[0])
        changes += [("encodings", Finding(name, f"{n} mended")) for name, n in counts.items()]
        judgements = self._read(where, row).judgements
        return row, said(judgements[0]) if judgements else words

    def _masked(
        self, row: dict[str, Any], words: Said, changes: list[tuple[str, Finding]]
    ) -> tuple[Finding | None, dict[str, Any]]:
        settings = self.settings.personal
        found = [(text, span) for text in words.every for span in personal.find(text, settings)]
        if not found:
            return None, row
        shown: dict[str, list[str]] = {}
        for text, span in found:
            shown.setdefault(span.kind, []).append(personal.hidden(text, span))
        if settings.action == "remove":
            evidence = "; ".join(some[0] for some in shown.values())
            return Finding(", ".join(sorted(shown)), evidence), row
        changes += [("personal", Finding(kind, "; ".join(shown[kind][:3]))) for kind in shown]

        def mask(text: str) -> str:
            return personal.mask(text, personal.find(text, settings))

        return None, rewritten(row, self._form_of(row), mask)

    def _form_of(self, row: dict[str, Any]) -> Form:
        """The file's form; a tree's judgements have plumbline's own."""
        return FORMS[0] if FORMS[0].fits(row) else self.form

    def _remove(self, where: str, rule: str, finding: Finding, row: Any, done: Done) -> None:
        done.removed.append(removal(where, rule, finding, row))
        done.tally.add("removed", rule, finding, where)


def removal(where: str, rule: str, finding: Finding, row: Any) -> bytes:
    """One line of the file of what went."""
    what = {} if isinstance(row, Broken) else {"row": row}
    if isinstance(row, bytes):
        what = {"line": row.decode("utf-8", "replace").rstrip("\n")}
    return dumped(told(where, rule, finding) | what) + b"\n"


def told(where: str, rule: str, finding: Finding) -> dict[str, Any]:
    """A finding as JSON values."""
    return {"rule": rule, "why": finding.why, "evidence": finding.evidence, "where": where}


def parsed(raw: Any) -> Any:
    """A row as a JSON value, or as what is wrong with it."""
    if not isinstance(raw, bytes):
        return raw
    try:
        return json_line(raw)
    except RecursionError:
        return Broken("nested too deeply to be read", "give rows of plain fields")


def rewritten(row: dict[str, Any], form: Form, change: Callable[[str], str]) -> dict[str, Any]:
    """A row with `change` applied to all text that its form reads."""
    names = {*form.needs, *form.uses} - {*UNREAD}
    return {name: _each(value, change) if name in names else value for name, value in row.items()}


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _each(item, change) for name, item in value.items()}
    return value


def batches(rows: Iterator[Placed], most: int = 512, size: int = 1 << 20) -> Iterator[list[Placed]]:
    """Rows in lists of at most so many, or so many bytes."""
    batch: list[Placed] = []
    held = 0
    for one in rows:
        batch.append(one)
        held += len(one.row) if isinstance(one.row, bytes) else 1024
        if len(batch) >= most or held >= size:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _on(settings: Cleaning, name: str) -> bool:
    return bool(getattr(settings, name).use)
