"""`plumbline audit`: people check the labels of a judge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plumbline.cli.options import Sets, StoreAt
from plumbline.cli.show import paint, say, table

if TYPE_CHECKING:
    from plumbline.evals.report import Section


def audit(
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS_DIR", help="What `plumbline label` wrote.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the audit goes.")],
    people: Annotated[
        str,
        typer.Option(
            metavar="FILE|ref:PROJECT",
            help="Comparisons by people; without it a sample goes to the studio.",
        ),
    ] = "",
    items: Annotated[int, typer.Option(help="Labels in the sample.", min=1)] = 100,
    quota: Annotated[int, typer.Option(help="People an item.", min=1)] = 3,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="AUDIT_DIR", help="An earlier audit: its items and people, and what changed."
        ),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            metavar="AUDIT_DIR",
            help="An earlier audit of this judge on other answers: how it does on these.",
        ),
    ] = None,
    again: Annotated[
        Path | None,
        typer.Option(
            metavar="LABELS_DIR", help="The same judge's labels of the same, asked again."
        ),
    ] = None,
    sets: Sets = None,
    store: StoreAt = None,
) -> None:
    """Check a judge by people; without their judgements it waits for them (exit code 3)."""
    from plumbline.core.settings import overlay, parse_sets
    from plumbline.evals.audit.page import sections, verdict
    from plumbline.evals.audit.passing import reasons, remarks
    from plumbline.evals.audit.settings import Auditing
    from plumbline.stages.audit import audited

    given = {"items": items, "quota": quota} | parse_sets(sets or [])
    settings = overlay(Auditing(), given)
    found = audited(
        labels, out, settings, people=people, against=against, again=again, since=since,
        store=store, say=say,
    )  # fmt: skip
    short = verdict(found, reasons(found, settings), remarks(found, settings))
    for line in lines([short, *sections(found)]):
        say(line)
    say(f"\nall of it: {out / 'audit.json'}, {out / 'report.html'}")


def lines(sections: Sequence[Section]) -> list[str]:
    """The audit for a terminal: what is said, and the tables under their titles."""
    found = [f"{text} {proof}".rstrip() for _, text, proof in sections[0].said]
    for one in sections[1:]:
        found += ["", paint(one.title, "bold"), table(one.header, one.rows)]
    return found
