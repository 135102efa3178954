"""`plumbline collect`: answers that people are to judge become a project of the studio."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.options import Sets, StoreAt


def collect(
    answers: Annotated[
        list[Path],
        typer.Argument(
            metavar="ANSWERS ...",
            help="JSON lines of prompt and responses (`sample`); a file for each model to compare.",
        ),
    ],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="The project: train on ref:NAME.")
    ],
    form: Annotated[
        str,
        typer.Option(help="ranking, pair, thumb, rating, demonstration, correction or critique."),
    ] = "pair",
    quota: Annotated[int, typer.Option(help="Judgements an item.", min=1)] = 1,
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Put answers before people, and wait (exit code 3) until all are judged."""
    from plumbline.core.settings import overlay, parse_sets
    from plumbline.stages.collect import Collect, asked
    from plumbline.store import find_store

    given = {"project": name, "form": form, "quota": quota} | parse_sets(sets or [])
    print(asked(find_store(store), overlay(Collect(), given), answers))
    print(f"train on it with --data ref:{name}")
