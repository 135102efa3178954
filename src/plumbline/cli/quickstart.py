"""`plumbline quickstart`: the main job on the embedded microcosm, up to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.show import say


def quickstart(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the report and the models go.")
    ] = Path("runs/quickstart"),
    seed: Annotated[int, typer.Option("--seed", help="Draws the annotators and the data.")] = 0,
    jobs: Annotated[
        int, typer.Option("--jobs", min=0, help="Stages at a time (0: as many as fit the cores).")
    ] = 0,
) -> None:
    """Align the embedded model in a few minutes and name the report to open."""
    from plumbline.cli.screen import Screen
    from plumbline.recipe.quickstart import run

    with Screen() as screen:
        page = run(out, seed, screen.hear, jobs=jobs)
    say(f"open {page}")
