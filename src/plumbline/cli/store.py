"""`plumbline store`: what lies in a store, what can go, whether it is whole, where things came from."""

from __future__ import annotations

import typer

app = typer.Typer(help="Look after a store.", no_args_is_help=True, rich_markup_mode=None)
