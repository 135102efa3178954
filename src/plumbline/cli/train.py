"""`plumbline train OBJECTIVE`: one stage of offline training; `--list` shows every objective."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plumbline.cli.options import OnBadRow, Sets, StoreAt
from plumbline.cli.show import paint, say
from plumbline.core.errors import UserError

if TYPE_CHECKING:
    from plumbline.objectives import Entry


def train(
    objective: Annotated[str, typer.Argument(metavar="OBJECTIVE", show_default=False)] = "",
    model: Annotated[
        str, typer.Option(help="ref:NAME, a model or adapter folder, `microcosm`, or a Hub name.")
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            help="A file (jsonl, json, csv, parquet, each also .gz), ref:NAME or a Hub name."
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the result goes.")] = None,
    adapter: Annotated[
        str, typer.Option(metavar="lora|full|last:N", help="Which weights are trained.")
    ] = "lora",
    sets: Sets = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Write full weights instead of an adapter.")
    ] = False,
    on_bad_row: OnBadRow = "stop",
    store: StoreAt = None,
    show: Annotated[
        bool, typer.Option("--list", help="Every objective with its unit, columns, paper and lr.")
    ] = False,
) -> None:
    """Train a model or adapter on judgements with one objective (sft, dpo, kto, reward, ...)."""
    if show:
        say(objectives())
        return
    missing = [
        name
        for name, given in (
            ("OBJECTIVE", objective),
            ("--model", model),
            ("--data", data),
            ("--out", out),
        )
        if not given
    ]
    if missing or out is None:
        raise UserError(
            f"train needs {', '.join(missing)}",
            fix="plumbline train OBJECTIVE --model MODEL --data DATA --out DIR; "
            "`plumbline train --list` names the objectives",
        )
    from plumbline.core.settings import parse_sets
    from plumbline.stages.command import train as stage

    stage(
        objective,
        model,
        data,
        out,
        adapter=adapter,
        sets=parse_sets(sets or []),
        merge=merge,
        on_bad_row=on_bad_row,
        store=store,
    )


def objectives() -> str:
    """The table of objectives, read from the same place as the reference pages."""
    from plumbline.objectives import ALIASES, TABLE

    names = "; ".join(f"{alias} is {name}" for alias, name in ALIASES.items())
    return "\n\n".join([*map(described, TABLE.values()), f"Other names: {names}."])


def described(entry: Entry) -> str:
    """One objective in three lines."""
    rates = ", ".join(f"{mode} {rate:g}" for mode, rate in entry.lr.items())
    return (
        f"{paint(entry.name, 'bold')}: {entry.summary}\n"
        f"    unit {entry.unit}; trains on {entry.view}; columns {', '.join(entry.columns)}\n"
        f"    lr {rates}; {entry.paper}"
    )
