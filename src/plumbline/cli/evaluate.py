"""`plumbline evaluate` and `plumbline report`: numbers with intervals, and one page to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plumbline.cli.options import Model, Sets, StoreAt
from plumbline.cli.show import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumbline.evals.tasks import Task
    from plumbline.stages.evaluate import OwnTask


def evaluate(
    model: Model,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results and answers go.")],
    adapter: Annotated[
        str, typer.Option(metavar="DIR", help="An adapter of this model, measured in its place.")
    ] = "",
    suite: Annotated[
        list[str] | None,
        typer.Option(
            "--suite",
            metavar="NAME[:DATA]",
            help="gold, conduct, refusal (the microcosm's); refusal:FILE, perplexity:DATA, "
            "preference:DATA; "
            "may be repeated. Without: gold, for models of the microcosm.",
        ),
    ] = None,
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Measure a model; results.json has 95 % intervals, samples.jsonl every answer."""
    from plumbline.core.settings import parse_sets
    from plumbline.stages.evaluate import evaluate as stage

    if adapter:
        check_base(adapter, model, store)
    stage(
        adapter or model,
        out,
        suites=suite or default_suites(adapter or model, store),
        sets=parse_sets(sets or []),
        own=own_tasks() if at_home(adapter or model, store) else {},
        store=store,
        say=say,
    )


def at_home(model: str, store: Path | None) -> bool:
    """Whether a model speaks the microcosm's language (has its tokenizer)."""
    from plumbline.microcosm.probing import known
    from plumbline.models.locate import resolve_model, with_weights
    from plumbline.store import find_store

    folder = resolve_model(model, find_store(store).path).path
    return known(with_weights(folder)) is not None


def default_suites(model: str, store: Path | None) -> list[str]:
    """The gold value for models of the microcosm's language; UserError for all others."""
    from plumbline.core.errors import UserError

    if at_home(model, store):
        return ["gold"]
    raise UserError(
        "this model does not speak the microcosm's language, so say what to measure",
        where=model,
        fix="--suite refusal:FILE, --suite perplexity:DATA or --suite preference:DATA",
    )


def check_base(adapter: str, model: str, store: Path | None) -> None:
    """UserError where an adapter was made for other weights than the model's."""
    from plumbline.core.errors import UserError
    from plumbline.models.digest import digest_folder
    from plumbline.models.locate import adapter_base, is_adapter, resolve_model
    from plumbline.store import find_store

    lookup = find_store(store).path
    folder, base = resolve_model(adapter, lookup).path, resolve_model(model, lookup).path
    if not is_adapter(folder):
        raise UserError("not an adapter folder", where=adapter, fix="give it as --model")
    own = adapter_base(folder).path
    if digest_folder(own) != digest_folder(base):
        raise UserError(
            f"the adapter was made for other weights ({own})",
            where=adapter,
            fix="give those as --model, or leave --adapter out and give the adapter as --model",
        )


def own_tasks() -> dict[str, OwnTask]:
    """The microcosm's tasks on held-out requests, sampled as asked."""
    from dataclasses import replace

    from plumbline.microcosm import tasks

    made = {"gold": tasks.gold_task, "conduct": tasks.conduct_task, "refusal": tasks.refusal_task}

    def own(make: Callable[[int, int], Task]) -> OwnTask:
        return lambda settings, how: replace(make(settings.seed, settings.items), generation=how)

    return {name: own(make) for name, make in made.items()}


def report(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Outputs; two or more are compared.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page.  [default: report.html in the first DIR]"),
    ] = None,
    title: Annotated[str, typer.Option(help="The page's heading.")] = "",
) -> None:
    """One self-contained HTML page and results.json from finished outputs."""
    from plumbline.evals.report import build_report

    page = build_report(folders, out or folders[0] / "report.html", title)
    say(f"open {page}")
