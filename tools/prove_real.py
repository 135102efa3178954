"""Online training on real input: hh-rlhf's prompts, a reward model trained on hh-rlhf, and a rule.

    python tools/prove_real.py COMPARISONS MODEL FOLDER [--methods ppo,grpo,rloo,reinforce]

COMPARISONS is a file like hh-rlhf's harmless-base/test.jsonl.gz, MODEL a small base model's folder.
The file is cut in two by the first question. On the first half: SFT on the preferred answers, and a
reward model, which is what RL is given, with the rule that an answer should come to an end. On the
second half: a reward model of other people's comparisons, only watched (weight 0), and the prompts
of RL. Runs the commands that a user would, shows each, skips what FOLDER has already, and prints
held-out means with 95 % intervals before and after, and what the models say.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
from pathlib import Path

from plumbline.core.heldout import position

COLUMNS = (
    "reward",
    "reward.chased",
    "reward.watched",
    "reward.rules:ended",
    "kl",
    "length",
    "ended",
)

FULL = ("--adapter", "full", "--set", "lr=2e-4")
"""Of a thousand comparisons a low-rank adapter of so small a model learns nothing in one epoch."""


def halves(comparisons: Path, folder: Path) -> tuple[Path, Path]:
    """The file's rows in two, all rows with the same first question on one side."""
    opened = gzip.open if comparisons.suffix == ".gz" else open
    with opened(comparisons, "rt", encoding="utf-8") as file:
        rows = [line for line in file if line.strip()]
    first, second = folder / "first.jsonl", folder / "second.jsonl"
    for path, side in ((first, 0), (second, 1)):
        path.write_text("".join(row for row in rows if _side(row) == side), "utf-8")
    return first, second


def _side(row: str) -> int:
    question = json.loads(row)["chosen"].split("\n\nAssistant:")[0]
    return int(position(question) >= 0.5)


def command(out: Path, *words: object) -> Path:
    """A command of plumbline, unless its output is there."""
    if not (out / "results.json").exists():
        given = ["plumbline", *map(str, words), "--out", str(out)]
        print("$", *given, flush=True)
        module = [sys.executable, "-c", "from plumbline.cli.main import main; main()"]
        subprocess.run([*module, *given[1:]], check=True, stdout=subprocess.DEVNULL)
    return out


def prove(comparisons: Path, model: Path, folder: Path, methods: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    first, second = halves(comparisons, folder)
    bad = ("--on-bad-row", "drop", "--merge")
    sft = command(folder / "sft", "train", "sft", "--model", model, "--data", first, *bad)
    judges = [
        command(folder / name, "train", "reward", "--model", sft, "--data", half, *bad, *FULL)
        for name, half in (("chased", first), ("watched", second))
    ]
    for judge in judges:
        told = json.loads((judge / "results.json").read_text("utf-8"))
        print(f"{judge.name}: accuracy {_shown(told['metrics']['heldout_accuracy'])}")
    for name in methods:
        out = command(
            folder / name, "rl", name, "--model", sft, "--prompts", second,
            "--reward", judges[0], "--reward", judges[1], "--reward", "rules:ended",
            "--set", "reward.weights=1,0,0.5", "--set", "draw.max_new=64", "--set", "draw.n=4",
            "--set", "iterations=40", "--set", "prompts=16", "--set", "kl.target=4",
            "--set", "kl.horizon=400", "--set", "heldout.most=100",
        )  # fmt: skip
        told = json.loads((out / "results.json").read_text("utf-8"))
        print(f"{name}: {told['seconds']['train']:.0f} s, {told['steps']} iterations")
        for column in COLUMNS:
            before, after = (_shown(told[at][column]) for at in ("before", "metrics"))
            print(f"    {column:18s} {before} -> {after}")


def _shown(one: dict[str, float]) -> str:
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("comparisons", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--methods", default="ppo,grpo,rloo,reinforce")
    given = parser.parse_args()
    prove(given.comparisons, given.model, given.folder, given.methods.split(","))


if __name__ == "__main__":
    main()
