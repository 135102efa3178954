"""`plumbline imprint MANIFESTO`: a manifesto becomes a layer on a model; and what one does with it.

The first word is a file, unless it is `measure`, `check` or `compose`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plumbline.cli.options import Model, Out, Sets, StoreAt
from plumbline.cli.show import say
from plumbline.core.errors import UserError

FAILED = 1
"""Exit code of a check that found something."""
WRITE = "write"
"""The command behind `plumbline imprint MANIFESTO`."""


class _FileFirst(typer.core.TyperGroup):
    """A group whose first word may be a file: then it is `WRITE`'s."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [WRITE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_FileFirst,
    help="Write a manifesto into an adapter: plumbline imprint MANIFESTO --model M --out DIR.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Manifesto = Annotated[
    Path | None, typer.Argument(metavar="MANIFESTO", show_default=False, help="A text file.")
]
Strength = Annotated[
    list[float] | None,
    typer.Option("--strength", metavar="S", help="Multiplies an adapter (0 to 1.5)."),
]


@app.command(WRITE)
def imprint(
    manifesto: Manifesto = None,
    model: Model = "",
    out: Out = None,
    mode: Annotated[
        str,
        typer.Option(metavar="prompt|state|compile|polish|distill|hyper", help="How: --set mode."),
    ] = "",
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="TEXT", help="Refine the identity --model by a clause."),
    ] = None,
    again: Annotated[
        str, typer.Option(metavar="ADAPTER", help="Imprint this identity's manifesto on --model.")
    ] = "",
    questions: Annotated[
        str, typer.Option(metavar="FILE", help="Prompts of its users, asked before any others.")
    ] = "",
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Write a manifesto into an adapter, and measure how much of its effect is in it.

    `plumbline imprint MANIFESTO` is short for this.
    """
    from plumbline.core.settings import parse_sets
    from plumbline.microcosm.probing import known
    from plumbline.stages.imprint import command

    source = {"MANIFESTO": manifesto, "--add": add, "--again": again}
    if sum(map(bool, source.values())) != 1 or not model or out is None:
        missing = [name for name, value in {"--model": model, "--out": out}.items() if not value]
        lacking = f" and {', '.join(missing)}" if missing else ""
        raise UserError(
            f"imprint needs one of MANIFESTO, --add and --again{lacking}",
            fix="plumbline imprint MANIFESTO --model MODEL --out DIR",
        )
    if questions and manifesto is None:
        raise UserError("--questions goes with MANIFESTO", fix="leave it out")
    settings = parse_sets(sets or []) | ({"mode": mode} if mode else {})
    more: dict[str, Any] = {"sets": settings, "store": store, "world": known}
    if add:
        command.refined(model, add, out, **more)
    elif again:
        command.again(again, model, out, **more)
    elif manifesto is not None:
        command.imprint(manifesto, model, out, questions=questions, **more)


@app.command()
def measure(
    adapter: Annotated[str, typer.Argument(metavar="ADAPTER", help="A folder or ref:NAME.")],
    manifesto: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What it should hold to, else its own.")
    ] = None,
    strength: Strength = None,
    out: Out = None,
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Print what an adapter is worth against the model that reads the manifesto."""
    from plumbline.core.settings import parse_sets
    from plumbline.microcosm.probing import known
    from plumbline.stages.imprint import command, shown

    found = command.measure(
        adapter, manifesto=manifesto, strengths=strength or (1.0,), out=out,
        sets=parse_sets(sets or []), store=store, world=known,
    )  # fmt: skip
    for line in shown.table(found):
        say(line)


@app.command()
def check(
    manifesto: Manifesto = None,
    model: Model = "",
    adapter: Annotated[
        str, typer.Option(metavar="ADAPTER", help="Check this identity; else one is compiled.")
    ] = "",
    out: Out = None,
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Look at a manifesto clause by clause; exit code 1 where something does not pass."""
    from plumbline.core.settings import parse_sets
    from plumbline.microcosm.probing import known
    from plumbline.stages.imprint import command

    if not (adapter or (manifesto and model)):
        raise UserError(
            "check needs MANIFESTO and --model, or --adapter",
            fix="plumbline imprint check MANIFESTO --model MODEL",
        )
    found = command.check(
        manifesto, model, adapter=adapter, out=out, sets=parse_sets(sets or []), store=store,
        world=known, say=say,
    )  # fmt: skip
    if found.wrong:
        raise typer.Exit(FAILED)


@app.command()
def compose(
    adapters: Annotated[list[str], typer.Argument(metavar="ADAPTER...", help="Identities.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the result goes.")],
    how: Annotated[
        str,
        typer.Option(metavar="joint|sum|chain", help="Compiled anew, added up, or in a chain."),
    ] = "joint",
    strength: Strength = None,
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Make one identity of several, or (--how sum --strength S) turn one up or down."""
    from plumbline.core.settings import parse_sets
    from plumbline.microcosm.probing import known
    from plumbline.stages.imprint import command

    command.composed(
        adapters, out, how=how, strengths=strength or (), sets=parse_sets(sets or []),
        store=store, world=known,
    )  # fmt: skip
