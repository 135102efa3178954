"""`plumbline plan`, `run` and `status`: a recipe's stages, what is there, what waits."""

from __future__ import annotations

from typing import Annotated

import typer

from plumbline.cli.options import Sets, StoreAt, Values

Recipe = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A Python file with a recipe, or a recipe's name.")
]


def plan(recipe: Recipe, sets: Sets = None, values: Values = None, store: StoreAt = None) -> None:
    """Print the stages with ids and what is already there; nothing runs."""
    raise NotImplementedError


def run(recipe: Recipe, sets: Sets = None, values: Values = None, store: StoreAt = None) -> None:
    """Run what is not there yet; a second run does nothing and says so."""
    raise NotImplementedError


def status(recipe: Recipe, sets: Sets = None, values: Values = None, store: StoreAt = None) -> None:
    """What is done, unfinished or waiting for people."""
    raise NotImplementedError
