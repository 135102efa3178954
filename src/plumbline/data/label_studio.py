"""Label Studio's tasks with people's annotations, one judgement an annotator and result.

Understood: the export "JSON" (from the Export page, `GET /api/projects/ID/export?exportType=JSON`
or `project.export_tasks()`), from version 1.0 on. A task has `data` and `annotations`; each result
of an annotation has a type:

    pairwise    one of two answers: `selected` left or right. `to_name` says which they are where
                it holds two fields' names (many versions write the tag's own name there); else
                left is the first by name (answer1, response_a)
    ranker      the order of a list of {id, title, body} without buckets
    rating      stars, on a scale that the export does not say (`plumbline import --scale`)
    choices     one choice: an answer's name, tie, or good or bad (data/annotated.py)
    textarea    a correction, words about the answer, or a demonstration, by its name

`lead_time` is the time of the whole annotation; its first judgement carries it. Cancelled
annotations take no part; drafts and predictions are not read. Not understood: JSON-MIN, CSV and
the exports before 1.0 (`completions`); buckets, which group and do not rank; several choices; other
types. Fields of `data` must be named as tags are, or as data/annotated.py says.
Source: labelstud.io/guide/task_format and the tags Pairwise, Ranker, Rating, Choices, TextArea.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from plumbline.core.types import Judge, Judgement, Provenance, Ranking, answer

from . import annotated, fields
from .annotated import Heard, Record
from .bad import Bad, Left
from .fields import Row

FIX = "give Label Studio's export unchanged, in the format JSON"


def task(row: Row, provenance: Provenance) -> list[Judgement | Left]:
    """All judgements of one task."""
    heard = Heard()
    if not isinstance(row["annotations"], list):
        raise Bad("'annotations' is no list", FIX)
    annotations = [_object(one) for one in row["annotations"]]
    kept = [one for one in annotations if not one.get("was_cancelled") and one.get("result")]
    cancelled = sum(bool(one.get("was_cancelled")) for one in annotations)
    heard.left += [Left("an annotation that was cancelled")] * cancelled
    empty = len(annotations) - len(kept) - cancelled
    heard.left += [Left("an annotation without a result")] * empty
    if not annotations:
        heard.left.append(Left("a task that nobody annotated"))
    if kept:
        shown, lists = _shown(row["data"])
        heard.left += [Left(f"the task's field {name!r} is not read") for name in shown.unread]
        for one in kept:
            _annotation(shown, lists, one, provenance, heard)
    return heard.settled()


def _shown(data: Row) -> tuple[Record, list[Record]]:
    """The record, and one for each list of items that could be ranked."""
    lists = {name: found for name, value in data.items() if (found := _items(value))}
    shown = annotated.record({name: v for name, v in data.items() if name not in lists})
    return shown, [replace(shown, answers=items) for items in lists.values()]


def _items(value: Any) -> dict[str, Any]:
    """The answers in a list of {id, title, body}, by id; empty where it is no such list."""
    if not isinstance(value, list) or not all(isinstance(v, dict) and "id" in v for v in value):
        return {}
    words = {str(item["id"]): item.get("body") or item.get("title") for item in value}
    return {name: answer(said) for name, said in words.items() if isinstance(said, str)}


def _annotation(
    shown: Record, lists: list[Record], said: Row, provenance: Provenance, heard: Heard
) -> None:
    by = _provenance(said, provenance)
    for result in said["result"]:
        before = len(heard.judgements)
        heard.hear(partial(_judgements, shown, lists, _object(result), by))
        if len(heard.judgements) > before:
            by = replace(by, seconds=None)


def _provenance(said: Row, provenance: Provenance) -> Provenance:
    who = said.get("completed_by")
    if isinstance(who, dict):
        who = who.get("id", who.get("email"))
    return Provenance(
        provenance.where,
        Judge("human", "" if who is None else str(who)),
        when=str(said.get("created_at") or ""),
        seconds=fields.maybe_number(said, "lead_time"),
        source=provenance.source,
    )


def _judgements(
    shown: Record, lists: list[Record], result: Row, by: Provenance
) -> list[Judgement | Left]:
    kind, question = str(result.get("type")), str(result.get("from_name") or "")
    if kind == "ranker":
        return [_ranker(lists, question, _value(result, kind), by)]
    if kind not in TYPES:
        known = ", ".join((*TYPES, "ranker"))
        fix = f"known: {known}; take the tag out of the labelling interface and export again"
        raise Bad(f"a result of the type {kind!r} ({question!r})", fix)
    return [TYPES[kind](shown, question, result, by)]


def _pairwise(shown: Record, question: str, result: Row, by: Provenance) -> Ranking:
    names = [name.strip() for name in str(result.get("to_name") or "").split(",")]
    sides = names if len(names) == 2 and set(names) <= set(shown.answers) else list(shown.answers)
    if len(sides) != 2:
        what = f"{question!r} compares two answers, and the task shows {len(sides)}"
        raise Bad(what, annotated.NAMING)
    chosen = _value(result, "selected")
    if chosen not in ("left", "right"):
        raise Bad(f"{question!r} selected {chosen!r}, neither left nor right", FIX)
    best, worst = sides if chosen == "left" else sides[::-1]
    places = list(shown.answers)
    return annotated.ranked(
        shown, [[best], [worst]], replace(by, shown=tuple(places.index(side) for side in sides))
    )


def _ranker(lists: list[Record], question: str, value: Any, by: Provenance) -> Ranking:
    """A list of ids, or {the tag's name: list of ids}."""
    buckets = value if isinstance(value, dict) else {question: value}
    if list(buckets) != [question] or not isinstance(buckets[question], list):
        what = f"{question!r} puts answers into buckets ({', '.join(buckets)}), which is no ranking"
        raise Bad(what, "rank with a Ranker that has no Bucket")
    ids = [str(one) for one in buckets[question]]
    for items in lists:
        if set(ids) <= set(items.answers):
            by = replace(by, shown=tuple(range(len(items.answers))))
            return annotated.ranked(items, [[one] for one in ids], by)
    what = f"{question!r} ranks {', '.join(ids)}, and no list of the task has these"
    raise Bad(what, "a list holds {id, title, body} with text in body or title")


def _rating(shown: Record, question: str, result: Row, by: Provenance) -> Judgement:
    return annotated.rated(shown, question, _value(result, "rating"), by, _to(result))


def _choices(shown: Record, question: str, result: Row, by: Provenance) -> Judgement:
    chosen = _value(result, "choices")
    if not isinstance(chosen, list) or len(chosen) != 1 or not isinstance(chosen[0], str):
        what = f"{question!r} has several choices or nested ones ({chosen!r})"
        raise Bad(what, 'ask with choice="single"')
    return annotated.labelled(shown, question, chosen[0], by, _to(result))


def _textarea(shown: Record, question: str, result: Row, by: Provenance) -> Judgement | Left:
    given = _value(result, "text")
    texts = given if isinstance(given, list) else [given]
    if not all(isinstance(text, str) for text in texts):
        raise Bad(f"{question!r} holds something that is not text", FIX)
    return annotated.written(shown, question, "\n\n".join(texts), by, _to(result))


TYPES: Mapping[str, Callable[[Record, str, Row, Provenance], Judgement | Left]] = {
    "pairwise": _pairwise,
    "rating": _rating,
    "choices": _choices,
    "textarea": _textarea,
}


def _to(result: Row) -> str:
    return str(result.get("to_name") or "")


def _value(result: Row, name: str) -> Any:
    value = _object(result.get("value"))
    if name not in value:
        raise Bad(f"a {result.get('type')} without {name!r}", FIX)
    return value[name]


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Bad(f"{str(value)[:40]!r} stands where Label Studio writes an object", FIX)
    return value
