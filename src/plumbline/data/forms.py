"""Every form of data that is understood, each a small function from a row to a judgement.

A form is recognised by the fields of a file's first row alone: the first form of `FORMS` whose
`needs` are all there and whose `kinds` fit, so more specific forms come first. Other fields are
left aside and named. A form that asks for little (`plain=True`) is not taken where a left-over
field looks like one that another form needs: a misspelt `chosen` or `label` must not turn
preferences into demonstrations.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from plumbline.core.errors import UserError
from plumbline.core.types import Judgement, Provenance

from . import argilla, canonical, comparisons, label_studio, single, trees
from .bad import Left
from .fields import Row

Make = Callable[[Row, Provenance], Judgement | list[Judgement | Left]]


@dataclass(frozen=True)
class Form:
    """A known form: its name, the fields it needs, those it can use, and how a row is read.

    `kinds` restricts the type of a field's value; `about` says in a line what it is.
    """

    name: str
    needs: tuple[str, ...]
    make: Make
    about: str
    uses: tuple[str, ...] = ()
    kinds: tuple[tuple[str, type], ...] = ()
    plain: bool = False

    def fits(self, row: Row) -> bool:
        return set(self.needs) <= set(row) and all(isinstance(row[k], t) for k, t in self.kinds)


SETTING = ("system", "tools")
SCALE = ("axis", "low", "high")
SOFT = ("margin", "p", *SETTING)

FORMS: tuple[Form, ...] = (
    Form("plumbline", ("judgement",), canonical.from_row, "plumbline's own judgements, any kind",
         uses=canonical.FIELDS),
    Form("open-assistant tree", ("message_tree_id", "prompt"), trees.tree,
         "Open Assistant's trees: replies with ranks", uses=("tree_state",)),
    Form("open-assistant message", ("message_id", "text", "role", "replies"), trees.message,
         "Open Assistant's messages with their replies"),
    Form("argilla", ("fields", "responses"), argilla.record,
         "Argilla's records with people's responses", kinds=(("fields", dict),)),
    Form("label studio", ("data", "annotations"), label_studio.task,
         "Label Studio's tasks with people's annotations",
         kinds=(("data", dict),)),
    Form("taskmaster", ("context", "generation", "reward"), single.taskmaster,
         "Taskmaster's rewards: turns with API calls, 0 or 1"),
    Form("correction", ("prompt", "original", "corrected"), single.correction,
         "an answer and how it should have been", uses=SETTING),
    Form("critique", ("prompt", "completion", "critique"), single.critique,
         "an answer and words about it", uses=SETTING),
    Form("ranking", ("prompt", "responses", "ranking"), comparisons.ranking,
         "K answers, best first as indices, ties as nested lists", uses=SOFT),
    Form("ranking by scores", ("prompt", "responses", "scores"), comparisons.scored,
         "K answers with a score each", uses=SETTING),
    Form("preference of conversations", ("conversations", "chosen", "rejected"),
         comparisons.continued, "turns so far, and a better and a worse next turn", uses=SOFT),
    Form("preference of instructions", ("instruction", "chosen", "rejected"),
         comparisons.instructed, "Alpaca's instruction with two answers",
         uses=("input", "history", *SOFT)),
    Form("preference", ("prompt", "chosen", "rejected"), comparisons.preference,
         "a prompt, a better and a worse answer", uses=SOFT),
    Form("preference of transcripts", ("chosen", "rejected"), comparisons.transcripts,
         "two hh-rlhf transcripts that differ in the last turn", uses=("margin", "p"),
         kinds=(("chosen", str), ("rejected", str))),
    Form("preference of whole conversations", ("chosen", "rejected"), comparisons.conversations,
         "two conversations with a shared beginning", uses=SOFT,
         kinds=(("chosen", list), ("rejected", list))),
    Form("preference of whole conversations", ("chosen_messages", "rejected_messages"),
         comparisons.conversations, "two conversations with a shared beginning", uses=SOFT),
    Form("unpaired", ("prompt", "completion", "label"), single.unpaired,
         "one answer, good or bad", uses=SETTING),
    Form("unpaired", ("messages", "label"), single.unpaired, "a conversation, good or bad",
         uses=SETTING),
    Form("rating", ("prompt", "completion", "score"), single.rating, "one answer with a score",
         uses=(*SCALE, *SETTING)),
    Form("rating", ("messages", "score"), single.rating, "a conversation with a score",
         uses=(*SCALE, *SETTING)),
    Form("messages", ("messages",), single.messages, "conversations to imitate", plain=True,
         uses=SETTING),
    Form("sharegpt", ("conversations",), single.messages, "ShareGPT's conversations to imitate",
         plain=True, uses=SETTING),
    Form("prompt and completion", ("prompt", "completion"), single.completion,
         "a prompt and an answer to imitate", plain=True, uses=SETTING),
    Form("alpaca", ("instruction", "output"), single.alpaca,
         "Alpaca: an instruction, perhaps an input, and the output to imitate", plain=True,
         uses=("input", "history", *SETTING)),
    Form("dolly", ("instruction", "response"), single.dolly,
         "Dolly: an instruction, perhaps a context, and the response to imitate", plain=True,
         uses=("context",)),
    Form("text", ("text",), single.document, "documents", plain=True),
    Form("prompts", ("prompt",), single.only_prompt, "prompts without answers", plain=True,
         uses=SETTING),
)  # fmt: skip
"""In the order in which they are tried."""

_SHARED = {
    "annotations", "context", "conversations", "data", "fields", "instruction", "message_id",
    "messages", "prompt", "text",
}  # fmt: skip
DECISIVE = sorted({name for form in FORMS if not form.plain for name in form.needs} - _SHARED)
"""Fields that tell a form that asks for much from one that asks for little."""


def recognise(row: Row) -> Form:
    """The form of a row; a UserError (without a place) lists its fields and the nearest form."""
    for form in FORMS:
        if form.fits(row) and not (form.plain and _suspicious(form, row)):
            return form
    raise UserError(f"data of no known form: its fields are {_names(row)}", fix=_advice(row))


def unused(form: Form, row: Row) -> tuple[str, ...]:
    """Fields of a row that its form does not read."""
    return tuple(name for name in row if name not in form.needs and name not in form.uses)


def _suspicious(form: Form, row: Row) -> list[tuple[str, str]]:
    """(left-over field, the decisive field it equals or resembles)."""
    found = []
    for name in unused(form, row):
        near = difflib.get_close_matches(name.lower(), DECISIVE, n=1, cutoff=0.8)
        if near and near[0] not in form.needs:
            found.append((name, near[0]))
    return found


def _advice(row: Row) -> str:
    form = max(FORMS, key=lambda f: _closeness(f, row))
    if _closeness(form, row) <= 0:
        return f"known forms: {_catalogue()}"
    missing = [name for name in form.needs if name not in row]
    lines = [f"nearest form: {form.name} ({', '.join(form.needs)})"]
    if missing:
        lines.append(f"missing: {', '.join(missing)}")
    for name in missing:
        near = difflib.get_close_matches(name, [n for n in row if n not in form.needs], n=1)
        if near:
            lines.append(f"rename {near[0]!r} to {name!r}?")
    if not missing and not form.fits(row):
        kinds = ", ".join(f"{name} as {KIND[kind]}" for name, kind in form.kinds)
        lines.append(f"give {kinds}")
    return "; ".join(lines)


KIND: Mapping[type, str] = {str: "text", list: "a list of turns", dict: "an object"}


def _closeness(form: Form, row: Row) -> float:
    """How nearly a row has what a form needs: fields shared or alike, less those missing."""
    have: Collection[str] = set(row)
    alike = [
        name
        for name in form.needs
        if name not in have and difflib.get_close_matches(name, have, n=1, cutoff=0.8)
    ]
    shared = sum(name in have for name in form.needs)
    missing = len(form.needs) - shared - len(alike)
    return (shared + 0.9 * len(alike)) - 0.75 * missing if shared or alike else 0.0


def _names(row: Row) -> str:
    return ", ".join(str(name) for name in row) or "none"


def _catalogue() -> str:
    return "; ".join(dict.fromkeys(", ".join(form.needs) for form in FORMS))
