"""Whose answers win by a judge's labels, as a table of the page: by the judge alone, and corrected.

Read from the `wins` of a results.json: {"rows": [{who, corrected, judge, people, excess}], "note"}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plumbline.core.stats import Interval
from plumbline.evals.folders import Run, interval_of

ALONE = (
    "Of the labels of an author's answers beside another's, the share that prefers them; a tie"
    " counts half. By the judge alone, its errors and tastes are in the number, and the interval"
    " knows nothing of them. Equal answers are not compared."
)
MENDED = (
    " Corrected, the judge's share is mended by what people said of a sample of these labels"
    " (prediction-powered inference): that is the one to quote. Judge less people: on the labels"
    " that people judged."
)
Table = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]


def table(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], *Table]:
    """(paragraphs, heading, rows), without people's columns where nobody judged."""
    told = [(str(one["who"]), {name: interval_of(one[name], "wins") for name in NAMES})
            for one in rows]  # fmt: skip
    if not any(found["people"].n for _, found in told):
        bare = tuple((who, number(one["judge"]), f"{one['judge'].n:,}") for who, one in told)
        return (ALONE,), ("answers of", "by the judge alone, not corrected", "labels"), bare
    head = ("answers of", *NAMES.values(), "labels", "judged by people")
    return (ALONE + MENDED,), head, tuple(_row(who, one) for who, one in told)


def won(runs: Sequence[Run]) -> list[tuple[Run, tuple[str, ...], Table]]:
    """(run, paragraphs, table) of those that labelled answers of known authors."""
    found = []
    for run in runs:
        if own := run.results.get("wins"):
            how, head, rows = table(own["rows"])
            found.append((run, (*how, *map(str, own["notes"])), (head, rows)))
    return found


NAMES = {
    "corrected": "corrected by people", "judge": "by the judge alone", "people": "by people alone",
    "excess": "judge less people",
}  # fmt: skip
"""What a row holds, and how its column is headed."""


def _row(who: str, one: Mapping[str, Interval]) -> tuple[str, ...]:
    mended = number(one["corrected"]) if one["corrected"].known else "not corrected"
    others = (number(one[name]) for name in list(NAMES)[1:])
    return (who, mended, *others, f"{one['judge'].n:,}", f"{one['people'].n:,}")


def number(found: Interval) -> str:
    """ "0.62 [0.58, 0.66]", without ends where they are not known."""
    if not found.n and not found.known:
        return "-"
    ends = f" [{found.low:.2f}, {found.high:.2f}]" if found.known else ""
    return f"{found.value:.2f}{ends}"
