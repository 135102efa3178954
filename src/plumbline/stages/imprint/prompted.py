"""Identities without weights of their own: the manifesto in every prompt, or read once for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plumbline.core.stats import Interval
from plumbline.identity import held
from plumbline.identity.layer import Given
from plumbline.models import state as states
from plumbline.models.digest import digest_folder
from plumbline.models.save import base_name
from plumbline.stages.imprint.opening import Say, opened, teacher_for
from plumbline.stages.imprint.record import Clock, identity_of, results_of
from plumbline.stages.imprint.settings import ImprintJob


def run(job: ImprintJob, out: Path, say: Say) -> dict[str, Any]:
    """Write identity.json, with `state` the state beside it, and results.json; the results."""
    s, clock = job.settings, Clock()
    with clock("load"):
        answerer = opened(job)
        policy = answerer.policy
        teacher = teacher_for(answerer, Given(policy), job.manifesto, s, say)
    with clock("train"):
        metrics = {"context_tokens": float(teacher.spent if s.mode == "prompt" else 0)}
        if s.mode == "state":
            state = states.warmed(policy, teacher.before)
            metrics["state_error"] = teacher.state_error(state)
            states.write(state, out, digest_folder(job.model))
    with clock("save"):
        name = base_name(policy.source.base, out, out)
        held.write(out, identity_of(job, teacher, base_model_name_or_path=name))
    say(f"the manifesto is {teacher.spent} tokens of every prompt")
    exact = {name: Interval(value, value, value, 1) for name, value in metrics.items()}
    return results_of(job, out, policy, clock, exact)
