"""One run of `plumbline train`, timed from exec to the saved folder."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from process import timed

PLUMBLINE = Path(sys.executable).parent / "plumbline"


def settings(objective: str, precision: str, threads: int, steps: int) -> dict[str, Any]:
    """As the peers are run: no held-out evaluation, length 1024, batch 8 pairs."""
    found: dict[str, Any] = {
        "batch": 8,
        "eval.fraction": 0,
        "length.max": 1024,
        "precision": precision,
        "seed": 0,
        "lr": 1e-6,
    }
    if objective == "sft":
        found["turns"] = "last"
    if threads:
        found["threads"] = threads
    if steps:
        found["steps"] = steps
    return found


def run(
    objective: str,
    model: Path,
    data: Path,
    out: Path,
    *,
    precision: str = "fp32",
    threads: int = 0,
    steps: int = 0,
) -> dict[str, Any]:
    """Seconds a step (reference included), of the whole process, and memory. SystemExit where the
    forest was not used: a benchmark on the rows path would say nothing."""
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    chosen = settings(objective, precision, threads, steps)
    command = [str(PLUMBLINE), "train", objective, "--model", str(model), "--data", str(data)]
    command += ["--out", str(out), "--adapter", "full", "--store", str(out.parent / "store")]
    for key, value in chosen.items():
        command += ["--set", f"{key}={value}"]
    cache = out.parent / "user-cache"
    shutil.rmtree(cache / "plumbline" / "reference", ignore_errors=True)  # asked anew every run
    ran = timed(command, out.parent / f"{out.name}.log", env={"XDG_CACHE_HOME": str(cache)})
    results = json.loads((out / "results.json").read_text())
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    if results["path"] != "forest":
        raise SystemExit(f"the rows path was taken: {results['notes']}")
    steady = [line["seconds"] for line in lines[1:]] or [lines[0]["seconds"]]
    return {
        "steps": len(lines),
        "steady": sum(steady) / len(steady) + results["seconds"]["reference"] / len(lines),
        "whole": ran.seconds,
        "peak_gb": ran.peak_gb,
        "seconds": results["seconds"],
        "tokens": results["tokens"],
        "trained_tokens": results["counts"].get("trained_tokens"),
        "first_loss": lines[0]["loss"],
        "last_loss": lines[-1]["loss"],
        "config": chosen,
    }
