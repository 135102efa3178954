"""What `plumbline data clean` says: a table by rule with examples, and where everything is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from plumbline.cli.options import given
from plumbline.cli.show import paint, table


def cleaning(
    data: str,
    out: Path,
    against: Sequence[str],
    sets: Sequence[str],
    values: Path | None,
    on_bad_row: Literal["stop", "drop"],
) -> Iterator[str]:
    """Clean, and the lines to print; UserError where the data or a setting is wrong."""
    from plumbline.cli.screen import Screen
    from plumbline.data.clean import report
    from plumbline.data.clean.pipeline import clean
    from plumbline.data.clean.settings import Cleaning
    from plumbline.stages import cards
    from plumbline.stages.files import DATA

    settings = given(Cleaning(), sets, values)
    known = list(map(Path, against))
    with Screen() as screen:
        tick = screen.ticks(Path(data).name)
        result = clean(data, out, settings, against=known, on_bad_row=on_bad_row, tick=tick)
    cards.carry([data], out / DATA)
    if result is None:
        yield f"{out} holds this cleaning already; nothing was done"
        return
    yield paint(report.headline(result), "bold")
    if result.tally.counts:
        yield table(report.HEAD, report.rows(result))
    yield from result.notes
    yield f"{out}/data.jsonl; what went and why: removed.jsonl; the table: report.md"
