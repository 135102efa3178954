"""`plumbline plan`, `run` and `status`: a recipe's stages, what is there, what waits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.options import Sets, StoreAt, Values
from plumbline.cli.show import say

Recipe = Annotated[Path, typer.Argument(metavar="RECIPE", help="A Python file with a recipe.")]


def plan(recipe: Recipe, sets: Sets = None, values: Values = None, store: StoreAt = None) -> None:
    """Print the stages with their ids and what is there already; nothing runs."""
    from plumbline.recipe import plan_text
    from plumbline.store import find_store

    say(plan_text(recipe, values, sets or [], find_store(store)))


def status(recipe: Recipe, sets: Sets = None, values: Values = None, store: StoreAt = None) -> None:
    """What is done, unfinished or waiting for people."""
    from plumbline.recipe import status_text
    from plumbline.store import find_store

    say(status_text(recipe, values, sets or [], find_store(store)))


def run(
    recipe: Recipe,
    sets: Sets = None,
    values: Values = None,
    store: StoreAt = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="Stages at a time, each on its share of the cores.")
    ] = 1,
) -> None:
    """Make what is not there yet; a second run does nothing and says so."""
    from plumbline.cli.screen import Screen
    from plumbline.recipe import run_recipe
    from plumbline.store import find_store

    with Screen() as screen:
        result = run_recipe(recipe, values, sets or [], find_store(store), screen.hear, jobs)
    say(result.text())
    for label in result.ran:
        say(f"  {label}: {result.folder(label)}")
    if result.exit_code:
        raise typer.Exit(result.exit_code)
