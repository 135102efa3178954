"""`plumbline evaluate` and `plumbline report`: numbers with intervals, and one page to read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.options import Model, Sets


def evaluate(
    model: Model,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results and samples go.")],
    adapter: Annotated[
        Path | None, typer.Option(metavar="DIR", help="An adapter on top of the model.")
    ] = None,
    suite: Annotated[
        list[str] | None,
        typer.Option("--suite", metavar="NAME", help="A task or suite; may be repeated."),
    ] = None,
    sets: Sets = None,
) -> None:
    """Measure a model and write results.json with 95 % intervals and every sample."""
    raise NotImplementedError


def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Outputs; two or more are compared.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the page goes; else the first DIR.")
    ] = None,
) -> None:
    """One self-contained HTML page and results.json from finished outputs."""
    raise NotImplementedError
