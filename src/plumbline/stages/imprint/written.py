"""Identities that a network writes: nothing is asked, and no answer is waited for.

The network is trained once for a base (`tools/train_hyper.py`); a manifesto then costs one forward
pass of the base over it. What it closes is less than what `compile` closes, so this is for looking
at a text while it is written, and for manifestos by the thousand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plumbline.core.errors import UserError
from plumbline.identity import hyper
from plumbline.identity.hyper_read import prefix_of
from plumbline.identity.layer import Layer
from plumbline.models.digest import digest_files, digest_folder
from plumbline.stages.imprint.finishing import finish
from plumbline.stages.imprint.opening import Say, opened, teacher_for
from plumbline.stages.imprint.record import Clock
from plumbline.stages.imprint.settings import Imprint, ImprintJob


def run(job: ImprintJob, out: Path, say: Say) -> dict[str, Any]:
    """Write the adapter, identity.json and results.json; the results."""
    s, clock = job.settings, Clock()
    with clock("load"):
        answerer = opened(job)
        network = hyper.load(_folder(s), digest_folder(job.model))
        layer = Layer(answerer.policy, list(network.shape.sites), s.rank)
        teacher = teacher_for(answerer, layer, job.manifesto, s, say)
    with clock("train"):
        if job.manifesto.text:
            hyper.write_layer(network, prefix_of(teacher), layer)
    counts = {"probes": 0, "neutral": 0}
    return finish(job, teacher, layer, out, clock, say, counts, network=digest_of(s))


def digest_of(s: Imprint) -> str:
    """Of the network's tensors."""
    return digest_files([_folder(s) / hyper.FILE])


def _folder(s: Imprint) -> Path:
    if not s.hyper or not (Path(s.hyper) / hyper.FILE).is_file():
        raise UserError(
            "mode hyper takes the folder of a network that was trained for this base",
            where=s.hyper,
            fix="--set hyper=FOLDER (python tools/train_hyper.py FOLDER makes one)",
        )
    return Path(s.hyper)
