"""Writing judgements: to plumbline's own form, to forms that other tools read, and in two parts.

Writes are whole or absent (`core.atomic`). The same judgements give the same bytes, packed or not.
Rows are made one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from plumbline.core import views
from plumbline.core.errors import UserError, unknown
from plumbline.core.types import Conversation, Example, Judgement, PairOf, Rating, text_of

from .canonical import to_row
from .lines import check_name, dumped, lines
from .load import OnBadRow, read
from .tables import table


class Rows(NamedTuple):
    """What a form makes of judgements: its columns, rows to be made, what it cannot write."""

    columns: Sequence[str]
    rows: Iterator[dict[str, Any]]
    dropped: list[views.Dropped]
    notes: tuple[str, ...] = ()


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
    count = 0
    with lines(Path(path)) as put:
        for judgement in judgements:
            put(dumped(to_row(judgement)))
            count += 1
    return count


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
    done = save(loaded.judgements, target, form, source=str(source))
    dropped = [*loaded.bad, *loaded.dropped, *loaded.left, *done.dropped]
    return Converted(done.rows, dropped, done.notes, loaded.ignored)


def save(
    judgements: Sequence[Judgement], target: str | Path, form: str, *, source: str = ""
) -> Converted:
    """Write judgements as `form`, in the kind of file that the name says (see `tables`).

    UserError, and no file, where none of them can be written in this form.
    """
    made = WRITERS[form](judgements)
    count = 0
    with table(Path(target), made.columns) as put:
        for row in made.rows:
            put(row)
            count += 1
        if not count:
            raise UserError(
                f"none of {len(judgements)} judgements can be written as {form!r}",
                where=source,
                fix="; ".join(dict.fromkeys([why for _, why in made.dropped] + [*made.notes]))
                or "take another form",
            )
    return Converted(count, made.dropped, made.notes)


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
    return Parts(rows, loaded.bad + loaded.dropped + loaded.left)


def _own(judgements: Sequence[Judgement]) -> Rows:
    kinds = {type(judgement) for judgement in judgements}
    known = {field.name for kind in kinds for field in fields(kind)}
    columns = ["judgement", *(name for name in ORDER if name in known)]
    return Rows(columns, (to_row(judgement) for judgement in judgements), [])


ORDER = (
    "prompt", "messages", "response", "responses", "tiers", "p", "margin", "n", "good", "score",
    "axis", "low", "high", "original", "corrected", "proposed", "text", "span", "provenance",
)  # fmt: skip
"""Columns of plumbline's own form in a table."""


def _preference(judgements: Sequence[Judgement]) -> Rows:
    """One row a pair (the weight of a ranking is spread over several rows: a loss of that form)."""
    made = views.pairs(judgements)
    columns = ("prompt", "chosen", "rejected", *_soft_columns(made.examples))
    return Rows(columns, _pairs(made.examples), made.dropped, made.notes)


def _pairs(examples: Sequence[Example]) -> Iterator[dict[str, Any]]:
    for example in examples:
        for pair in example.pairs:
            yield {
                "prompt": _turns(example.prompt),
                "chosen": _turns(example.responses[pair.winner]),
                "rejected": _turns(example.responses[pair.loser]),
            } | _soft(pair)


def _soft(pair: PairOf) -> dict[str, float]:
    soft = {"p": pair.p} if pair.p != 1 else {}
    return soft | ({"margin": pair.margin} if pair.margin else {})


def _soft_columns(examples: Sequence[Example]) -> list[str]:
    """Those of p and margin that some pair has."""
    used = {name for example in examples for pair in example.pairs for name in _soft(pair)}
    return [name for name in ("p", "margin") if name in used]


def _ranking(judgements: Sequence[Judgement]) -> Rows:
    made = views.rankings(judgements)
    columns = ("prompt", "responses", "ranking", *_soft_columns(made.examples))
    rows = (
        {
            "prompt": _turns(example.prompt),
            "responses": [_turns(response) for response in example.responses],
            "ranking": [list(tier) for tier in example.tiers],
        }
        | (_soft(example.pairs[0]) if example.pairs else {})
        for example in made.examples
    )
    return Rows(columns, rows, made.dropped, made.notes)


def _unpaired(judgements: Sequence[Judgement]) -> Rows:
    made = views.labelled(judgements)
    rows = (
        {"prompt": _turns(example.prompt), "completion": _turns(response), "label": good}
        for example in made.examples
        for response, good in zip(example.responses, example.labels, strict=True)
    )
    return Rows(("prompt", "completion", "label"), rows, made.dropped, made.notes)


def _rating(judgements: Sequence[Judgement]) -> Rows:
    """Ratings as they were given: no other judgement has a score."""
    sound = [j for j in judgements if isinstance(j, Rating) and not views.empty(j.response)]
    kept = {id(judgement) for judgement in sound}
    dropped = [(j.provenance.where, _unrated(j)) for j in judgements if id(j) not in kept]
    rows = (
        {
            "prompt": _turns(rating.prompt),
            "completion": _turns(rating.response),
            "score": rating.score,
            "axis": rating.axis,
        }
        | ({} if rating.low is None else {"low": rating.low})
        | ({} if rating.high is None else {"high": rating.high})
        for rating in sound
    )
    return Rows(("prompt", "completion", "score", "axis", "low", "high"), rows, dropped)


def _unrated(judgement: Judgement) -> str:
    kind = type(judgement).__name__.lower()
    return "empty answer" if isinstance(judgement, Rating) else f"a {kind} has no score"


def _messages(judgements: Sequence[Judgement]) -> Rows:
    """Conversations, or documents where there is nothing else: a file has one form."""
    made = views.demonstrations(judgements)
    talks = [e for e in made.examples if not _document(e)]
    if not talks:
        texts = ({"text": text_of(e.prompt + e.responses[0])} for e in made.examples)
        return Rows(("text",), texts, made.dropped, made.notes)
    papers = [(e.where, "a document among conversations") for e in made.examples if _document(e)]
    rows = ({"messages": _turns(example.prompt + example.responses[0])} for example in talks)
    notes = [*made.notes]
    if earlier := sum(any(m.role == "assistant" for m in e.prompt) for e in talks):
        notes.append(
            f"{earlier} conversations have earlier assistant turns, which a trainer of `messages`"
            " trains on too (train.turns=last does not)"
        )
    return Rows(("messages",), rows, [*made.dropped, *papers], tuple(notes))


def _document(example: Example) -> bool:
    return (example.prompt + example.responses[0])[0].role == "text"


def _turns(conversation: Conversation) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in conversation]


WRITERS: dict[str, Callable[[Sequence[Judgement]], Rows]] = {
    "plumbline": _own,
    "preference": _preference,
    "ranking": _ranking,
    "unpaired": _unpaired,
    "rating": _rating,
    "messages": _messages,
}
"""Forms that can be written. Only plumbline's own keeps everything."""
