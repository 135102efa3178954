"""The quickstart's claim, held against its own numbers.

    python tools/prove_quickstart.py FOLDER [SEED ...]      (seeds 0 1 2 where none is named)

runs `plumbline quickstart` for each seed into FOLDER/seed-N and asserts, on held-out things and
phrasings, that DPO's and KTO's gold value is above SFT's (the paired 95 % interval excludes 0) and
that DPO on shuffled rankings gains less than a quarter of what DPO gains. Prints a line a seed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from plumbline.recipe.quickstart import run

SHARE = 0.25


def prove(folder: Path, seed: int) -> str:
    began = time.monotonic()
    page = run(folder / f"seed-{seed}", seed)
    metrics = json.loads((page.parent / "results.json").read_text("utf-8"))["metrics"]
    gains = {name: metrics[f"gold.{name}-sft"] for name in ("dpo", "kto", "ppo", "control")}
    for name in ("dpo", "kto", "ppo"):
        assert gains[name]["low"] > 0, f"seed {seed}: {name} shows no gain: {gains[name]}"
    control, real = gains["control"]["value"], gains["dpo"]["value"]
    assert control < SHARE * real, f"seed {seed}: the control gains {control}, DPO {real}"
    shown = "  ".join(
        f"{name} {g['value']:+.2f} [{g['low']:+.2f}, {g['high']:+.2f}]" for name, g in gains.items()
    )
    return (
        f"seed {seed}: over SFT  {shown}  n={gains['dpo']['n']}  {time.monotonic() - began:.0f} s"
    )


def main(folder: str, *seeds: str) -> None:
    for seed in seeds or ("0", "1", "2"):
        print(prove(Path(folder), int(seed)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
