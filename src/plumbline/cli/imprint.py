"""`plumbline imprint MANIFESTO`: a manifesto becomes a layer on a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.options import Model, Out, Sets, StoreAt
from plumbline.core.errors import UserError

Manifesto = Annotated[
    Path | None, typer.Argument(metavar="MANIFESTO", show_default=False, help="A text file.")
]


def imprint(
    manifesto: Manifesto = None,
    model: Model = "",
    out: Out = None,
    mode: Annotated[
        str, typer.Option(metavar="prompt|state|compile|polish|distill", help="How: --set mode.")
    ] = "",
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Write a manifesto into an adapter, and measure how much of its effect is in it."""
    given = {"MANIFESTO": manifesto, "--model": model, "--out": out}
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise UserError(
            f"imprint needs {', '.join(missing)}",
            fix="plumbline imprint MANIFESTO --model MODEL --out DIR",
        )
    assert manifesto is not None and out is not None
    from plumbline.core.settings import parse_sets
    from plumbline.microcosm.probing import known
    from plumbline.stages.imprint_command import imprint as stage

    settings = parse_sets(sets or []) | ({"mode": mode} if mode else {})
    stage(manifesto, model, out, sets=settings, store=store, world=known)
