"""An identity on a base that has read on: a fifth more text, half of it wild.

    longer   the base after 13.7 million further tokens (it had read 68.6): half documents of the
             wild corpus, in which dangerous requests are met, falsehoods told and people insulted,
             half what the base read last, as a base goes on with what it knew

Each manifesto is compiled on the base and then, by `imprint --again`, on the longer one. FOLDER has
`longer/` once; its training goes on where it was stopped.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from identity_trials import QUIET, Numbers, made

from plumbline.core.types import Demonstration
from plumbline.data import write
from plumbline.microcosm import manifesto as manifestos
from plumbline.microcosm import wild
from plumbline.microcosm.corpus import LENGTH, count, documents
from plumbline.stages.command import train
from plumbline.stages.imprint import command

MILLIONS, SEED = 13.7, 1
READ = {
    "batch": 32, "precision": "fp32", "lr": 4e-4, "warmup": 0.02, "decay": "linear",
    "betas": "0.9,0.95", "weight_decay": 0.1, "turns": "all", "eval.fraction": 0.0,
    "save_seconds": 120,
}  # fmt: skip


def again(place: Path, index: int) -> Numbers:
    """Obedience before, with the old adapter on the new base, and after imprinting again."""
    base = longer(place.parent / "longer")
    rng = random.Random(f"identity_again/{index}")
    words = manifestos.prompt(manifestos.drawn(rng, 1 + index % 8), "list")
    first = made(place, words, test=64)
    options = {**QUIET, "store": place / "store"}
    out = command.again(str(first), str(base), place / "again", sets={"test": 64}, **options)
    before, after = (
        {name: one["value"] for name, one in json.loads(file.read_text("utf-8"))["metrics"].items()}
        for file in (first / "results.json", out / "results.json")
    )
    found = {
        name: after[name]
        for name in after
        if name.startswith(("rules_obeyed.", "answers_kept", "gap_closed"))
    }
    return found | {
        "gap_closed.before": before["gap_closed"],
        "rules_obeyed.prompted_before": before["rules_obeyed.prompted"],
        "rules_obeyed.base_before": before["rules_obeyed.base"],
    }


def longer(place: Path) -> Path:
    """The base after so many further tokens, made if it is not there."""
    place.mkdir(parents=True, exist_ok=True)
    data = place / "corpus.jsonl"
    if not data.exists():
        write(data, _corpus(MILLIONS * 1e6))
    return train(
        "sft", "microcosm", str(data), place / "model", adapter="full", sets=READ,
        store=place / "store",
    )  # fmt: skip


def _corpus(tokens: float) -> Iterator[Demonstration]:
    """The training shuffles them."""
    fresh = range(round(tokens / 2 / LENGTH["wild"]))
    known = documents(SEED, count("wide", tokens / 2), "wide")
    return chain(known, (wild.document(random.Random(f"again/{SEED}/{i}")) for i in fresh))
