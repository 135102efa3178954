"""Which plumbline this is."""

from __future__ import annotations

from typing import Annotated

import typer

import plumbline


def _said(wanted: bool) -> None:
    if wanted:
        print(f"plumbline {plumbline.__version__}")
        raise typer.Exit


def version(
    version: Annotated[
        bool, typer.Option("--version", callback=_said, is_eager=True, help="Which one this is.")
    ] = False,
) -> None:
    """From a base language model to one that holds to stated human values, with evidence."""
