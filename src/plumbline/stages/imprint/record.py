"""What an imprint says of itself: identity.json and results.json."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from plumbline.core import atomic
from plumbline.core.stats import Interval
from plumbline.engine.memory import peak_gb
from plumbline.identity.manifesto import Manifesto
from plumbline.identity.teach import Teacher
from plumbline.models.digest import digest_folder
from plumbline.models.policy import Policy
from plumbline.stages.imprint.settings import Imprint, ImprintJob
from plumbline.stages.job import timed


class Clock:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, phase: str) -> AbstractContextManager[None]:
        return timed(self.seconds, phase)

    @property
    def rounded(self) -> dict[str, float]:
        """To milliseconds."""
        return {phase: round(seconds, 3) for phase, seconds in self.seconds.items()}


def identity_of(job: ImprintJob, teacher: Teacher, **more: Any) -> dict[str, Any]:
    """The content of identity.json."""
    return {
        "manifesto": job.manifesto.text,
        "system": teacher.manifesto.system,
        "clauses": list(job.manifesto.clauses),
        "mode": job.settings.mode,
        "base": digest_folder(job.model),
        "template": teacher.renderer.digest(),
        **job.more,
        **more,
    }


def results_of(
    job: ImprintJob,
    out: Path,
    policy: Policy,
    clock: Clock,
    metrics: Mapping[str, Interval],
    **more: Any,
) -> dict[str, Any]:
    """Write results.json; its content."""
    results = {
        "command": "imprint",
        "label": out.name,
        "objective": job.settings.mode,
        "head": "lm",
        "path": "forest" if policy.share else "rows",
        "precision": policy.precision,
        "parameters": sum(p.numel() for p in policy.model.parameters()),
        "steps": steps_of(job.settings),
        "clauses": list(job.manifesto.clauses),
        **more,
        "seconds": clock.rounded,
        "peak_gb": peak_gb(),
        "metrics": {name: one.as_dict() for name, one in metrics.items()},
    }
    atomic.write_json(out / "results.json", results)
    return results


def write_measurement(
    out: Path, label: str, manifesto: Manifesto, clock: Clock, metrics: Mapping[str, Interval]
) -> None:
    """results.json of a measurement alone, as reports read it."""
    told = {
        "command": "imprint measure",
        "label": label,
        "clauses": list(manifesto.clauses),
        "seconds": clock.rounded,
        "peak_gb": peak_gb(),
        "metrics": {name: one.as_dict() for name, one in metrics.items()},
    }
    atomic.write_json(out / "results.json", told)


def steps_of(s: Imprint) -> int:
    """Gradient steps of an imprint."""
    return s.steps or {"polish": 8, "distill": 100}.get(s.mode, 0)
