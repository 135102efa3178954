"""Critiques become revisions: the answer without the sentences that people point at.

A model that can revise would put something better in their place; this one only takes away, at no
cost of anybody's minutes. Answers of which nothing would be left, or at which nobody points, give
nothing, and are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.types import Critique, Edit, Judgement, answer, text_of
from plumbline.store import Context, stage


def revise(ctx: Context, settings: None, inputs: Mapping[str, Path]) -> None:
    """Corrections as data.jsonl."""
    from plumbline.data import read, write
    from plumbline.stages.files import DATA, data_file

    said = read(data_file(inputs["answers"])).judgements
    found = revisions(said)
    asked = {(one.prompt, one.response) for one in said if isinstance(one, Critique)}
    ctx.say(f"{len(found)} revisions of {len(asked)} answers that were criticised")
    if not found:
        raise UserError("no critique points at anything that could go", fix="ask for more minutes")
    write(ctx.out / DATA, found)


revised = stage(
    "forms.revised",
    version=1,
    inputs={"answers": "data"},
    makes="data",
    function="plumbline.recipe.forms.revised:revise",
)


def revisions(said: Iterable[Judgement]) -> list[Edit]:
    """A correction for each answer with notes that point somewhere and leave something."""
    notes: dict[tuple[object, ...], list[Critique]] = {}
    for one in said:
        if isinstance(one, Critique):
            by = one.provenance.judge.name
            notes.setdefault((one.prompt, one.response, by), []).append(one)
    made = [_without(found) for found in notes.values()]
    return [edit for edit in made if edit is not None]


def _without(notes: list[Critique]) -> Edit | None:
    first, text = notes[0], text_of(notes[0].response)
    for start, end in sorted({note.span for note in notes if note.span}, reverse=True):
        text = f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()
    if not text or text == text_of(first.response):
        return None
    return Edit(first.prompt, first.response, answer(text), first.provenance)
