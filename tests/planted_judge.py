"""A world in which it is known who holds what: labels with a given verdict, taste and author, and
people of groups who see what their group holds with a given share of errors."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from plumbline.core.ids import plain
from plumbline.core.types import (
    Conversation,
    Judge,
    Message,
    Provenance,
    Ranking,
    answer,
    user,
)
from plumbline.evals.audit.answered import asked
from plumbline.feedback.judging.constitution import Constitution, Principle
from plumbline.feedback.judging.label import LABELS, MADE_BY, Label, Made, as_line
from plumbline.feedback.judging.verdicts import Reading
from plumbline.stages.judging.labelling import CONSTITUTION

PRINCIPLES = (
    Principle("honest", "Choose the answer that states nothing false.", "honest"),
    Principle("kind", "Choose the answer that shows care.", "helpful"),
)
BY = Constitution("planted", PRINCIPLES)
MADE = Made("planted-judge", "j1", "t1", BY.id)
Held = Mapping[str, Sequence[int]]
"""For each group what it holds of every item: 1 or -1, the first answer is better or the second."""


def label(
    i: int,
    logit: float,
    taste: float = 0.0,
    *,
    models: tuple[str, str] = ("", ""),
    answers: tuple[str, str] = ("Yes {}.", "No {}."),
) -> Label:
    """A label of item i, by the first principle on even items and by the second on odd ones."""
    principle = PRINCIPLES[i % 2]
    pair = (answer(answers[0].format(i)), answer(answers[1].format(i)))
    readings = Reading(logit + taste, 0.0), Reading(taste - logit, 0.0)
    prompt: Conversation = (Message("system", "Be brief."), user(f"Ask {i}?"))
    return Label(prompt, pair, principle.id, principle.axis, readings, MADE.id, models)


def people(
    labels: Sequence[Label], held: Held, each: int = 3, errors: float = 0.1, seed: int = 0
) -> list[Ranking]:
    """`each` people of every group judge every item under its principle, shown in either order."""
    rng, said = random.Random(seed), []
    for i, one in enumerate(labels):
        for group, holds in held.items():
            for k in range(each):
                first = (holds[i] > 0) != (rng.random() < errors)
                by = Provenance(judge=Judge("human", f"{group}-{k}", group), shown=(0, 1))
                prompt, tiers = asked(one, BY.named(one.principle)), ((0,), (1,))
                answers, best = one.answers, 0 if first else 1
                if rng.random() < 0.5:
                    answers, best = answers[::-1], 1 - best
                found = tiers if best == 0 else tiers[::-1]
                said.append(Ranking(prompt, answers, found, provenance=by))
    return said


def coins(n: int, seed: int, share: float = 0.5) -> list[int]:
    """1 or -1 for each item."""
    rng = random.Random(f"coins/{seed}")
    return [1 if rng.random() < share else -1 for _ in range(n)]


def labelled(
    truth: Sequence[int], says: Callable[[int, random.Random], float], taste: float = 0.0
) -> list[Label]:
    """A label an item; `says` gives the judge's log-odds from what is true of it."""
    rng = random.Random("labelled")
    return [label(i, says(one, rng), taste) for i, one in enumerate(truth)]


def write_labels(
    folder: Path, labels: Sequence[Label], made: Made = MADE, by: Constitution = BY
) -> Path:
    """A folder as `plumbline label` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MADE_BY).write_text(json.dumps(asdict(made)), encoding="utf-8")
    told = {"principles": plain(by.principles)}
    (folder / CONSTITUTION).write_text(yaml.safe_dump(told), encoding="utf-8")
    (folder / LABELS).write_text("".join(map(as_line, labels)), encoding="utf-8")
    return folder
