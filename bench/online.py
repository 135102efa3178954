"""Online training beside TRL's GRPO and RLOO trainers on the same work, sides alternating.

    python bench/online.py [--methods grpo rloo] [--runs 2] [--steps 3] [--precision bf16]
        [--variants plain best-8 best-32] [--each 16] [--tokens 0 120]

The benchmark's model of 29 M parameters, prompts of hh-rlhf of so many tokens (least, most), 16
prompts an iteration x 8 answers x 64 new tokens, a reward that costs nothing, one update an
iteration, all weights, in fp32 or bf16 autocast on both sides. Prints samples a second (answers
drawn and learnt from) and peak memory; `floor` is each side's memory with its libraries (and TRL's
weights) loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from statistics import median

import material
import process
import run as peers

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "out" / "bench"
N = 8
"""Answers a prompt, on both sides."""


def prompts(folder: Path, least: int, most: int) -> Path:
    """The prompts of the benchmark's comparisons that have so many tokens; says their mean."""
    from transformers import AutoTokenizer

    path = folder / "prompts.jsonl"
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    told = [json.loads(line) for line in (folder / "trl-pairs-160.jsonl").read_text().splitlines()]
    asked = [row["prompt"].removesuffix(material.TURN) for row in told]
    sizes = {text: len(tokenizer(text)["input_ids"]) for text in asked}
    fit = [text for text in asked if least <= sizes[text] <= most]
    print(f"{len(fit)} prompts of {sum(sizes[text] for text in fit) / len(fit):.0f} tokens")
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in fit))
    return path


def measured(side: list[str], log: Path) -> dict[str, object]:
    process.timed(side, log, env={"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("{")]
    found: dict[str, object] = json.loads(lines[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=["grpo", "rloo"])
    parser.add_argument("--variants", nargs="+", default=["plain", "best-8", "best-32"])
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--each", type=int, default=16)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--tokens", nargs=2, type=int, default=[0, 120])
    asked = parser.parse_args()
    shared = Path(os.environ.get("PLUMBLINE_SHARED", ROOT.parent / "shared"))
    material.build(FOLDER, shared)
    given = prompts(FOLDER, *asked.tokens)
    python = str(peers.install())
    work = ["--model", str(FOLDER / "model"), "--prompts", str(given), "--steps", str(asked.steps)]
    work += ["--precision", asked.precision, "--each", str(asked.each), "--n", str(N)]
    for method in asked.methods:
        sides = {
            "plumbline": [sys.executable, str(ROOT / "bench" / "online_run.py"), method],
            **{
                f"trl {v}": [python, str(ROOT / "bench" / "trl_online.py"), method, "--variant", v]
                for v in asked.variants
            },
        }
        rates: dict[str, list[float]] = {}
        for number in range(asked.runs):
            for name, side in sides.items():
                out = FOLDER / "runs" / f"{method}-{name.replace(' ', '-')}"
                log = FOLDER / f"{method}-{name.replace(' ', '-')}-{number}.log"
                found = measured([*side, *work, "--out", str(out)], log)
                seconds = median(found["seconds"])  # type: ignore[call-overload]
                rates.setdefault(name, []).append(asked.each * N / seconds)
                memory = f"peak {found['peak_gb']:.2f} GB, floor {found['floor_gb']:.2f}"
                told = f"{asked.each * N / seconds:6.2f} samples/s, {memory}"
                print(f"{method} {name:10} {told} {found.get('phases', [''])[-1]}", flush=True)
        best = {name: median(values) for name, values in rates.items()}
        for name in sides:
            if name != "plumbline":
                print(f"{method}: {best['plumbline'] / best[name]:.2f} times {name}", flush=True)


if __name__ == "__main__":
    main()
