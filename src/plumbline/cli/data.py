"""`plumbline data`: look at a file, clean it, choose from it, mix several, convert, split."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plumbline.cli.options import OnBadRow, Sets, StoreAt, Values
from plumbline.cli.show import say, some

Source = Annotated[
    str, typer.Argument(metavar="DATA", help="A file (jsonl, json, csv, parquet) or a Hub name.")
]
Out = Annotated[Path, typer.Option(metavar="FILE", help="*.jsonl or *.jsonl.gz")]

app = typer.Typer(
    help="Look at data, clean, select, mix, convert, split it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def inspect(
    data: Source,
    model: Annotated[
        str, typer.Option(help="Count in this model's tokens; without, in characters.")
    ] = "",
    objective: Annotated[
        str, typer.Option(help="Show what this objective trains on; else what fits the data.")
    ] = "",
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page of distributions and samples instead."),
    ] = None,
    sets: Sets = None,
    on_bad_row: OnBadRow = "drop",
    store: StoreAt = None,
) -> None:
    """What was recognised, one example with its trained tokens marked, and what would be lost."""
    from plumbline.cli.inspecting import inspection

    if html:
        from plumbline.cli.inspect_page import write_page

        page = write_page(data, html, model, objective, sets or [], on_bad_row, store)
        say(f"open {page}")
        return
    for line in inspection(data, model, objective, sets or [], on_bad_row, store):
        say(line)


@app.command()
def clean(
    data: Source,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the cleaned data goes.")],
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="An evaluation that the data must not hold; may be repeated."
        ),
    ] = None,
    sets: Sets = None,
    values: Values = None,
    on_bad_row: OnBadRow = "stop",
) -> None:
    """Take out what should not be taught; every removal is counted, shown and kept in a file."""
    from plumbline.cli.cleaning import cleaning

    for line in cleaning(data, out, against or [], sets or [], values, on_bad_row):
        say(line)


@app.command()
def select(
    data: Source,
    out: Out,
    sets: Sets = None,
    values: Values = None,
    on_bad_row: OnBadRow = "stop",
) -> None:
    """Write a small, good and diverse subset (--set n=1000).

    by=FIELD names a field of numbers that say how good a row is.
    """
    from plumbline.cli.choosing import selecting

    for line in selecting(data, out, sets or [], values, on_bad_row):
        say(line)


@app.command()
def together(
    people: Annotated[str, typer.Argument(metavar="PEOPLE", help="What people said.")],
    judged: Annotated[
        list[str], typer.Argument(metavar="JUDGED...", help="What judges said: data of label.")
    ],
    out: Out,
    audit: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="An audit of a judge (repeat for others)."),
    ] = None,
    sets: Sets = None,
    on_bad_row: OnBadRow = "stop",
) -> None:
    """People's and judges' comparisons as one file, the judges' weighed by their audits."""
    from plumbline.cli.choosing import joining

    for line in joining(people, judged, audit or [], out, sets or [], on_bad_row):
        say(line)


@app.command()
def mix(
    data: Annotated[
        list[str], typer.Argument(metavar="DATA...", help="Files of one form, or Hub names.")
    ],
    out: Out,
    sets: Sets = None,
    values: Values = None,
    on_bad_row: OnBadRow = "stop",
) -> None:
    """Write several files as one, shuffled, in the proportions asked for.

    By size, or by --set "weights={web: 0.7, books: 0.3}" for web.jsonl and books.jsonl.
    """
    from plumbline.cli.choosing import mixing

    for line in mixing(data, out, sets or [], values, on_bad_row):
        say(line)


@app.command()
def convert(
    data: Source,
    out: Out,
    form: Annotated[
        str, typer.Option(metavar="FORM", help="plumbline (keeps everything), preference, ...")
    ] = "plumbline",
    on_bad_row: OnBadRow = "stop",
) -> None:
    """Write data in plumbline's own form, or in one that other tools read."""
    from plumbline.data import convert as write
    from plumbline.stages.cards import carry

    done = write(data, out, form, on_bad_row=on_bad_row)
    carry([data], Path(out))
    say(f"{out}: {done.rows} rows as {form}")
    for line in [*some("left out", done.dropped), *done.notes]:
        say(line)
    if done.ignored:
        say(f"fields not read: {', '.join(done.ignored)}")


@app.command()
def split(
    data: Source,
    fraction: Annotated[float, typer.Option(help="Share of the prompts to hold out.")] = 0.1,
    most: Annotated[int, typer.Option(help="Largest number of held-out rows.")] = 500,
    on_bad_row: OnBadRow = "stop",
) -> None:
    """Write NAME.train.jsonl and NAME.heldout.jsonl beside the file, split as training splits."""
    from plumbline.data import split_file
    from plumbline.stages.cards import carry

    done = split_file(data, fraction=fraction, most=most, on_bad_row=on_bad_row)
    for path, rows in done.rows.items():
        carry([data], path)
        say(f"{path}: {rows} rows")
    for line in some("left out", done.dropped):
        say(line)
