"""`plumbline label`: a judge compares pairs of answers under a constitution."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.options import OnBadRow, Sets, StoreAt
from plumbline.cli.show import say


def label(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]DATA...",
            help="Comparisons in any form, or answers (`sample --n 2`); or a file of answers each"
            " of several models to the same prompts: who wins?",
        ),
    ],
    judge: Annotated[
        list[str],
        typer.Option(
            metavar="MODEL|URL#NAME",
            help="Who judges: a model, or an OpenAI-compatible address; several are a jury.",
        ),
    ],
    constitution: Annotated[
        str, typer.Option(metavar="FILE", help="Its principles, or the name of a shipped one.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where labels and data go.")],
    template: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="The words in which it is asked: plain, microcosm or FILE."
        ),
    ] = "plain",
    audit: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="An audit that the judge passed; one a judge."),
    ] = None,
    allow_unaudited: Annotated[
        bool,
        typer.Option(
            "--allow-unaudited", help="Make data of labels that nobody checked; their card says so."
        ),
    ] = False,
    key_from: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable with an address's key.")
    ] = "",
    sets: Sets = None,
    on_bad_row: OnBadRow = "stop",
    store: StoreAt = None,
) -> None:
    """Label pairs of answers by a judge that reads each in both orders, and make data of it."""
    from plumbline.core.settings import parse_sets
    from plumbline.stages.label import label as stage

    stage(
        data, judge, constitution, out, template=template, sets=parse_sets(sets or []),
        audits=audit or (), allow_unaudited=allow_unaudited, key=key_from, on_bad_row=on_bad_row,
        store=store, say=say,
    )  # fmt: skip
