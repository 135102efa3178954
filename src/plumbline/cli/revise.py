"""`plumbline revise`: a model criticises answers under a constitution, and mends them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.options import Sets, StoreAt
from plumbline.cli.show import say


def revise(
    answers: Annotated[
        str,
        typer.Argument(metavar="ANSWERS", help="JSON lines of prompt and responses (`sample`)."),
    ],
    critic: Annotated[
        str, typer.Option(metavar="MODEL|URL", help="Who criticises and mends: --set critic.")
    ],
    constitution: Annotated[
        str, typer.Option(metavar="FILE", help="Its principles, or the name of a shipped one.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where steps and data go.")],
    template: Annotated[
        str, typer.Option(metavar="FILE", help="The words in which the critic is asked.")
    ] = "plain",
    rounds: Annotated[int, typer.Option(help="Rounds, a principle drawn in each.", min=1)] = 1,
    key_from: Annotated[
        str, typer.Option(metavar="NAME", help="The environment variable with an address's key.")
    ] = "",
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Revise answers under a constitution: steps, demonstrations, and what was caught."""
    from plumbline.core.settings import parse_sets
    from plumbline.stages.revise_command import revise as stage

    given = {"critic": critic, "constitution": constitution, "template": template, "rounds": rounds}
    stage(answers, out, sets=given | parse_sets(sets or []), key=key_from, store=store, say=say)
