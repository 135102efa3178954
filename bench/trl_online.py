"""One run of TRL's GRPO or RLOO trainer in the peers' environment; prints one JSON line.

`plain` is TRL's defaults (micro-batches of 8 answers, gradient checkpointing) but for the sizes of
the work; `best-8` and `best-32` switch checkpointing off, with micro-batches of so many answers.
All answers of an iteration are drawn together. The reward is the same function on both sides.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import time
from pathlib import Path
from typing import Any

import torch
import trl
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

TRAINERS = {
    "grpo": (trl.GRPOTrainer, trl.GRPOConfig), "rloo": (trl.RLOOTrainer, trl.RLOOConfig),
}  # fmt: skip


MICRO = {"plain": 8, "best-8": 8, "best-32": 32}


class Clock(TrainerCallback):
    def __init__(self) -> None:
        self.ends: list[float] = []
        self.drawing: list[float] = []
        self.spent = 0.0

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ends.append(time.perf_counter())
        self.drawing.append(self.spent)
        self.spent = 0.0


def vowels(completions: list[str], **_: Any) -> list[float]:
    """Share of letters e: cheap, and the same on both sides."""
    return [text.count("e") / max(len(text), 1) for text in completions]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("method", choices=sorted(TRAINERS))
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--variant", choices=sorted(MICRO), default="plain")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    kind, config = TRAINERS[a.method]
    asked = [json.loads(line)["prompt"] for line in a.prompts.read_text().splitlines()]
    chosen: dict[str, Any] = {
        "output_dir": str(a.out), "per_device_train_batch_size": MICRO[a.variant],
        "gradient_accumulation_steps": a.each * a.n // MICRO[a.variant],
        "num_generations": a.n, "max_completion_length": a.new, "max_steps": a.steps,
        "beta": 0.04, "bf16": a.precision == "bf16", "use_cpu": True,
        "report_to": [], "save_strategy": "no", "logging_steps": 1, "learning_rate": 1e-5,
        "shuffle_dataset": False,
    }  # fmt: skip
    if a.variant != "plain":
        chosen["gradient_checkpointing"] = False
    # A folder would be read in its own precision; the sizes of memory are those of fp32.
    model = AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32)
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    clock = Clock()
    trainer = kind(
        model=model, reward_funcs=vowels, args=config(**chosen), callbacks=[clock],
        train_dataset=Dataset.from_dict({"prompt": asked}),
        processing_class=AutoTokenizer.from_pretrained(a.model, padding_side="left"),
    )  # fmt: skip
    prepare = trainer._prepare_inputs

    def timed(*given: Any) -> Any:
        began = time.perf_counter()
        made = prepare(*given)
        clock.spent += time.perf_counter() - began
        return made

    trainer._prepare_inputs = timed
    trainer.train()
    steps = [b - a_ for a_, b in itertools.pairwise(clock.ends)]
    phases = [{"drawn and scored": d, "update": s - d}
              for s, d in zip(steps, clock.drawing[1:], strict=True)]  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found = {"seconds": steps, "phases": phases, "peak_gb": peak, "floor_gb": floor}
    print("\n" + json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
