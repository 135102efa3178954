"""Options that several commands share, spelt once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Model = Annotated[
    str,
    typer.Option(
        "--model",
        help="ref:NAME, a model or adapter folder, `microcosm`, or a Hub name.",
        show_default=False,
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting, e.g. lr=1e-4; may be repeated."),
]
Values = Annotated[
    Path | None, typer.Option("--values", metavar="FILE", help="Settings from a YAML file.")
]
StoreAt = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="The store; else $PLUMBLINE_STORE, else the nearest .plumbline/ upwards.",
    ),
]
OnBadRow = Annotated[
    Literal["stop", "drop"],
    typer.Option("--on-bad-row", help="What to do with rows that do not parse."),
]
