"""The base model's recipe, very small: all parts run in turn, and what it makes can be shipped."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from plumbline.core.errors import UserError
from plumbline.microcosm.corpus import PARTS
from plumbline.recipe.base import microcosm_base
from plumbline.recipe.run import run_recipe
from plumbline.store import Store, silent

TOOL: Any = runpy.run_path(str(Path(__file__).resolve().parents[2] / "tools" / "ship_base.py"))
SCALE = 0.001
ROUNDED = 2.0**-10
"""Half precision keeps eleven bits."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("base") / "store")
    run_recipe(microcosm_base, None, [f"scale={SCALE}"], made, silent)
    return made


def results(store: Store, part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (store.path(f"microcosm_base/{part}") / "results.json").read_text("utf-8")
    )
    return found


def test_every_part_is_read_in_its_share(store: Store) -> None:
    tokens = {part: results(store, part)["tokens"] for part in PARTS}
    assert sum(tokens.values()) == pytest.approx(SCALE * sum(PARTS.values()) * 1e6, rel=0.1)
    assert tokens["more"] > tokens["mix"] > tokens["rules"] > tokens["checks"] > 0


def test_the_rate_falls_in_later_parts_alone(store: Store) -> None:
    def rates(part: str) -> list[float]:
        lines = (store.path(f"microcosm_base/{part}") / "metrics.jsonl").read_text().splitlines()
        return [row["lr"] for row in map(json.loads, lines) if "lr" in row]

    # A part of a step of warm-up and one more has no fall to see: so small is this run.
    seen = [part for part in PARTS if len(rates(part)) >= 3]
    assert {"mix", "last"} & set(seen) and len(seen) > len(PARTS) / 2
    for part in seen:
        falls = rates(part)[-1] < 0.5 * max(rates(part))
        assert falls == (part in ("more", "rest", "open", "untagged", "wide", "last")), part
    assert max(rates("mix")) == pytest.approx(4e-4)


def test_what_is_shipped_is_the_trained_model_rounded(store: Store, tmp_path: Path) -> None:
    record = TOOL["ship"](store, tmp_path / "base", "microcosm_base/last")
    trained = AutoModelForCausalLM.from_pretrained(store.path("microcosm_base/last"))
    shipped = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    for (name, mine), theirs in zip(trained.named_parameters(), shipped.parameters(), strict=True):
        assert torch.allclose(mine, theirs, rtol=ROUNDED, atol=1e-7), name
    assert record["parameters"] == trained.num_parameters()
    assert record["tokens"] == sum(results(store, part)["tokens"] for part in PARTS)
    assert json.loads((tmp_path / "base" / "record.json").read_text()) == record
    assert record["went_on"] == ""
    assert (tmp_path / "base" / "model.safetensors").stat().st_size < 16_000_000
    ids = AutoTokenizer.from_pretrained(tmp_path / "base")("Notes: Kebu has red leaves.").input_ids
    assert shipped(torch.tensor([ids])).logits.shape[1] == len(ids)


def test_training_that_goes_on_from_a_base_tells_of_the_parts_before(
    store: Store, tmp_path: Path
) -> None:
    """The rest of the recipe behind a part, from the folder of a base that has read up to it."""
    before = TOOL["ship"](store, tmp_path / "base", "microcosm_base/wide")
    other = Store(tmp_path / "store")
    sets = ["after=wide", f"base={tmp_path / 'base'}", f"scale={SCALE}"]
    run_recipe(microcosm_base, None, sets, other, silent)
    record = TOOL["ship"](other, tmp_path / "base", "microcosm_base/last")
    assert record["went_on"] == "after wide, from weights stored in float16"
    assert {k: v for k, v in record["parts"].items() if k != "last"} == {
        k: v for k, v in before["parts"].items() if k != "last"
    }
    with pytest.raises(UserError, match="did you mean 'wide'"):
        run_recipe(microcosm_base, None, ["after=wid"], other, silent)


def test_weights_too_large_for_half_precision_are_refused(store: Store, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "huge"
    folder.mkdir()
    source = store.path("microcosm_base/last")
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] = weights["model.norm.weight"] * 1e6
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    class Other(Store):
        def path(self, name: str) -> Path:
            return folder

    with pytest.raises(UserError, match="does not fit float16"):
        TOOL["ship"](Other(store.root), tmp_path / "out", "microcosm_base/last")
    assert not (tmp_path / "out").exists()
