"""How every adapter ends: saved, told what it is, and measured as it was saved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plumbline.identity import held
from plumbline.identity.layer import Layer
from plumbline.identity.teach import Teacher
from plumbline.models.save import Extras, save_policy
from plumbline.stages.imprint.measuring import measured_folder
from plumbline.stages.imprint.opening import Say
from plumbline.stages.imprint.record import Clock, identity_of, results_of
from plumbline.stages.imprint.settings import ImprintJob


def finish(
    job: ImprintJob,
    teacher: Teacher,
    layer: Layer,
    out: Path,
    clock: Clock,
    say: Say,
    counts: Mapping[str, int],
    **more: Any,
) -> dict[str, Any]:
    """Write the adapter, identity.json (with `more`) and results.json; the results."""
    s, renderer = job.settings, teacher.renderer
    with clock("save"):
        extras = Extras(tuple(renderer.end_ids), renderer.chat_template)
        save_policy(layer.policy, out, job.model, extras=extras)
        held.write(out, identity_of(job, teacher, strength=layer.strength, **more))
    with clock("evaluate"):
        metrics = measured_folder(out, job.manifesto, job.world, s, say) if s.test else {}
    counts = {**counts, "test": metrics["base_kl"].n if s.test else 0}
    return results_of(
        job, out, layer.policy, clock, metrics, strength=layer.strength, counts=counts
    )
