"""`plumbline data`: look at a file, bring it into plumbline's own form, split it."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Look at data, convert it, split it.", no_args_is_help=True, rich_markup_mode=None
)
