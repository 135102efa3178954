"""Labels of pairs, made and kept: labels.jsonl grows in the order of what is asked.

A line is on the disk before the next batch is asked; a process that is killed loses the batch it
was in, and the same command goes on behind the last whole line. judged.json and constitution.yaml
say by what the labels were made, and metrics.jsonl has a line a batch with what it took.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from plumbline.core import atomic
from plumbline.core.appending import Lines
from plumbline.core.errors import UserError
from plumbline.feedback.judging.constitution import Constitution, Principle
from plumbline.feedback.judging.judge import Judge, Question
from plumbline.feedback.judging.label import LABELS, MADE_BY, Label, Made, as_line, read_labels
from plumbline.feedback.judging.parts import signed
from plumbline.feedback.judging.template import Template
from plumbline.feedback.judging.verdicts import Reading
from plumbline.stages.judging.pairs import MARKS, Pair
from plumbline.stages.judging.settings import Labelling

METRICS, CONSTITUTION = "metrics.jsonl", "constitution.yaml"
TOGETHER = 128
"""Labels in a batch: what a kill may cost."""
Tick = Callable[[int, int, dict[str, float]], None]
"""Hears of labels done, of how many, and what is to be shown beside."""


class Asked(NamedTuple):
    """What one label is asked for."""

    pair: Pair
    principle: Principle

    def answers(self, label: Label) -> bool:
        """Whether this is what the label answers."""
        said = (label.prompt, label.answers, label.models, label.principle)
        pair = self.pair
        return said == (pair.prompt, pair.answers, pair.models, self.principle.id)


@dataclass(frozen=True)
class Labeller:
    """A judge with all that it is told."""

    judge: Judge
    constitution: Constitution
    template: Template
    settings: Labelling

    @property
    def made(self) -> Made:
        """By what its labels are made."""
        return Made(
            self.judge.name, self.judge.id, self.template.id, self.constitution.id,
            self.settings.made,
        )  # fmt: skip

    def labels(self, asked: Sequence[Asked]) -> list[Label]:
        """A label each, read in both orders."""
        questions = [question for one in asked for question in self._both(one)]
        read = [Reading.of(one) for one in self.judge.weigh(questions, self.settings.seed)]
        both = zip(read[::2], read[1::2], strict=True)
        return [
            Label(one.pair.prompt, one.pair.answers, one.principle.id, one.principle.axis,
                  readings, self.made.id, one.pair.models, one.pair.where)
            for one, readings in zip(asked, both, strict=True)
        ]  # fmt: skip

    def _both(self, one: Asked) -> tuple[Question, Question]:
        """The pair in both orders; of answers that reason first the part that is judged, under
        their authors' names where these are tried."""
        s = self.settings
        names = {"hidden": ("", ""), "told": one.pair.models, "swapped": one.pair.models[::-1]}
        told = zip(one.pair.answers, names[s.authors], strict=True)
        a, b = (signed(MARKS.of(answer, s.part), name) for answer, name in told)
        prompt = one.pair.prompt
        return (
            self.template.pair(one.principle, prompt, (a, b), s.tokens),
            self.template.pair(one.principle, prompt, (b, a), s.tokens),
        )


def asked_of(
    pairs: Sequence[Pair], constitution: Constitution, settings: Labelling
) -> tuple[list[Asked], int]:
    """What is to be asked, pair by pair, and how many pairs have no principle that applies. A
    pair's principles are the same whatever pairs stand beside it."""
    found: list[Asked] = []
    bare = 0
    for pair in pairs:
        drawn = constitution.drawn(pair.prompt, settings.principles, f"{settings.seed}/{pair.id}")
        found += [Asked(pair, one) for one in drawn]
        bare += not drawn
    if not found:
        fix = "add a principle without `when:`, or mend the expressions"
        raise UserError(
            "no principle applies to any of the pairs", where=constitution.name, fix=fix
        )
    return found, bare


def claim(folder: Path, labeller: Labeller) -> None:
    """Take a folder for labels made like this; UserError where it holds anything else."""
    path, made = folder / MADE_BY, labeller.made
    if path.is_file():
        _same(folder, Made(**json.loads(path.read_text("utf-8"))), made)
    elif folder.exists():
        atomic.sweep(folder)
        if any(folder.iterdir()):
            fix = "name another --out, or empty the folder"
            what = "the folder is not empty and holds no labels"
            raise UserError(what, where=str(folder), fix=fix)
    if not path.is_file():
        atomic.write_json(path, asdict(made))
    if not (folder / CONSTITUTION).is_file():
        atomic.write_text(folder / CONSTITUTION, labeller.constitution.text)


def _same(folder: Path, before: Made, made: Made) -> None:
    """UserError where labels were made by something else."""
    if before.id == made.id:
        return
    told, now = asdict(before), asdict(made)
    shown = "; ".join(f"{n}: there {told[n]}, now {now[n]}" for n in now if told[n] != now[n])
    fix = "name another --out; labels of different judges are pooled, not mixed"
    raise UserError(f"the folder holds other labels ({shown})", where=str(folder), fix=fix)


def fill(folder: Path, labeller: Labeller, asked: Sequence[Asked], tick: Tick) -> list[Label]:
    """All labels that are asked for: those that are there, and now the others."""
    claim(folder, labeller)
    with Lines(folder / LABELS) as log, Lines(folder / METRICS) as metrics:
        labels = read_labels(folder)[1]
        _check(folder, labels, asked)
        tick(len(labels), len(asked), {})
        for start in range(len(labels), len(asked), TOGETHER):
            spent = Counter(asdict(labeller.judge.cost))
            made = labeller.labels(asked[start : start + TOGETHER])
            now = Counter(asdict(labeller.judge.cost))
            now.subtract(spent)
            row = {"labels": len(made), "cost": now, "seconds": round(now["seconds"], 4)}
            metrics.add([json.dumps(row)])  # first: what is redone was paid for twice
            log.add(as_line(one).rstrip("\n") for one in made)
            labels += made
            tick(len(labels), len(asked), {"consistent": consistent(labels)})
    return labels


def _check(folder: Path, labels: Sequence[Label], asked: Sequence[Asked]) -> None:
    """UserError where the labels answer anything but the beginning of what is asked."""
    pairs = zip(labels, asked, strict=False)
    wrong = next((n for n, (label, one) in enumerate(pairs) if not one.answers(label)), None)
    if wrong is None and len(labels) > len(asked):
        wrong = len(asked)
    if wrong is not None:
        raise UserError(
            "the labels here are of other pairs or principles",
            where=f"{folder / LABELS}:{wrong + 1}",
            fix="name another --out, or give the data and the settings that they were made with",
        )


def consistent(labels: Sequence[Label]) -> float:
    """The share of labels whose orders name the same answer."""
    return sum(one.verdict().consistent for one in labels) / max(1, len(labels))
