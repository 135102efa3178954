"""Bad input through the command line: what, where, remedy; exit code 2; no trace left.

Each case spoils one thing in a folder that otherwise trains, and compares every byte of the folder
before and after.
"""

from __future__ import annotations

import gzip
import json
import resource
import shlex
from pathlib import Path

import pytest
from small_inputs import Run, pair, refuse, tree, write_rows

TRAIN = shlex.split("train dpo --model model --data pairs.jsonl --out out --set steps=2")


def on(data: str) -> list[str]:
    """The same command with another file."""
    return [data if word == "pairs.jsonl" else word for word in TRAIN]


def spoil_line(place: Path, line: int, text: str) -> None:
    """Replace one line (from 1) of pairs.jsonl."""
    lines = (place / "pairs.jsonl").read_text().splitlines()
    lines[line - 1] = text
    (place / "pairs.jsonl").write_text("\n".join(lines) + "\n")


def test_truncated_gzip(place: Path, plumbline: Run) -> None:
    whole = gzip.compress((place / "pairs.jsonl").read_bytes())
    (place / "pairs.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    said = refuse(plumbline, place, *on("pairs.jsonl.gz"))
    assert "pairs.jsonl.gz" in said


def test_half_a_line(place: Path, plumbline: Run) -> None:
    spoil_line(place, 7, '{"prompt": "Say som')
    said = refuse(plumbline, place, *TRAIN)
    assert "pairs.jsonl:7" in said and "--on-bad-row drop" in said


def test_half_a_line_dropped_on_request(place: Path, plumbline: Run) -> None:
    spoil_line(place, 7, '{"prompt": "Say som')
    code, said, _ = plumbline(*TRAIN, "--on-bad-row", "drop")
    assert code == 0 and "1 rows that do not parse were dropped" in said


def test_wrong_columns(place: Path, plumbline: Run) -> None:
    rows = [{"prompt": "a", "choosen": "b", "rejected": "c"}] * 3
    write_rows(place / "pairs.jsonl", rows)
    said = refuse(plumbline, place, *TRAIN)
    assert "choosen" in said and "prompt, chosen, rejected" in said and "pairs.jsonl" in said


def test_empty_completion(place: Path, plumbline: Run) -> None:
    spoil_line(place, 5, json.dumps({**pair(5), "chosen": ""}))
    said = refuse(plumbline, place, *TRAIN)
    assert "pairs.jsonl:5" in said and "empty" in said


def test_answer_longer_than_the_context(place: Path, plumbline: Run) -> None:
    """An answer that does not fit is lost, and one of 40 is no more than may be lost; two are."""
    for line in (3, 9, 12):
        spoil_line(place, line, json.dumps({**pair(line), "chosen": "long " * 100}))
    said = refuse(plumbline, place, *TRAIN)
    assert "pairs.jsonl:3" in said and "length.max_lost" in said


def test_prompt_longer_than_the_context(place: Path, plumbline: Run) -> None:
    spoil_line(place, 4, json.dumps({**pair(4), "prompt": "word " * 100}))
    said = refuse(plumbline, place, *TRAIN, "--set", "length.over=error")
    assert "pairs.jsonl:4" in said and "256" in said


def test_model_without_tokenizer(place: Path, plumbline: Run) -> None:
    for file in (place / "model").glob("tokenizer*"):
        file.unlink()
    assert "tokenizer" in refuse(plumbline, place, *TRAIN)


def test_tokenizer_beyond_the_vocabulary(place: Path, plumbline: Run) -> None:
    """The tokenizer gives ids that the embedding has no row for."""
    from transformers import AutoConfig, LlamaForCausalLM

    config = AutoConfig.from_pretrained(place / "model")
    config.vocab_size = 100
    LlamaForCausalLM(config).save_pretrained(place / "model")
    said = refuse(plumbline, place, *TRAIN)
    assert "100" in said and "vocabulary" in said


def test_nan_weights(place: Path, plumbline: Run) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(place / "model" / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"][0, 0] = float("nan")
    save_file(weights, place / "model" / "model.safetensors", {"format": "pt"})
    said = refuse(plumbline, place, *TRAIN)
    assert "model.layers.1.mlp.up_proj" in said and "nan" in said.lower()


def test_unknown_setting(place: Path, plumbline: Run) -> None:
    said = refuse(plumbline, place, *TRAIN, "--set", "lenght.max=64")
    assert "lenght.max" in said and "did you mean" in said and "length" in said


def test_setting_of_the_wrong_type(place: Path, plumbline: Run) -> None:
    said = refuse(plumbline, place, *TRAIN, "--set", "batch=many")
    assert "batch" in said and "many" in said


def test_unknown_objective(place: Path, plumbline: Run) -> None:
    args = ["train", "dpoo", *TRAIN[2:]]
    assert "did you mean 'dpo'" in refuse(plumbline, place, *args)


@pytest.mark.parametrize("name", ["no/such/folder/at/all", "pairs.jsonl", "."])
def test_no_model(name: str, place: Path, plumbline: Run) -> None:
    assert name.split("/")[0] in refuse(plumbline, place, *TRAIN, "--model", name)


def test_no_data(place: Path, plumbline: Run) -> None:
    assert "gone.jsonl" in refuse(plumbline, place, *on("gone.jsonl"))


def test_foreign_output_folder(place: Path, plumbline: Run) -> None:
    (place / "out").mkdir()
    (place / "out" / "thesis.txt").write_text("years of work")
    assert "out" in refuse(plumbline, place, *TRAIN)


def test_output_of_another_run(place: Path, plumbline: Run) -> None:
    assert plumbline(*TRAIN)[0] == 0
    said = refuse(plumbline, place, *TRAIN, "--set", "seed=5")
    assert "seed" in said
    before = tree(place / "out")
    code, said, _ = plumbline(*TRAIN)
    assert code == 0 and "finished" in said and tree(place / "out") == before


def test_full_disk(place: Path, plumbline: Run) -> None:
    """No file may grow beyond 20 kB: the run ends with a message, and with room it finishes."""
    before = tree(place)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        code, _, said = plumbline(*TRAIN, "--adapter", "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 2 and "disk is full" in said and "\n  -> " in said, said
    after = tree(place)
    assert {name: after[name] for name in before} == before
    halves = {p.name for p in place.rglob("*") if p.is_file() and 0 < p.stat().st_size == 20_000}
    assert not halves
    assert plumbline(*TRAIN, "--adapter", "full")[0] == 0
