"""One run of a TRL trainer in the peers' environment; prints one JSON line of what it took.

Variants: `plain` is TRL's defaults with gradient checkpointing off; `best` adds the flags that
help (precomputed reference for dpo and kto, packing for sft); `untouched` is TRL as it comes (its
checkpointing on). In all: the data's order, one epoch, no logging services. bf16, TRL's default, is
on only where asked for: on a CPU without hardware bf16 it would be a hundred times slower.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
import trl
from datasets import load_dataset
from transformers import AutoTokenizer, TrainerCallback

DATA = {"dpo": "trl-pairs", "reward": "trl-pairs", "kto": "trl-labels", "sft": "trl-demos"}
BEST: dict[str, dict[str, Any]] = {
    "dpo": {"precompute_ref_log_probs": True},
    "kto": {"precompute_ref_log_probs": True},
    "reward": {},
    "sft": {"packing": True, "per_device_train_batch_size": 1},  # a pack holds about 7 answers
}
TRAINERS = {
    "dpo": (trl.DPOTrainer, trl.DPOConfig),
    "kto": (trl.KTOTrainer, trl.KTOConfig),
    "reward": (trl.RewardTrainer, trl.RewardConfig),
    "sft": (trl.SFTTrainer, trl.SFTConfig),
}


SPENT: dict[str, float] = {}
"""Seconds of TRL's own precomputation of the reference, a part of the trainer's construction."""


class Clock(TrainerCallback):
    """When each optimizer step ended, and its loss."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.losses: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ends.append(time.perf_counter())

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if logs and "loss" in logs:
            self.losses.append(logs["loss"])


def settings(a: argparse.Namespace) -> dict[str, Any]:
    chosen: dict[str, Any] = {
        "output_dir": str(a.out),
        "per_device_train_batch_size": a.batch * (2 if a.objective == "kto" else 1),
        "num_train_epochs": 1,
        "max_steps": a.steps or -1,
        "max_length": a.length,
        "train_sampling_strategy": "sequential",
        "bf16": a.precision == "bf16",
        "use_cpu": not torch.cuda.is_available(),
        "report_to": [],
        "save_strategy": "no",
        "logging_steps": 1,
    }
    if a.variant != "untouched":
        chosen["gradient_checkpointing"] = False
    return chosen | (BEST[a.objective] if a.variant == "best" else {})


def trainer_of(a: argparse.Namespace, clock: Clock) -> Any:
    """The trainer, its construction included in what a user waits for."""
    kind, config = TRAINERS[a.objective]
    data = load_dataset(
        "json", data_files=str(a.data / f"{DATA[a.objective]}-{a.pairs}.jsonl"), split="train"
    )
    return kind(
        model=str(a.model),
        args=config(**settings(a)),
        train_dataset=data,
        processing_class=AutoTokenizer.from_pretrained(a.model),
        callbacks=[clock],
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("objective", choices=sorted(TRAINERS))
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--variant", choices=["plain", "best", "untouched"], default="plain")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--pairs", type=int, default=160)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--steps", type=int, default=0, help="stop early (0: a whole epoch)")
    return parser.parse_args()


def main() -> None:
    a, clock = arguments(), Clock()
    if a.threads:
        torch.set_num_threads(a.threads)
    began = time.perf_counter()
    trainer = trainer_of(a, clock)
    made = time.perf_counter()
    reference = SPENT.get("reference", 0.0)
    trainer.train()
    trained = time.perf_counter()
    trainer.save_model(str(a.out))
    steps = len(clock.ends)
    epoch = len(trainer.get_train_dataloader())
    step = (clock.ends[-1] - clock.ends[0]) / max(1, steps - 1)
    found = {
        "steps": steps,
        # of 8 pairs, however the steps were cut
        "steady": (step * epoch + reference) / (a.pairs / 8),
        "reference": reference,
        "build": made - began,
        "train": trained - made,
        "first_loss": clock.losses[0] if clock.losses else None,
        "last_loss": clock.losses[-1] if clock.losses else None,
        "tokens": trainer.state.num_input_tokens_seen or getattr(trainer, "_total_train_tokens", 0),
        "config": {k: v for k, v in settings(a).items() if k != "output_dir"},
    }
    print("\n" + json.dumps(found, default=str), flush=True)


def _time_precompute(kind: Any) -> None:
    """Time TRL's own precomputation from outside."""
    inner = kind._precompute_ref_logps

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return inner(*args, **kwargs)
        finally:
            SPENT["reference"] = SPENT.get("reference", 0.0) + time.perf_counter() - began

    kind._precompute_ref_logps = timed


if __name__ == "__main__":
    _time_precompute(trl.DPOTrainer)
    _time_precompute(trl.KTOTrainer)
    main()
