"""`plumbline store`: what lies in a store, what can go, whether it is whole, whence things came."""

from __future__ import annotations

from typing import Annotated

import typer

from plumbline.cli.options import StoreAt
from plumbline.cli.show import say
from plumbline.core.errors import UserError

app = typer.Typer(help="Look after a store.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def du(store: StoreAt = None) -> None:
    """How much the store holds, by stage."""
    from plumbline.store import find_store, upkeep

    home = find_store(store)
    say(f"{home.root}\n{upkeep.du(home).text()}")


@app.command()
def gc(
    older: Annotated[float, typer.Option(metavar="HOURS", help="Spare what is younger.")] = 1.0,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Take unfinished work that stands still, too.")
    ] = False,
    dry: Annotated[bool, typer.Option("--dry", help="Only say what would go.")] = False,
    store: StoreAt = None,
) -> None:
    """Remove what no name leads to."""
    from plumbline.store import find_store, upkeep

    cleaned = upkeep.gc(find_store(store), older=3600 * older, unfinished=unfinished, dry=dry)
    say(cleaned.text())


@app.command()
def verify(store: StoreAt = None) -> None:
    """Read everything again and compare it with its digest; exit code 2 at damage."""
    from plumbline.store import find_store, upkeep

    home = find_store(store)
    found = upkeep.verify(home)
    if found.problems:
        fix = "remove what is damaged; it is made again when it is needed"
        raise UserError(found.text(), where=str(home.root), fix=fix)
    say(found.text())


@app.command()
def lineage(
    name: Annotated[str, typer.Argument(metavar="NAME", help="ref:NAME or an id (6 letters do).")],
    down: Annotated[
        bool, typer.Option("--down", help="What was made from it, not what it was made from.")
    ] = False,
    store: StoreAt = None,
) -> None:
    """What an artifact was made from, back to the files of people's words."""
    from plumbline.store import find_store, lineage_text

    say(lineage_text(find_store(store), name, "down" if down else "up"))
