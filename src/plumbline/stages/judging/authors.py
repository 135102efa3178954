"""Answers of several authors to the same prompts, a file each: who wins, by a judge?

    plumbline label ours.jsonl theirs.jsonl        authors are called by their files
    plumbline label ours=A.jsonl theirs=B.jsonl    or as they are named here

A file holds answers (`plumbline sample`) or demonstrations, whose last turn is the answer (the data
of `plumbline revise`). Answers to one prompt meet those of every other author, and never their own
author's. A prompt counts as the same by its turns, a system turn included; prompts that one file
alone answers are left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Demonstration, Response
from plumbline.core.views import left_out
from plumbline.data import read
from plumbline.data.load import OnBadRow, found
from plumbline.feedback.judging.parts import Part
from plumbline.stages.collected import data_path
from plumbline.stages.judging.pairs import (
    Drawn,
    Group,
    answers_in,
    data_in,
    has_answers,
    paired,
    pairs_of,
)
from plumbline.store import Store

Source = Path | Mapping[str, Path]
"""A file of pairs, or a file of answers for each author."""


def source_of(given: Sequence[str], home: Store) -> Source:
    """What is to be compared: DATA alone, or [NAME=]DATA for each author. UserError where two
    authors have one name."""
    if len(given) == 1:
        return data_in(Path(data_path(given[0], home)))
    files: dict[str, Path] = {}
    for one in given:
        name, named, rest = one.partition("=")
        spec = rest if named and not Path(one).exists() else one
        author = name if spec is rest else _called(spec)
        if author in files:
            fix = f"name them: {author}={files[author]} other={spec}"
            raise UserError(f"two authors are called {author!r}", where=spec, fix=fix)
        files[author] = data_in(Path(data_path(spec, home)))
    return files


def _called(spec: str) -> str:
    """What a file's author is called: "ours" of "runs/ours.jsonl.gz" and of "ref:ours"."""
    if spec.startswith("ref:"):
        return spec.removeprefix("ref:")
    path = Path(spec.removesuffix(".gz"))
    return path.name if Path(spec).is_dir() else path.stem


def drawn_from(source: Source, *, most: int, seed: int, part: Part, on_bad_row: OnBadRow) -> Drawn:
    """The pairs of either."""
    if isinstance(source, Path):
        return pairs_of(source, most=most, seed=seed, part=part, on_bad_row=on_bad_row)
    groups, notes = _between(source, on_bad_row)
    first, *_ = source.values()
    return paired(groups, notes, str(first), most, seed, part)


def _between(files: Mapping[str, Path], on_bad_row: OnBadRow) -> tuple[list[Group], list[str]]:
    """A group for each prompt that two authors or more answered, in the order of the files."""
    said: dict[Conversation, list[tuple[str, Response, str]]] = {}
    notes: list[str] = []
    for author, path in files.items():
        before = sum(map(len, said.values()))
        for prompt, answer, where in _answers(path, on_bad_row, notes):
            said.setdefault(prompt, []).append((author, answer, where))
        notes.append(f"{author}: {sum(map(len, said.values())) - before} answers of {path}")
    shared = {prompt: own for prompt, own in said.items() if len({who for who, *_ in own}) > 1}
    if not shared:
        fix = "sample every model on the same prompts, under the same system text"
        where = ", ".join(map(str, files.values()))
        raise UserError("no prompt is answered in two of these files", where=where, fix=fix)
    if alone := len(said) - len(shared):
        notes.append(f"left out {alone} of {len(said)} prompts: one file alone answers them")
    return [_group(prompt, own) for prompt, own in shared.items()], notes


def _group(prompt: Conversation, own: Sequence[tuple[str, Response, str]]) -> Group:
    authors, answers, places = zip(*own, strict=True)
    return Group(prompt, answers, authors, places[0], across=True)


def _answers(
    path: Path, on_bad_row: OnBadRow, notes: list[str]
) -> Iterator[tuple[Conversation, Response, str]]:
    """(prompt, answer, where) of a file; what of it is no answer is noted."""
    first = next(iter(found(path)), None)
    if first and has_answers(first[1]):
        for where, row in found(path):
            group = answers_in(row, where)
            yield from ((group.prompt, one, where) for one in group.answers)
        return
    loaded = read(path, on_bad_row=on_bad_row)
    notes += left_out(loaded.bad + loaded.dropped + loaded.left)
    shown = [one for one in loaded.judgements if isinstance(one, Demonstration)]
    told = [one for one in shown if one.messages[-1].role == "assistant" and one.messages[1:]]
    if not told:
        fix = "give answers as plumbline sample writes them, or demonstrations"
        raise UserError("a file without answers", where=str(path), fix=fix)
    if others := len(loaded.judgements) - len(told):
        notes.append(f"left out {others} rows of {path}: no answer to a prompt")
    yield from ((one.messages[:-1], one.messages[-1:], one.provenance.where) for one in told)
