"""`clean` in a recipe: a data file in, the rows that stay out, with the account of what went.

A row that does not parse stops the stage; `plumbline data clean --on-bad-row drop` is the place to
deal with such files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from plumbline.data.clean import report
from plumbline.data.clean.pipeline import fill
from plumbline.data.clean.settings import Cleaning
from plumbline.stages.cards import carry
from plumbline.stages.files import DATA, data_file
from plumbline.store import Context


def clean(ctx: Context, settings: Cleaning, inputs: Mapping[str, Path]) -> None:
    """Write data.jsonl, removed.jsonl and the counts; `against` is an evaluation to keep out."""

    def tick(phase: str, done: int, total: int) -> None:
        ctx.progress(done, total or None, unit=phase)

    against = [data_file(inputs["against"])] if "against" in inputs else []
    data = data_file(inputs["data"])
    result = fill(str(data), ctx.out, settings, against, tick=tick)
    carry([data], ctx.out / DATA)
    ctx.say(report.headline(result))
