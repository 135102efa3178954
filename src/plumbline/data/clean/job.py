"""One corpus through all rules: what stays, what went, and why.

    rows           read, mended, held against the row rules, masked    (`batch`, by processes)
    conflicts      comparisons made more than once                     (sorted on the disk)
    contamination  pieces of evaluations                               (their index is in memory)
    duplicates     copies, exact and near                              (on the disk)
    write          data.jsonl, removed.jsonl

The rules after the first look at whole rows, as their words in order; what one of them removes the
next does not see. Held in memory are batches of rows, the counts, and what those rules bound by
themselves; the rest is in files, about twice the corpus and 0.8 kB a row while the job runs.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.machine import free_cores
from plumbline.core.types import Judgement, Provenance

from ..forms import FORMS
from ..load import OnBadRow
from . import condition, conflicts, contamination, duplicates
from .alike import alike
from .batch import Done, Rules, batches, dumped, told
from .claims import claim
from .report import Result, Tally
from .rule import Finding, said
from .settings import Cleaning
from .source import placed
from .survivors import Survivor, Survivors
from .usable import Tick, beginning
from .workers import spread

LARGE = 8 << 20
"""Bytes from which on a second process pays for its start."""


class Job:
    """One corpus on its way into `out`, an empty folder."""

    def __init__(
        self,
        source: str,
        out: Path,
        settings: Cleaning,
        against: Sequence[Path] = (),
        on_bad_row: OnBadRow = "stop",
        tick: Tick = lambda phase, done, total: None,
    ) -> None:
        self.source, self.out, self.settings = source, out, settings
        self.against, self.on_bad_row, self.tick = against, on_bad_row, tick
        self.tally, self.read, self.kept = Tally(), 0, 0
        self.seconds: dict[str, float] = {}
        self.scratch = out / ".scratch"
        self.spared = 0  # near copies as a whole that are no copies (see `alike`)

    def run(self) -> Result:
        """Everything; the files stand in `out` when it returns."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        with ExitStack() as stack:
            self.files = {
                name: stack.enter_context(open(self.out / f"{name}.jsonl", "wb"))
                for name in ("data", "removed", "changed", "flagged")
            }
            rows = Survivors(self.scratch)
            stack.callback(rows.close)
            for name, phase in (
                ("rows", self._rows),
                ("conflicts", self._conflicts),
                ("contamination", self._contamination),
                ("duplicates", self._duplicates),
                ("write", self._write),
            ):
                began = time.monotonic()
                phase(rows)
                self.seconds[name] = round(time.monotonic() - began, 3)
        shutil.rmtree(self.scratch)
        return Result(self.source, self.read, self.kept, self.tally, tuple(self._notes()))

    def _rows(self, rows: Survivors) -> None:
        total = os.path.getsize(self.source) if os.path.isfile(self.source) else 0
        found = placed(self.source, self.settings.longest_line << 20)
        first, self.form = beginning(found, self.on_bad_row, self.source)
        self.heading = condition.heading(self.settings.condition, self.form)
        rules = Rules(self.settings, self.form, self.source, self.on_bad_row)
        workers = self.settings.workers or (min(2, free_cores()) if total > LARGE else 1)
        for done in spread(rules, batches(chain(first, found)), workers):
            self._take(done, rows)
            self.tick("rows (kB)", done.at >> 10, max(total, done.at) >> 10)
        rows.seal()

    def _take(self, done: Done, rows: Survivors) -> None:
        if done.error:
            what, where, fix = done.error
            raise UserError(what, where=where, fix=fix)
        rows.append(done.kept)
        self.files["removed"].writelines(done.removed)
        self.files["changed"].writelines(done.changed)
        self.tally.merge(done.tally)
        self.read += done.rows

    def _conflicts(self, rows: Survivors) -> None:
        settings = self.settings.conflicts
        if not settings.use or self.form.name == "text":
            return

        def votes(one: Survivor) -> Iterator[conflicts.Vote]:
            return conflicts.votes(one.number, self._said(one), one.row, settings)

        every = (vote for one in self._counted(rows, "conflicts") for vote in votes(one))

        def again(row: int) -> Iterator[conflicts.Vote]:
            return votes(rows.at(row))

        soft = "p" in self.form.uses
        for found in conflicts.find(every, again, self.scratch, settings):
            if isinstance(found, conflicts.Contradiction):
                self._contradiction(found, rows)
            elif soft:
                self._pool(found, rows)

    def _contradiction(self, found: conflicts.Contradiction, rows: Survivors) -> None:
        places = [rows.at(number).where for number in found.rows]
        finding = Finding("one person, both ways", f"{found.person}: {', '.join(places[:6])}")
        for number, where in zip(found.rows, places, strict=True):
            if self.settings.conflicts.same == "remove":
                rows.remove(number, "conflicts", finding, self.tally)
            else:
                self.files["flagged"].write(dumped(told(where, "conflicts", finding)) + b"\n")
                self.tally.add("flagged", "conflicts", finding, where)

    def _pool(self, found: conflicts.Pooled, rows: Survivors) -> None:
        kept = rows.at(found.kept)
        group = f" of group {found.group}" if found.group else ""
        if found.n == 1:
            why, how = "one person, the same again", f"repeats {kept.where}"
        else:
            whom = "people" if found.people else "rows without a name"
            why = f"pooled into a soft preference of several {whom}"
            how = f"p = {found.p:.3g} of {found.n} {whom}{group}, kept at {kept.where}"
            rows.rewrite(found.kept, conflicts.soft(kept.row, found, self.settings.conflicts))
        for number in found.gone:
            rows.remove(number, "conflicts", Finding(why, how), self.tally)

    def _contamination(self, rows: Survivors) -> None:
        settings = self.settings.contamination
        if not settings.use or not self.against:
            return
        for hit in contamination.find(
            self._texts(rows, "contamination"), self.against, self.scratch, settings
        ):
            what = f"{hit.overlap:.0%} of {hit.where}"
            finding = Finding(f"holds items of {Path(hit.reference).name}", what)
            rows.remove(hit.index, "contamination", finding, self.tally)

    def _duplicates(self, rows: Survivors) -> None:
        settings = self.settings.duplicates
        if not settings.use or not rows.count:
            return
        texts = self._judged(rows) if self.form.name != "text" else self._texts(rows, "duplicates")
        for found in duplicates.find(texts, self.scratch, settings):
            if found.kind == "near" and not self._copies(rows.at(found.index), rows.at(found.kept)):
                self.spared += 1
                continue
            like = "" if found.kind == "exact" else f"similarity {found.similarity:.2f} to "
            what = f"{like}{rows.at(found.kept).where}"
            rows.remove(found.index, "duplicates", Finding(f"{found.kind} copy", what), self.tally)

    def _judged(self, rows: Survivors) -> Iterator[tuple[int, str]]:
        """Texts with one word more for what is said of them, so that only copies are equal."""
        for one in self._counted(rows, "duplicates"):
            words = said(self._said(one)).whole, self._claim(one)
            yield one.number, " ".join(filter(None, words))

    def _claim(self, one: Survivor) -> str:
        return claim(self._said(one), one.row, self.settings.conflicts)

    def _copies(self, one: Survivor, other: Survivor) -> bool:
        """Whether rows that are near as a whole are near in each part, with the same verdict."""
        if self.form.name == "text":
            return True
        first, second = (said(self._said(row)) for row in (one, other))
        near = alike(first, second, self.settings.duplicates)
        return near and self._claim(one) == self._claim(other)

    def _write(self, rows: Survivors) -> None:
        for one in rows.all():
            if place := int(rows.gone[one.number]):
                finding = rows.decided(place) | {"row": one.row}
                self.files["removed"].write(dumped(finding) + b"\n")
                continue
            raw = one.raw
            if place := int(rows.new[one.number]):
                raw = dumped(rows.decided(place))
            self.files["data"].write((self.heading(raw) if self.heading else raw) + b"\n")
            self.kept += 1

    def _texts(self, rows: Survivors, phase: str) -> Iterator[tuple[int, str]]:
        return ((one.number, said(self._said(one)).whole) for one in self._counted(rows, phase))

    def _counted(self, rows: Survivors, phase: str) -> Iterator[Survivor]:
        """The rows that are not gone, with a tick now and then."""
        for one in rows:
            if one.number % 1024 == 0:
                self.tick(phase, one.number, rows.count)
            yield one

    def _said(self, one: Survivor) -> Judgement:
        row = one.row
        form = FORMS[0] if FORMS[0].fits(row) else self.form
        made = form.make(row, Provenance(where=one.where))
        assert not isinstance(made, list), "rows of several judgements were divided"
        return made

    def _notes(self) -> Iterator[str]:
        if not self.kept:
            yield "nothing is left: see the rules above, and switch off or widen what does not fit"
        if self.spared:
            yield (
                f"duplicates: {self.spared} rows stay that are like another as a whole, but not "
                "in what was asked or answered, or in what was said of it by whom"
            )
        if self.settings.language.use and not self.settings.language.keep:
            yield "language: no language was named (language.keep), so none was filtered"
        if self.settings.contamination.use and not self.against:
            yield "contamination: no evaluation was named (--against), so none was looked for"
