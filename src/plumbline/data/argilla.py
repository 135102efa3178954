"""Argilla's records with people's responses, one judgement an annotator and question.

Understood, as .json or .jsonl, one record a row:

    version 2    `dataset.records.to_json(path)` and `to_list()` (not flattened): `responses` is
                 {question: [{value, user_id, status}]}
    version 1    `record.dict()` of a FeedbackDataset, and the records of the server's REST API:
                 `responses` is [{values: {question: {value}}, user_id, status}]

A record says neither the kind of a question nor a rating's scale, so the value tells:

    number                    a rating (its scale: `plumbline import --scale`)
    [{value, rank}], [name]   a ranking; version 2's export drops ranks and with them ties
    [{start, end, label}]     spans of the answer that the question's name names: a critique each
    text                      a label or free text, by the question's name (data/annotated.py)

Responses that were discarded or are drafts take no part; where no status is written (early exports
of version 2) every response counts. Suggestions are a model's and are not read. Not understood:
`to_list(flatten=True)`, `to_datasets()` and what was pushed to the Hub (a column a question),
multi-label questions, fields of images.
Source: github.com/argilla-io/argilla, Record.to_dict and FeedbackRecord.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from plumbline.core.types import Critique, Judge, Judgement, Provenance, text_of

from . import annotated, fields
from .annotated import Heard, Record
from .bad import Bad, Left
from .fields import Row

FIX = "give Argilla's export unchanged: dataset.records.to_json(path)"


class Said(NamedTuple):
    """One answer of one person to one question."""

    question: str
    value: Any
    status: str
    provenance: Provenance


def record(row: Row, provenance: Provenance) -> list[Judgement | Left]:
    """All judgements of one record."""
    heard = Heard()
    said = list(_said(row["responses"], provenance))
    told = [one for one in said if one.status == "submitted"]
    aside = [one for one in said if one.status != "submitted"]
    heard.left += [Left(f"a response that is {one.status}") for one in aside]
    if not said:
        heard.left.append(Left("a record that nobody answered"))
    if told:
        shown = annotated.record(row["fields"])
        heard.left += [Left(f"the record's field {name!r} is not read") for name in shown.unread]
        for one in told:
            heard.hear(partial(_judgements, shown, one))
    return heard.settled()


def _said(responses: Any, provenance: Provenance) -> Iterator[Said]:
    if isinstance(responses, dict):
        for question, given in responses.items():
            for one in map(_object, _array(question, given)):
                yield _one(question, one, one, provenance)
    elif isinstance(responses, list):
        for whole in map(_object, responses):
            values = _object(whole.get("values") or {})
            for question, one in values.items():
                yield _one(question, _object(one), whole, provenance)
            if not values:
                yield _one("", {}, whole, provenance)
    else:
        raise Bad("'responses' is neither an object nor a list", FIX)


def _one(question: str, said: Row, whole: Row, provenance: Provenance) -> Said:
    """`whole` says who, when and with which status."""
    user = whole.get("user_id")
    name = "" if user in (None, "None") else str(user)
    when = str(whole.get("updated_at") or whole.get("inserted_at") or "")
    status = str(whole.get("status") or "submitted")
    if status == "submitted" and not question:
        status = "empty"
    by = Provenance(provenance.where, Judge("human", name), when=when, source=provenance.source)
    return Said(question, said.get("value"), status, by)


def _judgements(shown: Record, said: Said) -> list[Judgement | Left]:
    question, value, by = said.question, said.value, said.provenance
    match value:
        case bool() | None:
            raise Bad(f"the answer {value!r} to {question!r}", FIX)
        case int() | float():
            return [annotated.rated(shown, question, value, by)]
        case str() if annotated.asks_for_text(shown, question):
            return [annotated.written(shown, question, value, by)]
        case str():
            return [annotated.labelled(shown, question, value, by)]
        case [{"start": _, "end": _}, *_]:
            return list(_spans(shown, said))
        case [{"value": _}, *_]:
            return [annotated.ranked(shown, _tiers(value), by)]
        case [str(), str(), *_] if all(annotated.named(shown, str(one)) for one in value):
            return [annotated.ranked(shown, [[one] for one in value], by)]
    kind = "multi-label" if isinstance(value, list) else type(value).__name__
    raise Bad(
        f"an answer of the kind {kind} to {question!r}",
        "known: ratings, rankings of the answers, labels, text, spans; take the question out of the"
        " export, or ask it with one label",
    )


def _tiers(options: list[Any]) -> list[list[str]]:
    """Best first; equal ranks tie. Without any rank the order of the list is the ranking."""
    given = [_object(option) for option in options]
    ranked = [option for option in given if option.get("rank") is not None]
    if not ranked:
        return [[str(option.get("value"))] for option in given]
    levels: dict[float, list[str]] = {}
    for option in ranked:
        levels.setdefault(fields.number(option, "rank"), []).append(str(option.get("value")))
    return [levels[rank] for rank in sorted(levels)]


def _spans(shown: Record, said: Said) -> Iterator[Judgement]:
    """A critique a span. The export does not name the field, so the question must."""
    named, _ = annotated.target(shown, said.question)
    if annotated.axis_of(said.question, named) == said.question:
        what = f"the spans of {said.question!r} do not say which field they mark"
        raise Bad(what, f"put the field's name into the question's: {said.question}_{named}")
    size = len(text_of(shown.answers[named]))
    for span in map(_object, said.value):
        start, end = (int(fields.number(span, name)) for name in ("start", "end"))
        if not 0 <= start < end <= size:
            raise Bad(f"a span from {start} to {end} in {named!r} of {size} characters", FIX)
        text = str(span.get("label") or "")
        by, answer = said.provenance, shown.answers[named]
        yield Critique(shown.prompt, answer, text, (start, end), by)


def _array(question: str, value: Any) -> list[Any]:
    if not isinstance(value, list | None):
        raise Bad(f"the answers to {question!r} are {str(value)[:40]!r}, not a list", FIX)
    return value or []


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Bad(f"{str(value)[:40]!r} stands where Argilla writes an object", FIX)
    return value
