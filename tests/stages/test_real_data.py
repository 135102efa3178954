"""Real comparisons and real small models: every command ends in a folder plain libraries load."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

from plumbline.core.views import view
from plumbline.data import read
from plumbline.stages.answering import Answerer
from plumbline.stages.command import train
from plumbline.stages.rl_command import rl

ROWS = 120


@pytest.fixture(scope="module")
def some(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first comparisons of hh-rlhf, short enough for these models."""
    source = shared / "data" / "hh-rlhf" / "harmless-base" / "test.jsonl.gz"
    with gzip.open(source, "rt", encoding="utf-8") as file:
        lines = [line for line in file if len(line) < 1500][:ROWS]
    path = tmp_path_factory.mktemp("real") / "some.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def trained(objective: str, model: Path, data: Path, folder: Path, adapter: str = "lora") -> Path:
    sets = {"steps": 3, "max_unusable": 0.1, "eval.fraction": 0.2, "precision": "fp32"}
    out = folder / objective
    return train(
        objective, str(model), str(data), out, adapter=adapter, sets=sets, store=folder / "store",
        say=lambda line: None,
    )  # fmt: skip


@pytest.mark.parametrize("objective", ["sft", "reward", "dpo", "kto", "ipo", "simpo", "orpo"])
def test_every_objective_ends_with_held_out_numbers(
    objective: str, shared: Path, some: Path, tmp_path: Path
) -> None:
    out = trained(objective, shared / "models" / "stories260k", some, tmp_path)
    results = json.loads((out / "results.json").read_text())
    assert results["path"] == "forest"
    for name in ("heldout_loss", "heldout_accuracy"):
        found = results["metrics"][name]
        assert found["low"] <= found["value"] <= found["high"] and found["n"] > 5
    assert (out / "metrics.jsonl").read_text().count("\n") == 3
    assert (out / "record.json").is_file() and (out / "adapter_model.safetensors").is_file()
    assert not (out / "checkpoint").exists()


def test_the_first_dpo_loss_is_log_2(shared: Path, some: Path, tmp_path: Path) -> None:
    out = trained("dpo", shared / "models" / "english5m", some, tmp_path)
    first = json.loads((out / "metrics.jsonl").read_text().split("\n")[0])
    assert abs(first["loss"] - 0.6931471805599453) < 1e-6
    assert first["margin"] == 0


def test_a_full_model_says_the_same_in_plain_transformers(
    shared: Path, some: Path, tmp_path: Path
) -> None:
    """20 real rows: log-probabilities of the answers, ours against a plain forward pass."""
    from transformers import AutoModelForCausalLM

    out = trained("orpo", shared / "models" / "stories260k", some, tmp_path, adapter="full")
    plain = AutoModelForCausalLM.from_pretrained(out).float().eval()
    answerer = Answerer(out, precision="fp32")
    rendered = answerer.renderer.render_all(view("pairs", read(some).judgements).examples)
    fitting = [one for one in rendered if one.tree.longest() <= answerer.context][:10]
    measured = answerer.measured([one.example for one in fitting])
    ours = [value for one in measured for value, _ in one or []]
    theirs = []
    for tree in (one.tree for one in fitting):
        for ids, mask in zip(tree.completions, tree.trained, strict=True):
            whole = torch.tensor([*tree.prompt.tolist(), *ids.tolist()])[None]
            with torch.no_grad():
                logp = torch.log_softmax(plain(whole).logits[0, :-1], -1)
            picked = logp.gather(1, whole[0, 1:, None])[len(tree.prompt) - 1 :, 0]
            theirs.append(float(picked[torch.from_numpy(mask)].sum()))
    assert len(ours) == len(theirs) == 20
    assert all(abs(a - b) <= 1e-5 * abs(b) for a, b in zip(ours, theirs, strict=True))


def test_real_prompts_a_learnt_reward_and_a_rule(
    shared: Path, some: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Online, from a reward model of real comparisons and a rule; bad rows are said."""
    model = str(shared / "models" / "english5m")
    judge = trained("reward", Path(model), some, tmp_path)
    mixed = tmp_path / "asked.jsonl"
    odd = json.dumps({"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: c"})
    mixed.write_text(some.read_text() + odd + "\n", encoding="utf-8")
    sets = {
        "iterations": 2, "prompts": 4, "draw.n": 2, "draw.max_new": 12, "heldout.most": 8,
        "reward.weights": (1.0, 0.5), "precision": "fp32",
    }  # fmt: skip
    out = rl(
        "rloo", model, [str(judge), "rules:ended"], str(mixed), tmp_path / "online", sets=sets,
        on_bad_row="drop", store=tmp_path / "store",
    )  # fmt: skip
    results = json.loads((out / "results.json").read_text())
    found = results["metrics"]
    assert {"reward", "reward.reward", "reward.rules:ended", "kl"} <= found.keys()
    whole = found["reward.reward"]["value"] + 0.5 * found["reward.rules:ended"]["value"]
    assert abs(found["reward"]["value"] - whole) < 1e-5 and found["reward"]["n"] == 8
    assert "dropped 1: " in capsys.readouterr().out
