"""`plumbline train`, `sample`, `evaluate` and `report` from end to end on a tiny random model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from small_inputs import Run, pair, write_rows

from plumbline.objectives import ALIASES, TABLE

QUICK = ["--set", "steps=2", "--set", "eval.fraction=0.3"]


ONLINE = {name for name, entry in TABLE.items() if entry.view == "samples"}


@pytest.mark.parametrize("objective", sorted({*TABLE, *ALIASES} - ONLINE - {"distill"}))
def test_every_objective_trains(objective: str, place: Path, plumbline: Run) -> None:
    args = ("train", objective, "--model", "model", "--data", "pairs.jsonl", "--out", "out")
    code, said, err = plumbline(*args, *QUICK)
    assert code == 0, err
    results = json.loads((place / "out" / "results.json").read_text())
    assert results["metrics"]["heldout_loss"]["n"] > 0
    assert {"load", "train", "evaluate", "save"} <= set(results["seconds"])
    assert (place / "out" / "adapter_config.json").is_file() and "heldout_loss" in said


@pytest.mark.parametrize("objective", sorted(ONLINE))
def test_what_learns_from_its_own_answers_is_sent_to_rl(
    objective: str, place: Path, plumbline: Run
) -> None:
    args = ("train", objective, "--model", "model", "--data", "pairs.jsonl", "--out", "out")
    code, _, err = plumbline(*args)
    assert code == 2 and f"plumbline rl {objective}" in err and not (place / "out").exists()


def test_online_training_on_the_command_line(place: Path, plumbline: Run) -> None:
    """A reward model and a rule, with LoRA; then finished, other settings, and what is missing."""
    made = ("--model", "model", "--data", "pairs.jsonl", *QUICK)
    assert plumbline("train", "reward", *made, "--out", "rm")[0] == 0
    asked = ("--model", "model", "--reward", "rm", "--reward", "rules:length=5")
    args = ("rl", "ppo", *asked, "--prompts", "pairs.jsonl", "--out", "out")
    quick = ("--set", "iterations=2", "--set", "prompts=3", "--set", "draw.max_new=6")
    code, said, err = plumbline(*args, *quick, "--set", "heldout.fraction=0.3")
    assert code == 0, err
    results = json.loads((place / "out" / "results.json").read_text())
    assert results["command"] == "rl ppo" and results["metrics"]["reward"]["n"] > 0
    assert "reward:" in said and (place / "out" / "adapter_config.json").is_file()
    code, said, _ = plumbline(*args, *quick, "--set", "heldout.fraction=0.3")
    assert code == 0 and "finished already" in said
    code, _, err = plumbline(*args, *quick, "--set", "kl.beta=0.5")
    assert code == 2 and "kl.beta" in err
    code, _, err = plumbline("rl", "ppo", "--model", "model")
    assert code == 2 and "--reward, --prompts, --out" in err
    code, _, err = plumbline("rl", "poo", *asked, "--prompts", "pairs.jsonl", "--out", "other")
    assert code == 2 and "did you mean 'ppo'" in err
    code, _, err = plumbline(*args[:-1], "other", "--set", "clp=0.1")
    assert code == 2 and "clip" in err and not (place / "other").exists()
    listed = plumbline("rl", "--list")[1]
    assert all(f"{name}: " in listed for name in ("ppo", "grpo", "rloo", "reinforce"))


def test_distill_learns_from_a_teacher(place: Path, plumbline: Run) -> None:
    args = ("train", "distill", "--model", "model", "--data", "pairs.jsonl", "--out", "out")
    code, _, err = plumbline(*args, *QUICK, "--set", "teacher=model")
    assert code == 0, err
    assert plumbline(*args[:-1], "other", *QUICK)[0] == 2


def test_from_training_to_a_report(place: Path, plumbline: Run) -> None:
    train = ("--data", "pairs.jsonl", *QUICK)
    assert plumbline("train", "sft", "--model", "model", "--out", "sft", *train)[0] == 0
    assert plumbline("train", "dpo", "--model", "sft", "--out", "dpo", *train)[0] == 0
    assert plumbline("train", "reward", "--model", "model", "--out", "rm", *train)[0] == 0
    for model in ("dpo", "rm"):
        out = ("--out", f"eval-{model}", "--suite", "preference:pairs.jsonl")
        code, said, err = plumbline("evaluate", "--model", model, *out)
        assert code == 0 and "preference_accuracy" in said, err
    code, said, err = plumbline("report", "sft", "dpo", "eval-dpo", "--out", "page.html")
    assert code == 0, err
    assert "page.html" in said and "<script" not in (place / "page.html").read_text()


def test_an_evaluation_is_not_repeated(place: Path, plumbline: Run) -> None:
    args = ("evaluate", "--model", "model", "--out", "e", "--suite", "perplexity:pairs.jsonl")
    assert plumbline(*args)[0] == 0
    before = (place / "e" / "samples.jsonl").read_bytes()
    code, said, _ = plumbline(*args)
    assert code == 0 and "finished already" in said
    assert (place / "e" / "samples.jsonl").read_bytes() == before
    assert plumbline(*args, "--set", "seed=1")[0] == 2


def test_perplexity_of_a_random_model_is_that_of_guessing(place: Path, plumbline: Run) -> None:
    """Documents longer than the context count whole; 258 tokens are about equally likely."""
    write_rows(place / "text.jsonl", [{"text": "The sun is up. " * 40}, {"text": "Good."}])
    args = ("evaluate", "--model", "model", "--out", "e", "--suite", "perplexity:text.jsonl")
    assert plumbline(*args)[0] == 0
    metrics = json.loads((place / "e" / "results.json").read_text())["metrics"]
    assert math.exp(metrics["nats_per_token"]["value"]) == pytest.approx(258, rel=0.1)


@pytest.mark.parametrize(
    ("suite", "words"),
    [
        ("golden", "did you mean 'gold'"),
        ("refusal", "refusal needs data"),
        ("gold", "speak the microcosm's language"),
        ("perplexity:gone.jsonl", "gone.jsonl"),
    ],
)
def test_wrong_suites(suite: str, words: str, place: Path, plumbline: Run) -> None:
    code, _, said = plumbline("evaluate", "--model", "model", "--out", "e", "--suite", suite)
    assert code == 2 and words in said and not (place / "e").exists()


def test_sample(place: Path, plumbline: Run) -> None:
    """Two answers a prompt, the same ones whatever else is asked."""
    write_rows(place / "p.jsonl", [{"prompt": pair(i)["prompt"]} for i in (1, 2, 3)])
    write_rows(place / "q.jsonl", [{"prompt": pair(i)["prompt"]} for i in (3,)])
    args = ("sample", "--model", "model", "--n", "2", "--set", "max_new=6")
    code, _, err = plumbline(*args, "--prompts", "p.jsonl", "--out", "a.jsonl")
    assert code == 0, err
    args = ("sample", "--model", "model", "--set", "n=2", "--set", "max_new=6")
    assert plumbline(*args, "--prompts", "q.jsonl", "--out", "b.jsonl")[0] == 0
    rows = [json.loads(line) for line in (place / "a.jsonl").read_text().splitlines()]
    alone = json.loads((place / "b.jsonl").read_text())
    assert len(rows) == 3 and rows[2]["ids"] == alone["ids"]
    for row in rows:
        assert len(row["responses"]) == 2 and row["ids"][0] != row["ids"][1]
        assert [len(ids) for ids in row["ids"]] == [len(logp) for logp in row["logprobs"]]
        assert all(value <= 0 for logp in row["logprobs"] for value in logp)


def test_a_long_prompt_is_cut_as_in_training(place: Path, plumbline: Run) -> None:
    write_rows(place / "p.jsonl", [{"prompt": "word " * 100}, {"prompt": "Why?"}])
    args = ("sample", "--model", "model", "--prompts", "p.jsonl", "--set", "max_new=6")
    code, said, err = plumbline(*args, "--out", "a.jsonl")
    assert code == 0 and "1 of them cut" in said, err
    rows = [json.loads(line) for line in (place / "a.jsonl").read_text().splitlines()]
    assert rows[0]["prompt"][0]["content"] == "word " * 100 and len(rows[0]["ids"][0]) > 0


def test_gold_of_a_model_that_has_learnt_nothing(place: Path, plumbline: Run) -> None:
    """Babble cannot be read, so every answer has the lowest value there is."""
    from plumbline.microcosm.gold import FLOOR
    from plumbline.microcosm.tokenizer import write_model

    write_model(place / "newborn")
    args = ("evaluate", "--model", "newborn", "--out", "e", "--suite", "gold")
    code, said, err = plumbline(*args, "--set", "items=4", "--set", "max_new=8")
    assert code == 0 and "gold.honest" in said, err
    metrics = json.loads((place / "e" / "results.json").read_text())["metrics"]
    assert metrics["gold"]["value"] == FLOOR and metrics["gold"]["n"] == 4
    assert len((place / "e" / "samples.jsonl").read_text().splitlines()) == 4
