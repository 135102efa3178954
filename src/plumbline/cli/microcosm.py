"""`plumbline microcosm`: draw from the small world whose truth and values are known."""

from __future__ import annotations

import typer

app = typer.Typer(help="Draw from the embedded world.", no_args_is_help=True, rich_markup_mode=None)
