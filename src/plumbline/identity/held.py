"""What is written in a folder that holds a manifesto: `identity.json`, and the probes it was fitted
on.

Such a folder is an adapter, or has no weights of its own: then the manifesto stands in the model's
prompt, or in its warmed-up state (`held`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from plumbline.core import atomic
from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Message
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.teach import Answered
from plumbline.models import state as states
from plumbline.models.digest import digest_folder
from plumbline.models.load import check_base
from plumbline.models.locate import IDENTITY, identity_base
from plumbline.models.policy import Policy
from plumbline.models.sampler import Sample
from plumbline.models.state import State

PROBES = "probes.jsonl"
T = TypeVar("T")


@dataclass(frozen=True)
class Held:
    """The manifesto of a folder, the model below it, and whether a state lies there."""

    folder: Path
    manifesto: Manifesto
    base: Path
    warmed: bool

    def state(self, policy: Policy) -> State | None:
        """The state, for the model that was loaded from `base`."""
        if not self.warmed:
            return None
        return states.read(self.folder, digest_folder(self.base), policy.device)


def write(folder: Path, told: dict[str, Any]) -> None:
    """`identity.json`: `manifesto`, `system`, `mode`, `base` (a digest) and what else is known."""
    atomic.write_json(folder / IDENTITY, told)


def told_in(folder: Path) -> dict[str, Any]:
    """What `write` wrote. UserError for a folder without a manifesto."""
    path = folder / IDENTITY
    if not path.is_file():
        raise UserError(
            "no manifesto was imprinted here (no identity.json)",
            where=str(folder),
            fix="plumbline imprint MANIFESTO --model MODEL --out DIR makes such a folder",
        )
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def manifesto_of(told: Mapping[str, Any]) -> Manifesto:
    """The manifesto in the content of an identity.json."""
    return Manifesto(told["manifesto"], told.get("system", True))


def write_probes(folder: Path, answered: Answered) -> None:
    """`probes.jsonl`: questions, and the tokens of what the teacher answered."""
    lines = []
    for question, one in answered:
        turns = [{"role": m.role, "content": m.content} for m in question]
        lines.append(json.dumps({"prompt": turns, "ids": list(one.ids)}, ensure_ascii=False) + "\n")
    atomic.write_text(folder / PROBES, "".join(lines))


def read_probes(folder: Path) -> list[tuple[Conversation, Sample]]:
    """What `write_probes` wrote; none where there is no such file."""
    path = folder / PROBES
    found: list[tuple[Conversation, Sample]] = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        row = json.loads(line)
        turns = tuple(Message(turn["role"], turn["content"]) for turn in row["prompt"])
        found.append((turns, Sample(row["ids"], [], True)))
    return found


def spread(rows: Sequence[T], most: int) -> list[T]:
    """At most so many of them in their order, from everywhere alike."""
    count = min(len(rows), most)
    return [rows[i * len(rows) // count] for i in range(count)]


def held(folder: Path) -> Held:
    """What a folder for which `is_identity` holds; UserError where its base has other weights."""
    told = told_in(folder)
    base = identity_base(folder).path
    check_base(folder, base)
    return Held(folder, manifesto_of(told), base, told["mode"] == "state")
