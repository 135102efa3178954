"""Put the base model that `make microcosm-base` made into the package, rounded to half precision.

    python tools/ship_base.py [--store DIR] [--out DIR] [--ref NAME]

Writes the folder of NAME (`microcosm_base/last`, the last part's) into DIR, its weights in
float16, and a record.json that says of each part of the training what its stage measured. DIR is
`src/plumbline/microcosm/base`. Parts that the store does not have (a recipe run with `after=PART`)
are told as the record of the base says that training went on from. Weights are held in float32
wherever they are used. Measure what is written (`make microcosm-report`), not what was trained.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from plumbline.cli.main import bad_input
from plumbline.core.atomic import write_text
from plumbline.core.errors import UserError
from plumbline.microcosm import base_path
from plumbline.microcosm.corpus import PARTS
from plumbline.store import Store, find_store

FILES = (
    "chat_template.jinja", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
)  # fmt: skip
DTYPE = "float16"


def ship(store: Store, out: Path, ref: str) -> dict[str, Any]:
    """Write the model of a ref into `out`; its record."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = store.path(ref)
    weights = load_file(folder / "model.safetensors")
    rounded = {name: tensor.to(getattr(torch, DTYPE)) for name, tensor in weights.items()}
    for name, tensor in rounded.items():
        if not bool(torch.isfinite(tensor).all()):
            raise UserError(f"{name} does not fit {DTYPE}", where=str(folder), fix="ship float32")
    out.mkdir(parents=True, exist_ok=True)
    save_file(rounded, out / "model.safetensors", metadata={"format": "pt"})
    for name in FILES:
        shutil.copyfile(folder / name, out / name)
    config = json.loads((folder / "config.json").read_text("utf-8")) | {"dtype": DTYPE}
    write_text(out / "config.json", json.dumps(config, indent=2) + "\n")
    parameters = sum(t.numel() for t in rounded.values())
    record = _record(store, ref.partition("/")[0], parameters, out / "record.json")
    write_text(out / "record.json", json.dumps(record, indent=2) + "\n")
    return record


def _record(store: Store, recipe: str, parameters: int, before: Path) -> dict[str, Any]:
    known = json.loads(before.read_text("utf-8"))["parts"] if before.exists() else {}
    made = set(store.refs())
    parts = {
        part: _part(store.path(f"{recipe}/{part}")) if f"{recipe}/{part}" in made else known[part]
        for part in PARTS
    }
    gone_on = [part for part in PARTS if f"{recipe}/{part}" not in made]
    return {
        "what": "the microcosm's base model",
        "recipe": "recipes/microcosm_base.py with its defaults",
        "went_on": f"after {gone_on[-1]}, from weights stored in {DTYPE}" if gone_on else "",
        "tokens": sum(part["tokens"] for part in parts.values()),
        "seconds": round(sum(part["seconds"] for part in parts.values())),
        "parameters": parameters,
        "dtype": f"trained in float32, stored in {DTYPE}",
        "parts": parts,
        "versions": {name: version(name) for name in ("torch", "transformers")},
        "made": date.today().isoformat(),
    }


def _part(folder: Path) -> dict[str, Any]:
    """Of one part's training: documents, tokens read and learnt from, steps, seconds."""
    results = json.loads((folder / "results.json").read_text("utf-8"))
    return {
        "documents": results["counts"]["train"],
        "tokens": results["tokens"],
        "trained_tokens": results["counts"]["trained_tokens"],
        "steps": results["steps"],
        "seconds": round(results["seconds"]["train"]),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Put the trained base model into the package.")
    parser.add_argument("--store", default=None, help="the store the recipe ran in")
    parser.add_argument("--out", type=Path, default=base_path())
    parser.add_argument("--ref", default="microcosm_base/last")
    given = parser.parse_args(argv)
    try:
        print(json.dumps(ship(find_store(given.store), given.out, given.ref), indent=2))
    except UserError as problem:
        return bad_input(problem)
    return 0


if __name__ == "__main__":
    sys.exit(main())
