"""`plumbline sample`: answers of a model to a file of prompts, as JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.options import Model, OnBadRow, Sets, StoreAt


def sample(
    model: Model,
    prompts: Annotated[
        str, typer.Option(help="A file with prompts, in any form `data` understands.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="JSON lines of prompt and responses.")],
    n: Annotated[int | None, typer.Option("--n", help="Answers a prompt: --set n.", min=1)] = None,
    sets: Sets = None,
    on_bad_row: OnBadRow = "stop",
    store: StoreAt = None,
) -> None:
    """Draw n answers a prompt and write them with their log-probabilities."""
    from plumbline.core.settings import parse_sets
    from plumbline.stages.sample import sample as stage

    given = parse_sets(sets or []) | ({} if n is None else {"n": n})
    stage(model, prompts, out, sets=given, on_bad_row=on_bad_row, store=store)
