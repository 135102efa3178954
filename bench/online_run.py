"""One run of plumbline's online training on the work of bench/trl_online.py; prints one line."""

from __future__ import annotations

import argparse
import json
import resource
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from plumbline.core.types import user
from plumbline.feedback.rewards import Answered
from plumbline.stages import rl
from plumbline.stages.online_settings import Drawing, HeldOut, Online


class Vowels:
    """Share of letters e: cheap, and the same on both sides."""

    name = "vowels"

    def __call__(self, asked: Sequence[Answered]) -> np.ndarray:
        return np.array([t.count("e") / max(len(t), 1) for one in asked for t in one.texts])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("method")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    a = parser.parse_args()
    lines = [json.loads(line)["prompt"] for line in a.prompts.read_text().splitlines()]
    asked = [rl.Asked((user(text),)) for text in lines]
    settings = Online(
        iterations=a.steps, prompts=a.each, lr=1e-5, precision=a.precision, threads=a.threads,
        draw=Drawing(n=a.n, max_new=a.new), heldout=HeldOut(fraction=0.0),
        save_seconds=1e9,
    )  # fmt: skip
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    shutil.rmtree(a.out, ignore_errors=True)
    a.out.mkdir(parents=True)
    job = rl.OnlineJob(a.method, a.model, [Vowels()], asked, "full", settings)
    rl.run(job, a.out, a.out / "checkpoint", print, lambda phase: lambda *_: None)
    told = [json.loads(line) for line in (a.out / "metrics.jsonl").read_text().splitlines()]
    phases = [{k[8:]: v for k, v in one.items() if k.startswith("seconds.")} for one in told[1:]]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found = {
        "seconds": [sum(p.values()) for p in phases], "phases": phases,
        "length": told[-1]["length"], "peak_gb": peak, "floor_gb": floor,
    }  # fmt: skip
    print("\n" + json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
