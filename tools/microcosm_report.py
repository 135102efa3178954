"""What the microcosm's base model can do: every ability, and which marks it reaches.

    python tools/microcosm_report.py [MODEL] [--out DIR] [--scale X] [--seed N]

MODEL is a folder, `microcosm` (the shipped base) where none is named. DIR (`runs/microcosm-report`)
gets samples.jsonl (every answer), results.json and table.md. `--scale 0.1` asks a tenth as much.
Some 9,000 greedy answers; nothing is marked reached that was not measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from plumbline.cli.main import bad_input
from plumbline.core.atomic import write_text
from plumbline.core.errors import UserError
from plumbline.engine.memory import peak_gb
from plumbline.evals.runner import SAMPLES, write_results
from plumbline.microcosm.abilities import measure
from plumbline.microcosm.marks import table
from plumbline.models.locate import resolve_model
from plumbline.stages.answering import Answerer
from plumbline.store import find_store


def report(
    model: str, out: Path, *, scale: float = 1.0, seed: int = 0, max_new: int | None = None
) -> str:
    """Measure, write samples, results and the table into `out`; the table."""
    folder = resolve_model(model, find_store(None).path).path
    sampler = Answerer(folder)
    if sampler.reward:
        raise UserError("a reward model cannot be asked", where=model, fix="give the model itself")
    (out / SAMPLES).unlink(missing_ok=True)
    found = measure(
        sampler, scale=scale, seed=seed, max_new=max_new, model=model, out=out, say=print
    )
    path = write_results(
        out, found, command="microcosm-report", label=model, model=model, split="heldout",
        peak_gb=peak_gb(), path="forest" if sampler.policy.share else "rows",
    )  # fmt: skip
    text = table(json.loads(path.read_text("utf-8"))["metrics"])
    write_text(out / "table.md", text)
    return text


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What the microcosm's base model can do.")
    parser.add_argument("model", nargs="?", default="microcosm")
    parser.add_argument("--out", type=Path, default=Path("runs/microcosm-report"))
    parser.add_argument("--scale", type=float, default=1.0, help="of the usual number of questions")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(argv)
    try:
        print(report(given.model, given.out, scale=given.scale, seed=given.seed))
    except UserError as problem:
        return bad_input(problem)
    return 0


if __name__ == "__main__":
    sys.exit(main())
