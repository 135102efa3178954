"""`plumbline data select`: a file's small, good and diverse subset as a file of its own.

The file is read twice: once for the pool of candidates (see `select`), once for the rows that were
chosen. They are written as they stood, in the order in which they were chosen: each adds what it
can to those before it. In memory are the pool's vectors and the chosen rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plumbline.core.errors import UserError, unknown

from ..bad import Bad
from ..fields import number
from ..lines import lines
from ..load import OnBadRow
from .ahead import Numbered
from .corpus_settings import Diverse
from .report import Tally
from .rule import Finding
from .select import diverse
from .usable import Tick, Usable, check_target, usable


@dataclass(frozen=True)
class Subset:
    """Rows by source that could be chosen, and that were; candidates that the pool held; how much
    of them is covered, 0 to 1; and the rows that could not be used."""

    there: Counter[str]
    taken: Counter[str]
    candidates: int
    coverage: float
    tally: Tally


def subset(
    source: str,
    out: Path,
    settings: Diverse,
    *,
    on_bad_row: OnBadRow = "stop",
    tick: Tick = lambda phase, done, total: None,
) -> Subset:
    """Write `settings.n` rows of `source` to `out`; UserError where there are fewer."""
    if not settings.n:
        raise UserError("how many rows are to be chosen?", where="n", fix="for instance n=1000")
    check_target(out, source)
    tally, there = Tally(), Counter[str]()
    scores: dict[int, float] = {}  # of the batch that is under way

    def candidates() -> Iterator[Numbered]:
        for one in usable(source, on_bad_row, tally, tick):
            if settings.by and (score := _quality(one, settings.by, on_bad_row, tally)) is not None:
                scores[one.number] = score
            if not settings.by or one.number in scores:
                there[one.source] += 1
                yield one.number, one.text

    def quality(index: int, text: str) -> float:
        return scores.pop(index)

    chosen = diverse(candidates(), settings, quality if settings.by else None)
    if len(chosen) < settings.n:
        what = f"{settings.n} rows are asked for, and there are {there.total()}"
        raise UserError(what, where=source, fix=f"n={there.total()} or fewer")
    wanted = dict.fromkeys(one.index for one in chosen)
    rows = {one.number: one for one in usable(source, on_bad_row, Tally(), only=wanted)}
    with lines(out) as put:
        for index in wanted:
            put(rows[index].raw)
    taken = Counter(rows[index].source for index in wanted)
    held = min(settings.pool, there.total())
    return Subset(there, taken, held, chosen[-1].coverage, tally)


def _quality(one: Usable, field: str, on_bad_row: OnBadRow, tally: Tally) -> float | None:
    """A row's number in `field`; None (counted) where it has none and may be dropped."""
    try:
        return number(one.row, field)
    except Bad as bad:
        if on_bad_row == "drop":
            tally.add("removed", "unreadable", Finding(bad.what), one.where)
            return None
        if field not in one.row:
            raise unknown("field", field, one.row, where=one.where) from None
        fix = f"{bad.fix}; or pass --on-bad-row drop"
        raise UserError(bad.what, where=one.where, fix=fix) from None
