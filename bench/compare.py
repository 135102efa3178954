"""plumbline and TRL side by side, alternating, medians of at least three runs.

    python bench/compare.py --scratch DIR [--objectives dpo kto reward sft] [--runs 3]

Steady seconds are for 8 pairs: the mean step after the first, reference scoring included, times the
steps of the epoch, over the epoch's pairs / 8. Whole is exec to saved folder (plumbline) against
`train()` alone (TRL). Memory is the process's peak, and its peak above the floor of `floor.py`.
Writes results.json and table.md into the scratch folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import material
import plumbline_run
from process import timed

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers" / "bin" / "python"
SIDES = ("plumbline", "plain", "best", "untouched")
HEAD = {
    "plumbline": "plumbline",
    "plain": "TRL, checkpointing off",
    "best": "TRL, best flags",
    "untouched": "TRL as it comes",
}
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


def peer(a: argparse.Namespace, objective: str, variant: str, out: Path) -> dict[str, Any]:
    """One TRL run, as plumbline's are measured."""
    command = [str(PEERS), str(ROOT / "bench" / "trl_run.py"), objective, "--variant", variant]
    command += ["--model", str(a.scratch / "model"), "--data", str(a.scratch), "--out", str(out)]
    command += ["--pairs", str(a.pairs), "--precision", a.precision, "--steps", str(a.steps)]
    command += ["--threads", str(a.threads)]
    out.parent.mkdir(parents=True, exist_ok=True)
    log = out.parent / f"{out.name}.log"
    ran = timed(command, log, env={**OFFLINE, "HF_DATASETS_CACHE": str(a.scratch / "cache")})
    found = json.loads(log.read_text(errors="replace").strip().splitlines()[-1])
    return {**found, "whole": found["train"], "process": ran.seconds, "peak_gb": ran.peak_gb}


def mine(a: argparse.Namespace, objective: str, out: Path) -> dict[str, Any]:
    return plumbline_run.run(
        objective,
        a.scratch / "model",
        a.scratch / f"pairs-{a.pairs}.jsonl",
        out,
        precision=a.precision,
        threads=a.threads,
        steps=a.steps,
    )


def alternate(a: argparse.Namespace, objective: str) -> dict[str, list[dict[str, Any]]]:
    """Every side once, then again: what the machine does meanwhile falls on all alike."""
    # TRL has no flag that would help its reward trainer on a CPU
    sides = [side for side in a.sides if (objective, side) != ("reward", "best")]
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for number in range(a.runs):
        for side in sides:
            out = a.scratch / "runs" / f"{objective}-{side}-{number}"
            one = mine(a, objective, out) if side == "plumbline" else peer(a, objective, side, out)
            found[side].append(one)
            shown = f"{one['steady']:.3f} s a step, {one['peak_gb']:.2f} GB"
            print(f"{objective} {side} {number + 1}/{a.runs}: {shown}", file=sys.stderr, flush=True)
    return found


def floors(a: argparse.Namespace) -> dict[str, float]:
    """Memory of imports, weights, gradients and optimizer in each environment, GB."""
    pythons = {"plumbline": sys.executable, "trl": str(PEERS)}
    script, model = str(ROOT / "bench" / "floor.py"), str(a.scratch / "model")
    return {
        side: timed([python, script, side, model], a.scratch / f"floor-{side}.log").peak_gb
        for side, python in pythons.items()
    }


def matmul_peak(precision: str, threads: int) -> float:
    """GFLOP/s of square matrix products of this machine, now."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    n, dtype = 2048, torch.bfloat16 if precision == "bf16" else torch.float32
    x, y = torch.randn(2, n, n).to(dtype)
    best = float("inf")
    for _ in range(6):
        began = time.perf_counter()
        x @ y
        best = min(best, time.perf_counter() - began)
    return 2 * n**3 / best / 1e9


def medians(runs: list[dict[str, Any]], floor: float) -> dict[str, float]:
    found = {k: statistics.median(r[k] for r in runs) for k in ("steady", "whole", "peak_gb")}
    return {**found, "above_gb": found["peak_gb"] - floor, "runs": len(runs)}


def table(summary: dict[str, dict[str, dict[str, float]]], sides: list[str]) -> str:
    """Markdown: a line an objective and side; `x` is times plumbline's."""
    rows = [
        "| objective | side | s for 8 pairs | x | whole, s | x | peak, GB | above floor, GB | x |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for objective, found in summary.items():
        ours = found.get("plumbline", {})
        for side in (side for side in sides if side in found):
            one = found[side]
            times = {k: f"{one[k] / ours[k]:.2f}" if ours.get(k) else "-" for k in one}
            rows.append(
                f"| {objective} | {HEAD[side]} | {one['steady']:.3f} | {times['steady']} "
                f"| {one['whole']:.1f} | {times['whole']} | {one['peak_gb']:.2f} "
                f"| {one['above_gb']:.2f} | {times['above_gb']} |"
            )
    return "\n".join(rows) + "\n"


def machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (info.read_text().splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
    }


def precision_of(asked: str) -> str:
    """bf16 where the machine multiplies it fast, as plumbline decides it."""
    if asked != "auto":
        return asked
    from plumbline.models.precision import default_device, resolve

    return "bf16" if resolve("auto", default_device()) else "fp32"


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scratch", type=Path, default=ROOT / "out" / "bench")
    parser.add_argument("--shared", type=Path, default=os.environ.get("PLUMBLINE_SHARED"))
    parser.add_argument("--objectives", nargs="+", default=["dpo", "kto", "reward", "sft"])
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=material.PAIRS)
    parser.add_argument("--steps", type=int, default=0, help="stop early, to try it out")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: torch's choice)")
    a = parser.parse_args(words)
    a.shared = Path(a.shared or ROOT.parent / "shared")
    a.precision = precision_of(a.precision)
    return a


def main(words: list[str] | None = None) -> None:
    a = arguments(words)
    if not PEERS.exists():
        raise SystemExit(f"{PEERS} is missing: run `make bench`, which makes it")
    about = material.build(a.scratch, a.shared, pairs=a.pairs)
    floor, peak = floors(a), matmul_peak(a.precision, a.threads)
    runs = {objective: alternate(a, objective) for objective in a.objectives}
    summary = {
        objective: {
            side: medians(each, floor["plumbline" if side == "plumbline" else "trl"])
            for side, each in found.items()
        }
        for objective, found in runs.items()
    }
    text = table(summary, a.sides)
    record = {
        "machine": machine(),
        "precision": a.precision,
        "matmul_gflops": peak,
        "floor_gb": floor,
        "material": about,
        "summary": summary,
        "runs": runs,
    }
    (a.scratch / "results.json").write_text(json.dumps(record, indent=1) + "\n")
    (a.scratch / "table.md").write_text(text)
    print(f"{record['machine']}, {a.precision}, matmul peak {peak:.0f} GFLOP/s, floor {floor}")
    print(text)


if __name__ == "__main__":
    main()
