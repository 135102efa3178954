"""A label as it was observed: one pair, one principle, one judge, read in both orders.

A file of labels holds one a line, next to a file that says by what they were made. What is trained
on is derived from them (`feedback.judging.pooled`), so that another way of combining, clamping or
weighing asks no judge again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.core.ids import digest
from plumbline.core.types import Conversation, Message, Response
from plumbline.feedback.judging.verdicts import By, Clamp, Reading, Verdict, combined

LABELS, MADE_BY = "labels.jsonl", "judged.json"


@dataclass(frozen=True)
class Made:
    """By what labels were made; `id` says whether two were made alike (drift, audits)."""

    judge: str
    judge_id: str
    template: str
    constitution: str
    mode: str = "plain"

    @property
    def id(self) -> str:
        """Of judge, template, constitution and mode; the judge's name is for people."""
        return digest([self.judge_id, self.template, self.constitution, self.mode])[:16]


@dataclass(frozen=True)
class Label:
    """`readings`: the answers in their order, and the other way round. `models`: who wrote each
    answer, where that is known; `made`: the id of what it was made by."""

    prompt: Conversation
    answers: tuple[Response, Response]
    principle: str
    axis: str
    readings: tuple[Reading, Reading]
    made: str
    models: tuple[str, str] = ("", "")
    where: str = ""

    @property
    def pair(self) -> str:
        """The same for the same prompt and answers, in either order."""
        return pair_of(self.prompt, self.answers)

    def verdict(self, by: By = "logodds", clamp: Clamp | None = None) -> Verdict:
        """What both readings come to, for the first answer against the second."""
        return combined(*self.readings, by, clamp)

    def turned(self) -> Label:
        """The same label of the answers in the other order."""
        return Label(
            self.prompt, self.answers[::-1], self.principle, self.axis, self.readings[::-1],
            self.made, self.models[::-1], self.where,
        )  # fmt: skip


def pair_of(prompt: Conversation, answers: tuple[Response, Response]) -> str:
    """A pair's name, by content, whatever its order."""
    said = sorted([[m.role, m.content] for m in one] for one in answers)
    return digest([[[m.role, m.content] for m in prompt], said])[:20]


def as_line(label: Label) -> str:
    """One line of a file of labels."""
    row = asdict(label)
    for name in ("prompt", "answers"):
        row[name] = _plain(row[name])
    return json.dumps(row, ensure_ascii=False) + "\n"


def read_labels(folder: Path) -> tuple[Made, list[Label]]:
    """What labels were made by, and the labels of a folder. UserError where it holds none."""
    try:
        made = Made(**json.loads((folder / MADE_BY).read_text("utf-8")))
        found = list(_labels(folder / LABELS))
    except FileNotFoundError as error:
        fix = "give a folder that plumbline label wrote"
        raise UserError("no labels here", where=str(error.filename), fix=fix) from None
    return made, found


def _labels(path: Path) -> Iterator[Label]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield _label(json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                raise UserError(f"not a label: {error}", where=f"{path}:{number}") from None


def _label(row: Mapping[str, Any]) -> Label:
    one, other = (Reading(**reading) for reading in row["readings"])
    x, y = (_turns(said) for said in row["answers"])
    models = (str(row["models"][0]), str(row["models"][1]))
    return Label(
        _turns(row["prompt"]), (x, y), row["principle"], row["axis"], (one, other), row["made"],
        models, row["where"],
    )  # fmt: skip


def _turns(said: Iterable[Mapping[str, str]]) -> Conversation:
    return tuple(Message(one["role"], one["content"]) for one in said)


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
