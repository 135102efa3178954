"""Options that several commands share, spelt once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

T = TypeVar("T")

Model = Annotated[
    str,
    typer.Option(
        "--model",
        help="ref:NAME, a model or adapter folder, `microcosm`, or a Hub name.",
        show_default=False,
    ),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the result goes.")]
Merge = Annotated[bool, typer.Option("--merge", help="Write full weights instead of an adapter.")]
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


def given(settings: T, sets: Sequence[str], values: Path | None) -> T:
    """Settings with the file of --values laid over them, and --set over that."""
    from plumbline.core.settings import overlay, parse_sets, read_yaml

    settings = overlay(settings, read_yaml(values)) if values else settings
    return overlay(settings, parse_sets(sets))
