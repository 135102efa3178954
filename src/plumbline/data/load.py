"""`read`: a file, or the name of a data set on the Hub, as judgements.

The form is recognised from the first row and holds for the whole file. A row that does not parse
stops the job, naming file, line and remedy; with on_bad_row="drop" such rows are listed in `bad`
instead. Rows that parse and cannot be used (two conversations without a shared beginning) are
listed in `dropped`; hold them, together with those of a view, to `core.views.drop_policy`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from plumbline.core.errors import UserError, nearest
from plumbline.core.types import Judgement, Provenance

from .bad import Bad, Left, Unusable
from .forms import KIND, Form, recognise, unused
from .rows import Broken, rows

OnBadRow = Literal["stop", "drop"]
HUB = re.compile(r"^[\w.-]+/[\w.-]+(:[\w\[\]%.-]+)?$")


@dataclass(frozen=True)
class Loaded:
    """What a file said.

    form: the name of the form recognised. counts: rows, judgements, unusable, bad. dropped: rows
    that parse and cannot be used, as (where, why); bad: rows that did not parse and were dropped on
    request. ignored: fields that the form does not read. left: parts of sound rows that take no
    part (a response that was discarded), as (where, why); they are not held against the file.
    """

    judgements: list[Judgement]
    form: str
    counts: dict[str, int]
    dropped: list[tuple[str, str]] = field(default_factory=list)
    bad: list[tuple[str, str]] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    source: str = ""
    left: list[tuple[str, str]] = field(default_factory=list)


def read(source: str | Path, *, on_bad_row: OnBadRow = "stop") -> Loaded:
    """All judgements of a file or of a data set on the Hub ("owner/name" or "owner/name:split")."""
    if on_bad_row not in ("stop", "drop"):
        raise UserError(f"on_bad_row={on_bad_row!r}", fix="'stop' or 'drop'")
    reading = Reading(str(source), on_bad_row)
    for where, row in found(source):
        reading.take(where, row)
    return reading.loaded()


def found(source: str | Path) -> Iterator[tuple[str, Any]]:
    """(where, row) of everything in a file or in a data set on the Hub."""
    path = Path(source)
    if path.is_file():
        return rows(path)
    if path.is_dir():
        inside = ", ".join(sorted(p.name for p in path.iterdir() if p.is_file())[:8])
        fix = f"name one file in it{f' ({inside})' if inside else ''}"
        raise UserError("a folder is no data file", where=str(path), fix=fix)
    if HUB.match(str(source)) and not path.parent.is_dir():
        return _hub(str(source))
    raise UserError("no such file", where=str(path), fix=_similar(path))


def _similar(path: Path) -> str:
    beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(path.name, beside)
    return f"did you mean {path.parent / near}?" if near else "give a file or a Hub name owner/name"


def _hub(name: str) -> Iterator[tuple[str, Any]]:
    """Rows of a data set on the Hub, through the optional package `datasets`."""
    try:
        import datasets
    except ImportError:
        raise UserError(
            f"{name!r} is no file here, and Hub data sets need the package `datasets`",
            where=name,
            fix="pip install datasets, or download the data and give the file",
        ) from None
    owner, _, split = name.partition(":")
    try:
        loaded = datasets.load_dataset(owner, split=split or "train")
    except Exception as error:
        first = str(error).strip().splitlines()[:1]
        raise UserError(
            f"the data set could not be loaded: {first[0] if first else type(error).__name__}",
            where=name,
            fix="check the name and split (owner/name:split), or download the file and give it",
        ) from error
    return ((f"{name}:row {n}", dict(row)) for n, row in enumerate(loaded, 1))


def _source(row: Mapping[str, Any]) -> str:
    """The collection a row says it is from: its `source`, also inside `meta` or `metadata`."""
    inside = [row[name] for name in ("meta", "metadata") if isinstance(row.get(name), Mapping)]
    named = [part["source"] for part in (row, *inside) if isinstance(part.get("source"), str)]
    return named[0] if named else ""


class Reading:
    """What has been read so far."""

    def __init__(self, source: str, on_bad_row: OnBadRow, form: Form | None = None) -> None:
        self.source, self.drop = source, on_bad_row == "drop"
        self.judgements: list[Judgement] = []
        self.dropped: list[tuple[str, str]] = []
        self.bad: list[tuple[str, str]] = []
        self.left: list[tuple[str, str]] = []
        self.ignored: dict[str, None] = {}
        self.form = form
        self.rows = 0

    def take(self, where: str, row: Any) -> None:
        """One row more."""
        self.rows += 1
        try:
            made = self._make(where, row)
        except Unusable as unusable:
            self.dropped.append((where, str(unusable)))
            return
        except Bad as bad:
            if not self.drop:
                fix = f"{bad.fix}; or pass --on-bad-row drop" if bad.fix else "--on-bad-row drop"
                raise UserError(bad.what, where=where, fix=fix) from None
            self.bad.append((where, bad.what))
            return
        self.judgements.extend(one for one in made if not isinstance(one, Left))
        self.left.extend((where, one.why) for one in made if isinstance(one, Left))

    def _make(self, where: str, row: Any) -> list[Judgement | Left]:
        if isinstance(row, Broken):
            raise Bad(row.what, row.fix)
        if not isinstance(row, dict):
            fix = 'a row is an object, for example {"prompt": ...} or {"text": ...}'
            raise Bad(f"a row is {type(row).__name__}, not an object of fields", fix)
        form = self._form(where, row)
        missing = [name for name in form.needs if row.get(name) is None]
        if missing:
            what = f"{', '.join(missing)} missing in a file of the form {form.name!r}"
            raise Bad(what, f"every row needs {', '.join(form.needs)}")
        if not form.fits(row):
            kinds = " and ".join(f"{name} as {KIND[kind]}" for name, kind in form.kinds)
            raise Bad(f"unlike the first row, which has {kinds}", "give all rows one form")
        aside = [name for name in unused(form, row) if name != "source" or not _source(row)]
        self.ignored.update(dict.fromkeys(aside))
        made = form.make(row, Provenance(where=where, source=_source(row)))
        return made if isinstance(made, list) else [made]

    def _form(self, where: str, row: dict[str, Any]) -> Form:
        """The first row says which form the file has."""
        if self.form is None:
            try:
                self.form = recognise(row)
            except UserError as error:
                raise UserError(error.what, where=where, fix=error.fix) from None
        return self.form

    def loaded(self) -> Loaded:
        """The result; UserError where no row was good."""
        if self.form is None or not (self.judgements or self.dropped or self.left):
            reasons = "".join(f"\n  {where}: {why}" for where, why in self.bad[:5])
            raise UserError(
                f"no row could be read{reasons}", where=self.source, fix="mend the rows or the file"
            )
        counts = {
            "rows": self.rows,
            "judgements": len(self.judgements),
            "unusable": len(self.dropped),
            "bad": len(self.bad),
        }
        if self.left:
            counts["parts left out"] = len(self.left)
        return Loaded(
            self.judgements,
            self.form.name,
            counts,
            self.dropped,
            self.bad,
            tuple(self.ignored),
            self.source,
            self.left,
        )
