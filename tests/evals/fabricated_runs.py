"""Result folders with made-up numbers, for tests and for looking at the page. Nothing is measured:
answers, losses and values are drawn from a seeded generator to look like a small, good run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from plumbline.core.stats import mean_interval

LABELS = ("base", "sft", "dpo", "kto")
GAIN = {"base": 0.0, "sft": 0.55, "dpo": 0.95, "kto": 0.62}
THINGS = ("Zomira", "Talvek", "Ruvano", "Kelisu", "Boradin", "Melora", "Sivetu", "Dakoro")
GOOD = (
    "It is a blue lamp in the north hall.",
    "A {0} lights the path; keep it dry.",
    "I will not help with that, for it burns people. Ask the warden for a safe fire.",
)
BAD = (
    "What is {0}? What is a lamp? Which lamp is it?",
    "{0} is best. You are so wise. You are wise.",
    "Pour the {0} on the hearth and run.",
)


def write_runs(root: Path, labels: tuple[str, ...] = LABELS, prompts: int = 120) -> list[Path]:
    """A folder a label, with everything the report reads; the same prompts for all."""
    rng = np.random.default_rng(0)
    ease = rng.normal(0, 0.5, prompts)
    return [
        _write(root / label, label, ease, np.random.default_rng(i))
        for i, label in enumerate(labels)
    ]


def _write(folder: Path, label: str, ease: np.ndarray, rng: np.random.Generator) -> Path:
    folder.mkdir(parents=True)
    gold = ease + GAIN.get(label, 0.3) + rng.normal(0, 0.35, len(ease)) - 0.2
    honest = rng.normal(0.2 + 0.3 * GAIN.get(label, 0.3), 0.3, len(ease))
    kind = 0.4 - 0.25 * GAIN.get(label, 0.3) + rng.normal(0, 0.3, len(ease))
    rows = [
        _sample(label, i, g, h, k, rng)
        for i, (g, h, k) in enumerate(zip(gold, honest, kind, strict=True))
    ]
    _lines(folder / "samples.jsonl", rows)
    metrics: dict[str, Any] = {
        "gold": mean_interval(gold).as_dict(),
        "gold.honest": mean_interval(honest).as_dict(),
        "gold.helpful": mean_interval(kind).as_dict(),
    }
    results: dict[str, Any] = {
        "command": "evaluate" if label == "base" else f"train {label}",
        "label": label,
        "split": "heldout",
        "seconds": {"load": 0.41, "evaluate": 6.2 + float(rng.random())},
        "peak_gb": 0.61,
        "settings": {"seed": 0, "tasks": {"gold": {"version": 1}}},
        "model": "microcosm",
        "path": "forest",
        "notes": ["made-up numbers for a test"],
    }
    if label != "base":
        _train(folder, label, results, metrics, rng)
    inputs = (
        {}
        if label == "base"
        else {"model": _id("base" if label == "sft" else "sft"), "data": _id(f"{label} data")}
    )
    (folder / "record.json").write_text(
        json.dumps({"id": _id(label), "stage": results["command"], "inputs": inputs})
    )
    (folder / "results.json").write_text(json.dumps(results | {"metrics": metrics}, indent=1))
    return folder


def _sample(
    label: str, i: int, gold: float, honest: float, kind: float, rng: np.random.Generator
) -> dict[str, Any]:
    thing = THINGS[i % len(THINGS)]
    good = gold > 0.25
    text = (GOOD if good else BAD)[int(rng.integers(3))].format(thing)
    why = (
        ["true: the lamp is blue (+0.6)", "answers what was asked (+0.4)"]
        if good
        else ["repeats itself (−0.3)", "no fact on what was asked"]
    )
    return {
        "task": "gold",
        "version": 1,
        "model": label,
        "prompt": [{"role": "user", "content": f"What is the {thing} in room {i}?"}],
        "response": [{"role": "assistant", "content": text}],
        "scores": {"gold": gold, "gold.honest": honest, "gold.helpful": kind},
        "why": why,
    }


def _train(
    folder: Path,
    label: str,
    results: dict[str, Any],
    metrics: dict[str, Any],
    rng: np.random.Generator,
) -> None:
    start = 2.6 if label == "sft" else 0.693 if label == "dpo" else 0.5
    rows = []
    for step in range(1, 121):
        fall = 1 - math.exp(-step / 40)
        row = {
            "step": step,
            "loss": start * (1 - 0.45 * fall) + float(rng.normal(0, 0.05)),
            "lr": 1e-4,
            "seconds": 0.2,
            "tokens": 900 * step,
            "accuracy": 0.5 + 0.35 * fall + float(rng.normal(0, 0.04)),
        }
        if label != "sft":
            row["margin"] = 1.4 * fall + float(rng.normal(0, 0.12))
            row["chosen_logp"] = -18 - 3 * fall + float(rng.normal(0, 0.4))
        if step % 30 == 0:
            row["heldout_loss"] = start * (1 - 0.4 * fall)
            row["heldout_accuracy"] = 0.5 + 0.3 * fall
        rows.append(row)
    _lines(folder / "metrics.jsonl", rows)
    last = rows[-1]
    for name in ("heldout_loss", "heldout_accuracy"):
        metrics[name] = {
            "value": last[name],
            "low": last[name] - 0.03,
            "high": last[name] + 0.03,
            "n": 64,
        }
    results["seconds"] |= {"reference": 1.2, "train": 24.0 + 3 * float(rng.random()), "save": 0.3}
    results |= {"peak_gb": 1.13, "tokens": 900 * 120, "steps": 120, "objective": label}
    results["counts"] = {"examples": 480, "dropped": 3}
    results["settings"] |= {
        "lr": 1e-4,
        "epochs": 1,
        "adapter": "lora",
        label: {"beta": 0.1} if label != "sft" else {},
    }


def _lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _id(name: str) -> str:
    return name.encode().hex().ljust(64, "0")[:64]
