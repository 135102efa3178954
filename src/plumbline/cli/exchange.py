"""`plumbline import` and `plumbline export`: what people said in other tools, in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from plumbline.cli.options import OnBadRow, StoreAt
from plumbline.cli.show import say

Tool = Literal["auto", "argilla", "label-studio", "open-assistant"]
As = Literal[
    "pairs", "pooled-pairs", "rankings", "labels", "ratings", "demonstrations", "judgements"
]


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The export of a tool, unchanged.")],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="What it is called: train on ref:NAME.")
    ],
    tool: Annotated[Tool, typer.Option("--from", help="Which tool it must be from.")] = "auto",
    scale: Annotated[
        str, typer.Option(metavar="LOW:HIGH", help="The scale of ratings that do not say theirs.")
    ] = "",
    store: StoreAt = None,
    on_bad_row: OnBadRow = "stop",
) -> None:
    """Put people's judgements from another tool, or of any known form, into the store."""
    from plumbline.cli.exchanging import importing

    for line in importing(file, name, tool, scale, store, on_bad_row):
        say(line)


def export(
    data: Annotated[str, typer.Argument(metavar="DATA", help="ref:NAME, a file or a Hub name.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="*.jsonl, *.json, *.csv, *.parquet, each also .gz")
    ],
    form: Annotated[As, typer.Option("--as", help="What a row is.")] = "pairs",
    group: Annotated[
        str, typer.Option(metavar="NAME", help="Only what judges of this group said.")
    ] = "",
    secret: Annotated[
        str,
        typer.Option(
            "--anonymous", metavar="SEED", help="Hide who judged and when; the same names a SEED."
        ),
    ] = "",
    keep_group: Annotated[
        bool, typer.Option("--keep-group", help="With --anonymous: say the judges' groups.")
    ] = False,
    store: StoreAt = None,
    on_bad_row: OnBadRow = "stop",
) -> None:
    """Write judgements in a form that trainers read.

    pooled-pairs: several judges of the same answers make one pair with the share p.
    judgements: everything, in plumbline's own form.
    """
    from plumbline.cli.exchanging import exporting

    for line in exporting(data, out, form, group, secret, keep_group, store, on_bad_row):
        say(line)
