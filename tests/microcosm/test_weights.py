"""The weights to begin with look back and match names before they learn; random ones do not.

Tested on attention itself: over notes on three names, where does a head look from a question?
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3ForCausalLM

from plumbline.microcosm.tokenizer import write_model
from plumbline.microcosm.weights import DISTANCES
from plumbline.microcosm.world import draw_name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("laid"), seed=0)


@pytest.fixture(scope="module")
def laid(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()


@pytest.fixture(scope="module")
def plain(laid: Any) -> Any:
    torch.manual_seed(0)
    return Qwen3ForCausalLM._from_config(laid.config, attn_implementation="eager").eval()


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(folder)


def looks(model: Any, ids: list[int]) -> list[Any]:
    """Attention by layer, each (heads, from, to)."""
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_attentions=True)
    return [layer[0] for layer in out.attentions]


def names(seed: int) -> list[str]:
    rng = random.Random(f"weights/{seed}")
    return [draw_name(rng) for _ in range(3)]


def back(model: Any, tokenizer: Any) -> list[int]:
    """How far back each head of layer 0 looks most, of the last 10 tokens, in tokens."""
    rng = random.Random(0)
    text = "Notes: " + " ".join(f"{draw_name(rng)} has red leaves." for _ in range(8))
    attention = looks(model, tokenizer(text).input_ids)[0]
    end = attention.shape[-1]
    rows = range(end - 10, end)
    near = torch.stack([attention[:, row, row - 20 : row + 1].flip(-1) for row in rows])
    return near.mean(0).argmax(-1).tolist()


def test_each_head_of_the_first_layer_looks_back_its_own_distance(
    laid: Any, plain: Any, tokenizer: Any
) -> None:
    wanted = pytest.approx(DISTANCES, abs=1)
    assert back(laid, tokenizer) == wanted
    assert back(plain, tokenizer) != wanted


def found(model: Any, tokenizer: Any, n: int = 40) -> float:
    """How often the head that does it best looks from a name's end to the same name in the notes
    more than to the others."""
    right: Any = 0
    for seed in range(n):
        who = names(seed)
        asked = seed % 3
        text = "Notes: " + " ".join(f"{name} has red leaves." for name in who)
        start = tokenizer(text).input_ids
        spans = [tokenizer(f" {name}", add_special_tokens=False).input_ids for name in who]
        ids = start + tokenizer(" Question: What leaves has", add_special_tokens=False).input_ids
        ids = ids + spans[asked]
        ends = [end_of(ids, span) for span in spans]
        row = torch.stack([layer[:, -1] for layer in looks(model, ids)[1:3]]).flatten(0, 1)
        to = torch.stack([row[:, end - 1 : end + 2].sum(-1) for end in ends], -1)
        right = right + (to.argmax(-1) == asked).float()
    return float((right / n).max())


def end_of(ids: list[int], span: list[int]) -> int:
    """The place of the last token of the first occurrence of a span."""
    starts = (i for i in range(len(ids)) if ids[i : i + len(span)] == span)
    return next(starts) + len(span) - 1


def test_a_head_finds_the_same_name_before(laid: Any, plain: Any, tokenizer: Any) -> None:
    assert found(laid, tokenizer) > 0.8
    assert found(plain, tokenizer) < 0.7


def test_the_same_seed_gives_the_same_weights(tmp_path: Path, folder: Path) -> None:
    again = write_model(tmp_path / "again", seed=0)
    other = write_model(tmp_path / "other", seed=1)
    first = (folder / "model.safetensors").read_bytes()
    assert (again / "model.safetensors").read_bytes() == first
    assert (other / "model.safetensors").read_bytes() != first
