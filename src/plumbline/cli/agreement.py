"""`plumbline agreement`: how far the judges of some data agree, and where groups of them differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from plumbline.cli.options import OnBadRow, StoreAt
from plumbline.cli.show import say


def agreement(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="Judgements that name their judges: a file or ref:NAME."
        ),
    ],
    by: Annotated[
        Literal["group", "annotator"],
        typer.Option("--by", help="What the tables have a row for."),
    ] = "group",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Every number, also those not shown.")
    ] = None,
    on_bad_row: OnBadRow = "stop",
    store: StoreAt = None,
) -> None:
    """How far judges agree (Krippendorff's alpha), within and between groups, and each of them."""
    from plumbline.cli.agreeing import agreeing

    for line in agreeing(data, by, out, on_bad_row, store):
        say(line)
