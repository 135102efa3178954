"""Writing judgements: to plumbline's own form, to forms that other tools read, and in two parts.

Writes are whole or absent (`core.atomic`). The same judgements give the same bytes, packed or not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.core import views
from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation, Example, Judgement, text_of

from .canonical import to_row
from .lines import check_name, lines
from .load import OnBadRow, read

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Converted:
    """Rows written, and what could not be: (where, why), remarks, fields that were not read."""

    rows: int
    dropped: list[tuple[str, str]]
    notes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parts:
    """The files of a split with their rows, and (where, why) of rows that are in neither."""

    rows: dict[Path, int]
    dropped: list[tuple[str, str]]


def write(path: str | Path, judgements: Iterable[Judgement]) -> int:
    """Judgements in plumbline's own form (.jsonl, .jsonl.gz), which `read` gives back; how many."""
    return _write(Path(path), [to_row(judgement) for judgement in judgements])


def convert(
    source: str | Path,
    target: str | Path,
    form: str = "plumbline",
    *,
    on_bad_row: OnBadRow = "stop",
) -> Converted:
    """Read any form, write `form` (see `WRITERS`); an error in the source writes nothing."""
    if form not in WRITERS:
        raise unknown("form to write", form, WRITERS)
    check_name(Path(target))
    loaded = read(source, on_bad_row=on_bad_row)
    rows, dropped, notes = WRITERS[form](loaded.judgements)
    if not rows:
        raise UserError(
            f"none of {len(loaded.judgements)} judgements can be written as {form!r}",
            where=str(source),
            fix="; ".join(dict.fromkeys(why for _, why in dropped)) or "take another form",
        )
    count = _write(Path(target), rows)
    return Converted(count, loaded.bad + loaded.dropped + dropped, notes, loaded.ignored)


def split_file(
    source: str | Path,
    *,
    fraction: float = 0.1,
    most: int = 500,
    on_bad_row: OnBadRow = "stop",
) -> Parts:
    """Write NAME.train.jsonl and NAME.heldout.jsonl beside the source (of a Hub name: here).

    The split is that of training (by the first prompt's text).
    """
    path = Path(source)
    loaded = read(source, on_bad_row=on_bad_row)
    train, held = views.split_judgements(loaded.judgements, fraction, most)
    folder, name = (path.parent if path.is_file() else Path()), path.name.removesuffix(".gz")
    stem = Path(name).stem if path.is_file() else name.replace(":", ".")
    rows = {
        target: write(target, part)
        for target, part in (
            (folder / f"{stem}.train.jsonl", train),
            (folder / f"{stem}.heldout.jsonl", held),
        )
    }
    return Parts(rows, loaded.bad + loaded.dropped)


def _own(judgements: Sequence[Judgement]) -> tuple[Rows, list[views.Dropped], tuple[str, ...]]:
    return [to_row(judgement) for judgement in judgements], [], ()


def _preference(
    judgements: Sequence[Judgement],
) -> tuple[Rows, list[views.Dropped], tuple[str, ...]]:
    """One row a pair (the weight of a ranking is spread over several rows: a loss of that form)."""
    made = views.pairs(judgements)
    rows = []
    for example in made.examples:
        for pair in example.pairs:
            row = {
                "prompt": _turns(example.prompt),
                "chosen": _turns(example.responses[pair.winner]),
                "rejected": _turns(example.responses[pair.loser]),
            }
            soft = {"p": pair.p} if pair.p != 1 else {}
            rows.append(row | soft | ({"margin": pair.margin} if pair.margin else {}))
    return rows, made.dropped, made.notes


def _ranking(judgements: Sequence[Judgement]) -> tuple[Rows, list[views.Dropped], tuple[str, ...]]:
    made = views.rankings(judgements)
    rows = [
        {
            "prompt": _turns(example.prompt),
            "responses": [_turns(response) for response in example.responses],
            "ranking": [list(tier) for tier in example.tiers],
        }
        for example in made.examples
    ]
    return rows, made.dropped, made.notes


def _unpaired(judgements: Sequence[Judgement]) -> tuple[Rows, list[views.Dropped], tuple[str, ...]]:
    made = views.labelled(judgements)
    rows = [
        {"prompt": _turns(example.prompt), "completion": _turns(response), "label": good}
        for example in made.examples
        for response, good in zip(example.responses, example.labels, strict=True)
    ]
    return rows, made.dropped, made.notes


def _messages(judgements: Sequence[Judgement]) -> tuple[Rows, list[views.Dropped], tuple[str, ...]]:
    made = views.demonstrations(judgements)
    return [_demonstrated(example) for example in made.examples], made.dropped, made.notes


def _demonstrated(example: Example) -> dict[str, Any]:
    whole = example.prompt + example.responses[0]
    if whole[0].role == "text":
        return {"text": text_of(whole)}
    return {"messages": _turns(whole)}


def _turns(conversation: Conversation) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in conversation]


WRITERS: dict[
    str,
    Callable[[Sequence[Judgement]], tuple[Rows, list[views.Dropped], tuple[str, ...]]],
] = {
    "plumbline": _own,
    "preference": _preference,
    "ranking": _ranking,
    "unpaired": _unpaired,
    "messages": _messages,
}
"""Forms that can be written. Only plumbline's own keeps everything."""


def _write(path: Path, rows: Rows) -> int:
    with lines(path) as put:
        for row in rows:
            put(json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8"))
    return len(rows)
