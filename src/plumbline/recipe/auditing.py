"""An audit without waiting: the microcosm's simulated people judge the sample, each of them all."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from plumbline.core.settings import option
from plumbline.core.types import Ranking
from plumbline.evals.audit.answered import asked
from plumbline.evals.audit.settings import Auditing
from plumbline.microcosm.annotators import people
from plumbline.microcosm.by_principle import rank_by
from plumbline.stages.audit import Judged, conclude, constitution_of
from plumbline.store import Context, stage


@dataclass(frozen=True)
class Simulated:
    """What is asked for, and of how many."""

    audit: Auditing = field(default_factory=Auditing)
    people: int = option(9, help="simulated people, three groups in turn; tired ones err more")
    seed: int = option(0, help="draws their noise")


def attend(ctx: Context, settings: Simulated, inputs: Mapping[str, Path]) -> None:
    """The audit of labels on the microcosm; see `stages.audit_folder` for what is written."""
    job = Judged.read(inputs["labels"], settings.audit, since=inputs.get("since"))
    said = list(_judgements(job, settings))
    found = conclude(ctx.out, job, settings.audit, said)
    ctx.say(f"{len(said)} judgements of {len(found.whole.people)} simulated people")
    for line in found.losses():
        ctx.say(line)


audited = stage(
    "audited",
    version=2,
    settings=Simulated,
    inputs={"labels": "labels", "since?": "audit"},
    makes="audit",
    function="plumbline.recipe.auditing:attend",
)


def _judgements(job: Judged, s: Simulated) -> Iterator[Ranking]:
    by = constitution_of(job, s.audit)
    for person in people(s.people):
        rng = random.Random(f"{s.seed}/{person.name}")
        for seen, one in enumerate(job.sample):
            label, principle = one.label, by.named(one.label.principle)
            said = rank_by(person, principle, label.prompt, label.answers, rng, seen=seen)
            yield replace(said, prompt=asked(label, principle))
