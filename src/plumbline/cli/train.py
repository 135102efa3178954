"""`plumbline train OBJECTIVE`: one stage of offline training; `--list` shows every objective."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plumbline.cli.options import Merge, Model, OnBadRow, Out, Sets, StoreAt
from plumbline.cli.show import paint, say
from plumbline.core.errors import UserError

if TYPE_CHECKING:
    from plumbline.objectives import Entry


PRETRAIN = "pretrain"
ABOUT_PRETRAIN = """pretrain: next-token training on texts, from a model or from nothing
    unit token; lr by the model's size; settings: docs/guides/pretraining.md"""


def train(
    objective: Annotated[str, typer.Argument(metavar="OBJECTIVE", show_default=False)] = "",
    model: Model = "",
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="A file (jsonl, json, csv, parquet, txt, each also .gz), ref:NAME or a Hub name;"
            " for pretrain it may be repeated."
        ),
    ] = None,
    out: Out = None,
    adapter: Annotated[
        str,
        typer.Option(
            metavar="lora|full|last:N",
            help="Which weights are trained.  [default: lora; pretrain: full]",
        ),
    ] = "",
    sets: Sets = None,
    merge: Merge = False,
    on_bad_row: OnBadRow = "stop",
    store: StoreAt = None,
    show: Annotated[
        bool, typer.Option("--list", help="Every objective with its unit, columns, paper and lr.")
    ] = False,
) -> None:
    """Train a model or adapter on judgements with one objective (sft, dpo, kto, reward, ...), or,
    as OBJECTIVE pretrain, on texts: from --model, or without it a new model."""
    if show:
        say(objectives())
        return
    _check_given(objective, model, data, out)
    assert out is not None and data is not None
    from plumbline.core.settings import parse_sets

    values = parse_sets(sets or [])
    if objective == PRETRAIN:
        from plumbline.stages.pretrain import pretrain

        pretrain(
            data, out, model=model, adapter=adapter or "full", sets=values, merge=merge,
            on_bad_row=on_bad_row, store=store,
        )  # fmt: skip
        return
    from plumbline.stages.command import train as stage

    stage(
        objective, model, data[0], out, adapter=adapter or "lora", sets=values, merge=merge,
        on_bad_row=on_bad_row, store=store,
    )  # fmt: skip


def _check_given(objective: str, model: str, data: list[str] | None, out: Path | None) -> None:
    """UserError for what is missing, or for more data than an objective takes."""
    needed = {
        "OBJECTIVE": objective,
        "--model": model or objective == PRETRAIN,
        "--data": data,
        "--out": out,
    }
    missing = [name for name, given in needed.items() if not given]
    if missing:
        raise UserError(
            f"train needs {', '.join(missing)}",
            fix="plumbline train OBJECTIVE --model MODEL --data DATA --out DIR; "
            "`plumbline train --list` names the objectives",
        )
    if data and len(data) > 1 and objective != PRETRAIN:
        raise UserError(
            f"train {objective} takes one --data, not {len(data)}",
            fix="put the rows into one file; `plumbline data convert` writes one form",
        )


def objectives() -> str:
    """The table of objectives, read from the same place as the reference pages."""
    from plumbline.objectives import ALIASES, TABLE

    names = "; ".join(f"{alias} is {name}" for alias, name in ALIASES.items())
    return "\n\n".join([*map(described, TABLE.values()), f"Other names: {names}.", ABOUT_PRETRAIN])


def described(entry: Entry) -> str:
    """One objective in three lines."""
    rates = ", ".join(f"{mode} {rate:g}" for mode, rate in entry.lr.items())
    return (
        f"{paint(entry.name, 'bold')}: {entry.summary}\n"
        f"    unit {entry.unit}; trains on {entry.view}; columns {', '.join(entry.columns)}\n"
        f"    lr {rates}; {entry.paper}"
    )
